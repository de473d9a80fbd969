#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/source/postgres/field_reader.h"
#include "headrace/source/postgres/pg_type.h"
#include "headrace/source/source.h"

namespace headrace {

/// A column of a COPY stream: in which binary form it comes, and what it becomes.
struct DecodedColumn {
  std::string name;
  PgTypePtr wire;
  std::shared_ptr<arrow::DataType> type;
  OverflowPolicy on_overflow = OverflowPolicy::kError;
  bool may_be_text = true;  ///< As PlannedColumn says.
  bool check_utf8 = false;
  bool key = false;  ///< Part of the primary key: named in errors.
};

/// A value that does not fit its column's type, under OverflowPolicy::kError.
struct UnfitValue {
  size_t index = 0;  ///< Of the column.
  std::string column;
  std::string text;  ///< As the server prints it, where that is known without asking.
};

/// Decodes COPY BINARY into record batches, row by row. Keeps its buffers from batch to batch and
/// from one stream to the next. Trusts nothing that it reads: malformed bytes are an error of class
/// bug. Not thread-safe.
///
///   Begin ─► Decode(messages) … until batch_full ─► Finish ─► … ─► CheckEnded
class CopyDecoder {
 public:
  /// `schema` names the batches' columns, in the order of `columns`.
  static arrow::Result<std::unique_ptr<CopyDecoder>> Make(std::vector<DecodedColumn> columns,
                                                          std::shared_ptr<arrow::Schema> schema);
  ~CopyDecoder();

  /// A new stream begins. `expected_rows` (0: unknown) spares growing.
  arrow::Status Begin(const ReadLimits& limits, int64_t expected_rows);

  /// Decodes whole messages until the batch is full; returns how many. Each message holds whole
  /// rows; the header of the stream stands before the first row, its trailer is a message of its
  /// own or stands behind the last row. After an error the decoder must Begin again. Errors: a
  /// value that does not fit names column, value and row.
  arrow::Result<size_t> Decode(std::span<const std::span<const uint8_t>> messages);

  bool batch_full() const { return full_; }
  int64_t batch_rows() const { return rows_; }

  /// The rows since the last Finish as a batch of their own memory.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Finish();

  /// OK if the stream came to its trailer.
  arrow::Status CheckEnded() const;

  int64_t nulled_values() const;  ///< Since Begin.

  /// Why the last Decode failed, if it was that.
  const std::optional<UnfitValue>& unfit_value() const { return unfit_; }

 private:
  /// A column and its reader; the reader points into the context.
  struct Reading {
    DecodedColumn column;
    ReadContext context;
    std::unique_ptr<FieldReader> reader;
  };

  CopyDecoder(std::vector<DecodedColumn> columns, std::shared_ptr<arrow::Schema> schema);
  arrow::Status MakeReaders();
  arrow::Status DecodeMessage(std::span<const uint8_t> message);
  arrow::Result<size_t> SkipHeader(std::span<const uint8_t> message);
  bool DecodeRow(const uint8_t*& at, const uint8_t* end);
  arrow::Status RowError(const uint8_t* row, const uint8_t* end);
  std::string RowKey(const uint8_t* row, const uint8_t* end) const;
  arrow::Status GrowRows();
  void CheckBytes();

  std::vector<std::unique_ptr<Reading>> columns_;
  std::vector<FieldReader*> readers_;  ///< Of columns_, close together.
  std::shared_ptr<arrow::Schema> schema_;
  int64_t fixed_width_ = 0;  ///< Of a row by ValueBytes.

  ReadLimits limits_;
  int64_t expected_rows_ = 0;
  int64_t max_rows_ = 0;
  int64_t capacity_ = 0;
  int64_t rows_ = 0;
  int64_t rows_before_ = 0;      ///< In batches that are finished.
  int64_t unchecked_bytes_ = 0;  ///< Of the wire, and what became more than that, since CheckBytes.
  int64_t expanded_bytes_ = 0;   ///< What became more, in the message at work.
  size_t failed_column_ = 0;
  std::optional<UnfitValue> unfit_;
  bool failed_ = false;  ///< The readers hold a part of a row.
  bool full_ = false;
  bool header_seen_ = false;
  bool ended_ = false;
};

}  // namespace headrace
