#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/transform/cast_rule.h"
#include "headrace/transform/unfit_error.h"
#include "headrace/transform/unfit_rows.h"

namespace headrace {

/// Casts one column of batch after batch; values that do not fit follow the column's policy.
/// Immutable: any number of threads.
class ColumnCast {
 public:
  /// Errors of class user if there is no cast from the read type to the type.
  static arrow::Result<ColumnCast> Make(const PlannedColumn& column);

  /// Adds how many values became NULL to `nulled`. Under another policy than kNull the first value
  /// that does not fit is an error of class permanent, which names column, value and row.
  ArrayResult Apply(const std::shared_ptr<arrow::Array>& values, const RowNameFunction& row_name,
                    int64_t& nulled) const;

 private:
  ColumnCast(const PlannedColumn& column, CastFunction cast, UnfitFunction unfit);

  /// The rows whose values do not fit, one at least; `reason`: what the cast of all values said.
  UnfitResult UnfitRows(const arrow::Array& values, const arrow::Status& reason) const;
  arrow::Status UnfitValue(const arrow::Array& values, int64_t row,
                           const RowNameFunction& row_name) const;

  std::string name_;
  std::shared_ptr<arrow::DataType> type_;
  OverflowPolicy policy_;
  CastFunction cast_;
  UnfitFunction unfit_;
};

}  // namespace headrace
