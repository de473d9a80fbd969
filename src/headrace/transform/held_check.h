#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "headrace/model/held_values.h"
#include "headrace/model/table_plan.h"
#include "headrace/transform/cast_rule.h"
#include "headrace/transform/unfit_error.h"

namespace headrace {

/// Looks through one column of batch after batch, as the destination gets it, for values that its
/// column there does not hold (PlannedColumn::held); they follow the column's policy. Immutable:
/// any number of threads.
class HeldCheck {
 public:
  explicit HeldCheck(const PlannedColumn& column);

  /// `values` themselves where all are held. Under policy kNull each row's value that is not held,
  /// or has something inside that is not, is NULL and is added to `nulled`. Under another policy,
  /// and where the column holds no NULL, the first of them is an error of class permanent, which
  /// names column, value and row.
  ArrayResult Apply(const std::shared_ptr<arrow::Array>& values, const RowNameFunction& row_name,
                    int64_t& nulled) const;

 private:
  arrow::Status UnheldValue(const arrow::Array& values, int64_t row,
                            const RowNameFunction& row_name) const;
  std::string Advice(const NotHeld& value) const;

  std::string name_;
  HeldValues held_;
  OverflowPolicy policy_;
};

}  // namespace headrace
