#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "headrace/destination/bigquery/column_types.h"
#include "headrace/destination/bigquery/table_field.h"

namespace headrace {

/// How the columns of a run differ from those of the table that it loads: what `on_schema_change`
/// is about. Columns are the same by name, capitals or not; fields of a RECORD are compared one by
/// one, and their paths are the table's, `address.zip`. Order does not count: a load job goes by
/// names [1].
///
///   [1] cloud.google.com/bigquery/docs/managing-table-schemas
struct SchemaChange {
  /// The run has it and the table has not.
  struct Added {
    std::string parent;  ///< Path of the RECORD that it would come into; empty: a column.
    TableField field;    ///< As the run has it. It comes into the table NULLABLE or REPEATED: no
                         ///< REQUIRED one can be added [1], since older rows have no value.
  };

  /// The table has it and the run has not: its new rows are NULL there.
  struct Missing {
    std::string path;
    TableField field;
  };

  /// Both have it, with another type: no load job changes that. A decimal of the table that
  /// declares fewer digits than the run's values have counts as one, because the service would
  /// round them without a word.
  struct Retyped {
    std::string path;
    TableField table;
    TableField run;
  };

  std::vector<Added> added;
  std::vector<Missing> missing;
  std::vector<Retyped> retyped;

  /// REQUIRED in the table, but the run may have NULL there, or nothing: only where they become
  /// NULLABLE can it be loaded.
  std::vector<Missing> relaxed;

  /// The table can be loaded as it is, and lacks nothing that the run has.
  bool empty() const {
    return added.empty() && missing.empty() && retyped.empty() && relaxed.empty();
  }

  /// Whether the columns that both have cannot be loaded into the table as it is; those that are
  /// relaxed can, as long as the run has no NULL there.
  bool needs_change_of_table() const { return !retyped.empty() || !relaxed.empty(); }
};

/// `table`: TableFieldsFromJson of what is there; `run`: the fields of ColumnsOf.
SchemaChange CompareSchemas(const std::vector<TableField>& table,
                            const std::vector<TableField>& run);

/// For people: a line for each difference, `- ` in front of what the table has and the run has not,
/// `+ ` in front of the other; empty where there is none. Each line begins with a line feed, as
/// those of the Parquet destination.
std::string ChangeText(const SchemaChange& change);

/// `table`, a TableSchema as the service has it, with what `change` adds and relaxes, and with all
/// else as it is: what tables.patch and a load job take where `on_schema_change: evolve`. What is
/// added comes last in its RECORD; what is retyped stays as the table has it.
nlohmann::json EvolvedSchema(const nlohmann::json& table, const SchemaChange& change);

/// `columns` as they are loaded into a table that has `table`, nothing of which is retyped: those
/// that the table has, and of their RECORDs the fields that it has, under its names and with its
/// descriptions. Each is NULLABLE or REQUIRED there, in `field` and in `staged`, as the table has
/// it: files that differ from the table are refused. A column that may be NULL in the output and is
/// REQUIRED in the table has to be looked through for NULLs before it is staged.
std::vector<BigQueryColumn> ColumnsForTable(const std::vector<BigQueryColumn>& columns,
                                            const std::vector<TableField>& table);

}  // namespace headrace
