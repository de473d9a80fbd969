#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "headrace/destination/bigquery/column_types.h"
#include "headrace/model/error.h"

namespace headrace {

/// Gives batches of the output the form in which they are staged: names of BigQuery at every depth,
/// types that Parquet and the service share, only the columns and fields that the table has.
/// Immutable: any number of threads.
class BatchFitter {
 public:
  /// `columns`: those of ColumnsOf(output), or what ColumnsForTable makes of them.
  static arrow::Result<BatchFitter> Make(const std::shared_ptr<arrow::Schema>& output,
                                         const std::vector<BigQueryColumn>& columns);

  /// Shares the memory of what needs no cast. Errors of class permanent where a value does not fit,
  /// or is NULL where the table takes none: what plans and transforms did not see.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Fit(
      const std::shared_ptr<arrow::RecordBatch>& batch) const;

  const std::shared_ptr<arrow::Schema>& staged() const { return staged_; }

 private:
  std::shared_ptr<arrow::Schema> staged_;
  std::vector<int> sources_;  // For each staged column, its place in the output.
};

}  // namespace headrace
