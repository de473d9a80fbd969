#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "headrace/model/error.h"
#include "headrace/model/receipt.h"
#include "headrace/model/work_unit.h"

namespace headrace {

/// One worker's staging of one table:
///
///   (BeginUnit · Append… · EndUnit | AbortUnit)…  then  Seal | Abort
///
/// Units are small, files are not: closed units share a file, and a file ends between units. What
/// is not sealed does not exist: a receipt names only durable files. Used by one thread.
class Writer {
 public:
  virtual ~Writer() = default;

  virtual arrow::Status BeginUnit(const WorkUnit& unit, int attempt) = 0;

  /// Takes rows of the open unit, in the output schema. The batch must own its memory; the writer
  /// may keep it until its unit is written.
  virtual arrow::Status Append(const std::shared_ptr<arrow::RecordBatch>& batch) = 0;

  /// Closes the unit. Returns receipts of files that became full and were sealed, mostly none.
  virtual arrow::Result<std::vector<Receipt>> EndUnit(int64_t nulled_values) = 0;

  /// Drops the open unit, as if it had never begun; units closed before are kept.
  virtual arrow::Status AbortUnit() = 0;

  /// Writes what is buffered, makes it durable and returns the receipts of it. The writer is
  /// finished.
  virtual arrow::Result<std::vector<Receipt>> Seal() = 0;

  /// Drops everything that has no receipt yet. The writer is finished.
  virtual arrow::Status Abort() = 0;

  /// Bytes in memory: buffered batches and encoded pages.
  virtual int64_t buffered_bytes() const = 0;
};

}  // namespace headrace
