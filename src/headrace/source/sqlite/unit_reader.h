#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/client/sqlite/database.h"
#include "headrace/source/source.h"
#include "headrace/source/sqlite/column_reader.h"
#include "headrace/source/sqlite/progress_guard.h"

namespace headrace::sqlite {

/// Reads the rows of one unit from a connection that must outlive it: steps through the SELECT and
/// lets each column's reader take its value. Not thread-safe.
class SqliteUnitReader final : public UnitReader {
 public:
  /// `plan` and `readers` must outlive the reader, which uses `readers` alone.
  static arrow::Result<std::unique_ptr<UnitReader>> Open(
      SqliteDatabase& database, const TablePlan& plan, const WorkUnit& unit, ColumnReaders& readers,
      const ReadLimits& limits, std::stop_token stop);

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override;
  int64_t nulled_values() const override { return nulled_values_; }

 private:
  SqliteUnitReader(SqliteDatabase& database, const TablePlan& plan, ColumnReaders& readers,
                   std::stop_token stop);

  arrow::Status Prepare(const WorkUnit& unit);
  void SetCapacity(const ReadLimits& limits);

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> ReadBatch();
  arrow::Status GrowRows();
  arrow::Status AppendRow();
  arrow::Status Overflow(size_t column);
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> FinishBatch(int64_t rows);
  std::string RowName() const;
  std::string PrimaryKeyText() const;

  SqliteDatabase& database_;
  const TablePlan& plan_;
  const std::stop_token stop_;
  const std::shared_ptr<arrow::Schema> schema_;
  ProgressGuard guard_;
  SqliteStatement statement_;
  int identity_ = -1;  ///< Column of the statement with the row identity; -1: none.
  ColumnReaders& readers_;
  int64_t batch_rows_ = 0;
  int64_t capacity_ = 0;       ///< Rows that the readers have room for.
  int64_t expected_rows_ = 0;  ///< Of the next batch: most likely those of the last one.
  int64_t batch_bytes_ = 0;
  std::chrono::milliseconds batch_patience_{};
  int64_t rows_read_ = 0;
  int64_t nulled_values_ = 0;
  bool finished_ = false;
};

}  // namespace headrace::sqlite
