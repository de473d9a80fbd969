#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/model/error.h"
#include "headrace/model/exact_decimal.h"

namespace headrace {

enum class FieldMode { kNullable, kRequired, kRepeated };

/// "NULLABLE", "REQUIRED", "REPEATED".
std::string_view FieldModeName(FieldMode mode);

/// A column of a BigQuery table, or a field of a RECORD in it: what headrace decides and compares
/// of the service's TableFieldSchema [1]. A value.
///
///   [1] cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema
struct TableField {
  std::string name;
  std::string type;  ///< As CanonicalTypeName has it.
  FieldMode mode = FieldMode::kNullable;
  std::string description;

  /// Of NUMERIC and BIGNUMERIC. In a table: what the column declares; none: all that its type
  /// holds. In a run: what its values have. It is never declared: the service stores a value that
  /// has more digits behind the point rounded, and refuses one with more before it [2], so that a
  /// source whose column becomes wider would fail on every night until somebody alters the table,
  /// and nothing is smaller for it.
  ///
  ///   [2]
  ///   cloud.google.com/bigquery/docs/reference/standard-sql/data-types#parameterized_decimal_type
  std::optional<DecimalShape> digits;

  std::optional<int64_t> max_length;  ///< Of STRING and BYTES in a table that declares it. A run
                                      ///< declares none; a longer value fails the load job.
  std::vector<TableField> fields;     ///< Of a RECORD, in their order.
};

/// The one name of a type that has several: INTEGER for INT64, FLOAT for FLOAT64, BOOL for BOOLEAN,
/// RECORD for STRUCT, and the short names of decimals that SQL has. Other types in capitals.
std::string CanonicalTypeName(std::string_view type);

/// TableFieldSchema: name, type and mode always, `description` and `fields` where there are any.
nlohmann::json ToJson(const TableField& field);

/// The columns of a table's `schema` as tables.get answers it; none where the table has none yet.
/// Keys that headrace does not decide are left out. An error of class permanent where a key has
/// another type than the service documents.
arrow::Result<std::vector<TableField>> TableFieldsFromJson(const nlohmann::json& schema);

/// For people: `INTEGER REQUIRED`, `NUMERIC(12,2)`, `RECORD<x: INTEGER, tags: STRING REPEATED>`.
std::string TypeText(const TableField& field);

/// `path.name`, or `name` where `path` is empty: no name in BigQuery has a dot.
std::string FieldPath(std::string_view path, std::string_view name);

/// `path` as a line shows it: in quotes where it could be taken for something else, as the names
/// that the service calls flexible.
std::string PathText(std::string_view path);

}  // namespace headrace
