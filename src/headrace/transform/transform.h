#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/type_name.h"  // ParseTypeName: types of the job file

namespace headrace {

/// Turns the batches that a session yields into those that the destination gets: rename, cast,
/// overflow policy of casts and of what the destination's columns hold, lineage columns. A plan
/// without casts, for columns that hold all values, costs nothing per row. One instance per thread.
class Transform {
 public:
  /// Errors of class user where a cast of the plan cannot be done at all.
  static arrow::Result<Transform> Make(const TablePlan& plan);

  /// How many of the first rows of `batch` to hand to Apply at a time, so that what becomes text
  /// has about `bytes` then: text may have many times the memory of the values, JSON more so, which
  /// repeats the names of fields. At least one; all of them where nothing becomes text.
  int64_t RowsWithin(const arrow::RecordBatch& batch, int64_t bytes) const;

  /// `batch` in the output schema. A value that does not fit, or is not held, follows the column's
  /// policy; the error names column and value.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Apply(
      const std::shared_ptr<arrow::RecordBatch>& batch);

  /// Values turned to NULL since the last call of this function.
  int64_t TakeNulledValues();

 private:
  struct State;
  explicit Transform(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace headrace
