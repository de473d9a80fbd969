#pragma once

#include <arrow/type_fwd.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"

namespace headrace::sqlite {

enum class AppendOutcome { kAppended, kDoesNotFit, kOutOfMemory };

/// Collects the values of one column into Arrow buffers, one batch after the other: Reserve, Append
/// or AppendNull once per row, Finish. Keeps its buffers from batch to batch. One small class per
/// read type. Not thread-safe.
class ColumnReader {
 public:
  virtual ~ColumnReader() = default;

  /// Makes room for `rows` rows of the batch in all.
  virtual arrow::Status Reserve(int64_t rows) = 0;

  /// Appends a value, NULL included, by its own storage class. There must be room. Where it does
  /// not fit nothing is appended.
  virtual AppendOutcome Append(sqlite3_value* value) = 0;

  virtual AppendOutcome AppendNull() = 0;

  /// The batch's array; the next batch begins, without room.
  virtual arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() = 0;
};

/// The readers of a row's columns. A session keeps them from unit to unit, and with them their
/// buffers: what is allocated for each batch costs a page fault for every 4 KiB.
class ColumnReaders {
 public:
  ColumnReaders() = default;
  ColumnReaders(const ColumnReaders&) = delete;
  ColumnReaders& operator=(const ColumnReaders&) = delete;

  /// Readers for `columns`, without rows: those that are there if they can be used. Error of class
  /// bug where a type has none.
  arrow::Status Prepare(const std::vector<PlannedColumn>& columns);

  size_t size() const { return readers_.size(); }
  ColumnReader& operator[](size_t column) { return *readers_[column]; }

  /// Makes room for `rows` rows of the batch in all.
  arrow::Status Reserve(int64_t rows);

  /// The arrays of the batch; the next one begins, without room.
  arrow::Result<std::vector<std::shared_ptr<arrow::ArrayData>>> Finish();

  /// What the batch will cost (BatchBytes): so much for each row, and what varies in those so far.
  int64_t fixed_width() const { return fixed_width_; }
  int64_t variable_bytes() const { return variable_bytes_; }

 private:
  /// What a reader is made for.
  struct Form {
    std::shared_ptr<arrow::DataType> type;
    std::string source_type;
    OverflowPolicy on_overflow;
    bool as_asked;
  };

  bool Suit(const std::vector<PlannedColumn>& columns) const;

  std::vector<Form> forms_;
  std::vector<std::unique_ptr<ColumnReader>> readers_;
  int64_t fixed_width_ = 0;
  int64_t variable_bytes_ = 0;
  bool has_rows_ = false;  ///< May hold some, of a unit that was given up.
};

}  // namespace headrace::sqlite
