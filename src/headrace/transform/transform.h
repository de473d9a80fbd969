#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/type_name.h"  // ParseTypeName: types of the job file

namespace headrace {

/// Turns the batches that a session yields into those that the destination gets: rename, cast,
/// overflow policy of casts, lineage columns. A plan without casts costs nothing per row. One
/// instance per thread.
class Transform {
 public:
  /// Errors of class user where a cast of the plan cannot be done at all.
  static arrow::Result<Transform> Make(const TablePlan& plan);

  /// `batch` in the output schema. A value that does not fit follows the column's policy; the error
  /// names column and value.
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
