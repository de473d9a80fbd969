#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "headrace/destination/bigquery/table_field.h"
#include "headrace/model/error.h"

namespace headrace {

/// Reads the rows of a table back, as BigQuery lists them (tabledata.list), in the types that they
/// were staged in: so that their checksum (model/checksum.h) can be compared with that of what was
/// staged. A page is JSON [1]:
///
///   {"totalRows": "2", "rows": [{"f": [{"v": "1"}, {"v": [{"v": "a"}]}, {"v": {"f": […]}}]}, …]}
///
/// Cells have no names: they stand in the order of the table's columns, those of a RECORD in the
/// order of its fields. An array is a list of cells. How other values are written: listed_value.h,
/// and decimals as model/exact_decimal.h reads them.
///
/// What does not come back as it was staged, though the checksum holds but for JSON:
///   - A NULL array is stored as an empty one, and is an empty list here. To the checksum the two
///     are equal.
///   - -0.0 is stored as 0 and a NaN as any NaN. The same.
///   - JSON and GEOGRAPHY are text in another form than the staged text.
///
/// Constant after Make, and so thread-safe. Copies share what they have.
///
///   [1] cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/list
class ListedRowsDecoder {
 public:
  /// `table`: all columns of the table in its order (TableFieldsFromJson); `staged`: those to
  /// decode, of types as column_types.h has them. Names are compared at every depth, capitals or
  /// not; what `staged` lacks is skipped. Errors of class permanent where the table lacks a column
  /// of `staged`, or has it with a type that cannot hold the staged one.
  static arrow::Result<ListedRowsDecoder> Make(const std::vector<TableField>& table,
                                               const arrow::Schema& staged);

  /// The rows of a page, as columns of `staged`; no rows where the page has none. Errors of class
  /// permanent name the row, from 1 in the page, and the column: a value that its type does not
  /// hold, NULL where `staged` has none, JSON of another form, another number of cells than the
  /// table had columns.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Decode(const nlohmann::json& page) const;

 private:
  struct Impl;
  explicit ListedRowsDecoder(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace headrace
