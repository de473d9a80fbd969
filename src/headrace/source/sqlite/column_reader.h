#pragma once

#include <arrow/type_fwd.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>

#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"

namespace headrace::sqlite {

enum class AppendOutcome { kAppended, kDoesNotFit, kOutOfMemory };

/// Collects the values of one column into Arrow buffers, one batch after the other: Start, Append
/// or AppendNull once per row, Finish. One small class per read type. Not thread-safe.
class ColumnReader {
 public:
  virtual ~ColumnReader() = default;

  /// Starts a batch of at most `rows` rows. Bytes beyond fixed_width are added to `*variable_bytes`
  /// as they come; the counter must outlive the batch.
  virtual arrow::Status Start(int64_t rows, int64_t* variable_bytes) = 0;

  /// Appends a value, NULL included, by its own storage class. Where it does not fit nothing is
  /// appended.
  virtual AppendOutcome Append(sqlite3_value* value) = 0;

  virtual void AppendNull() = 0;

  /// The batch's array; the reader is ready for Start.
  virtual std::shared_ptr<arrow::ArrayData> Finish() = 0;

  /// Bytes of every row, whatever its value.
  virtual int64_t fixed_width() const = 0;
};

/// The reader of `column.read_type`. Error of class bug where there is none.
arrow::Result<std::unique_ptr<ColumnReader>> MakeColumnReader(const PlannedColumn& column);

}  // namespace headrace::sqlite
