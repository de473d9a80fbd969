#include "headrace/source/postgres/copy_decoder.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <utility>

#include "headrace/model/batch_bytes.h"
#include "headrace/model/utf8.h"
#include "headrace/source/postgres/wire.h"

namespace headrace {
namespace {

/// https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
constexpr std::array<uint8_t, 11> kSignature = {'P',  'G',  'C',  'O',  'P', 'Y',
                                                '\n', 0xff, '\r', '\n', 0};
constexpr size_t kHeaderBytes = kSignature.size() + 8;
constexpr uint32_t kCriticalFlags = 0xffff0000;
constexpr int16_t kTrailer = -1;

constexpr int64_t kFirstRows = 256;
constexpr int64_t kByteChecksPerBatch = 8;

/// Goes from field to field of a row that DecodeRow has been through at least up to the end of the
/// wanted field.
class RowFields {
 public:
  RowFields(const uint8_t* row, const uint8_t* end) : cursor_(row + 2, end - row - 2) {}
  bool Next(const uint8_t*& data, int32_t& size) { return cursor_.TakeField(data, size); }

 private:
  wire::Cursor cursor_;
};

/// One value as text for an error; `?` where it cannot be read.
std::string ValueText(const DecodedColumn& column, const uint8_t* data, int32_t size) {
  if (size < 0) return "NULL";
  ReadContext context;
  auto reader = MakeFieldReader(*column.wire, column.type, context);
  if (!reader.ok() || !(*reader)->MakeRoom(1) || !(*reader)->Read(data, size)) {
    return context.overflow.empty() ? "?" : context.overflow;
  }
  auto values = (*reader)->Finish();
  if (!values.ok()) return "?";
  auto scalar = arrow::MakeArray(*values)->GetScalar(0);
  return scalar.ok() ? (*scalar)->ToString() : "?";
}

}  // namespace

CopyDecoder::CopyDecoder(std::vector<DecodedColumn> columns, std::shared_ptr<arrow::Schema> schema)
    : schema_(std::move(schema)) {
  for (DecodedColumn& column : columns) {
    columns_.push_back(std::make_unique<Reading>(Reading{.column = std::move(column)}));
  }
}

CopyDecoder::~CopyDecoder() = default;

arrow::Result<std::unique_ptr<CopyDecoder>> CopyDecoder::Make(
    std::vector<DecodedColumn> columns, std::shared_ptr<arrow::Schema> schema) {
  if (static_cast<int>(columns.size()) != schema->num_fields()) {
    return BugError("the schema of a COPY stream does not fit its columns");
  }
  std::unique_ptr<CopyDecoder> decoder(new CopyDecoder(std::move(columns), std::move(schema)));
  ARROW_RETURN_NOT_OK(decoder->MakeReaders());
  return decoder;
}

arrow::Status CopyDecoder::MakeReaders() {
  readers_.clear();
  fixed_width_ = 0;
  for (const auto& reading : columns_) {
    const DecodedColumn& column = reading->column;
    reading->context = {.on_overflow = column.on_overflow,
                        .check_utf8 = column.check_utf8,
                        .expanded_bytes = &expanded_bytes_};
    ARROW_ASSIGN_OR_RAISE(reading->reader,
                          MakeFieldReader(*column.wire, column.type, reading->context));
    readers_.push_back(reading->reader.get());
    fixed_width_ += ValueBytes(*column.type);
  }
  return arrow::Status::OK();
}

arrow::Status CopyDecoder::Begin(const ReadLimits& limits, int64_t expected_rows) {
  // Readers that hold rows of a stream that was given up are thrown away with them.
  if (failed_ || rows_ > 0) ARROW_RETURN_NOT_OK(MakeReaders());
  if (std::exchange(failed_, false) || rows_ > 0) rows_ = capacity_ = 0;
  limits_ = limits;
  expected_rows_ = expected_rows;
  max_rows_ = std::clamp<int64_t>(limits.batch_bytes / std::max<int64_t>(fixed_width_, 1), 1,
                                  limits.batch_rows);
  rows_before_ = 0;
  unfit_.reset();
  header_seen_ = ended_ = full_ = false;
  unchecked_bytes_ = expanded_bytes_ = 0;
  for (const auto& reading : columns_) reading->context.nulled_values = 0;
  return arrow::Status::OK();
}

arrow::Result<size_t> CopyDecoder::Decode(std::span<const std::span<const uint8_t>> messages) {
  size_t done = 0;
  while (done < messages.size() && !full_) {
    ARROW_RETURN_NOT_OK(DecodeMessage(messages[done]));
    ++done;
  }
  return done;
}

arrow::Status CopyDecoder::DecodeMessage(std::span<const uint8_t> message) {
  const uint8_t* at = message.data();
  const uint8_t* const end = at + message.size();
  if (ended_) return BugError("malformed COPY stream: more bytes behind its trailer");
  if (!header_seen_) {
    ARROW_ASSIGN_OR_RAISE(const size_t header, SkipHeader(message));
    at += header;
  }
  while (at != end) {
    if (rows_ == capacity_) ARROW_RETURN_NOT_OK(GrowRows());
    const uint8_t* const row = at;
    if (!DecodeRow(at, end)) return RowError(row, end);
  }
  unchecked_bytes_ += static_cast<int64_t>(message.size()) + std::exchange(expanded_bytes_, 0);
  if (unchecked_bytes_ * kByteChecksPerBatch >= limits_.batch_bytes) CheckBytes();
  if (rows_ >= max_rows_) full_ = true;
  return arrow::Status::OK();
}

arrow::Result<size_t> CopyDecoder::SkipHeader(std::span<const uint8_t> message) {
  const bool known = message.size() >= kHeaderBytes &&
                     std::equal(kSignature.begin(), kSignature.end(), message.begin()) &&
                     (wire::Load32(message.data() + kSignature.size()) & kCriticalFlags) == 0;
  if (!known) return BugError("malformed COPY stream: unknown header");
  const size_t extension = wire::Load32(message.data() + kSignature.size() + 4);
  if (extension > message.size() - kHeaderBytes) {
    return BugError("malformed COPY stream: header extension of " + std::to_string(extension) +
                    " bytes");
  }
  header_seen_ = true;
  return kHeaderBytes + extension;
}

/// The heart: everything else happens once per message or batch. `at` is behind the row afterwards.
bool CopyDecoder::DecodeRow(const uint8_t*& at, const uint8_t* const end) {
  const uint8_t* next = at;
  failed_column_ = readers_.size();
  if (end - next < 2) return false;
  const int16_t fields = wire::LoadInt16(next);
  next += 2;
  if (fields != static_cast<int16_t>(readers_.size())) [[unlikely]] {
    ended_ = fields == kTrailer && next == end;
    at = end;
    return ended_;
  }
  FieldReader* const* const last = readers_.data() + readers_.size();
  for (FieldReader* const* reader = readers_.data(); reader != last; ++reader) {
    if (end - next < 4) [[unlikely]] {
      return false;
    }
    const int32_t size = wire::LoadInt32(next);
    next += 4;
    if (size > end - next || size < -1) [[unlikely]] {
      return false;
    }
    if (!(*reader)->Read(next, size)) [[unlikely]] {
      failed_column_ = static_cast<size_t>(reader - readers_.data());
      return false;
    }
    next += std::max(size, 0);
  }
  at = next;
  ++rows_;
  return true;
}

arrow::Status CopyDecoder::RowError(const uint8_t* row, const uint8_t* end) {
  const int64_t number = rows_before_ + rows_ + 1;
  failed_ = true;
  if (failed_column_ == readers_.size()) {
    return BugError("malformed COPY stream: row " + std::to_string(number) + " of the unit");
  }
  const Reading& reading = *columns_[failed_column_];
  if (reading.context.overflow.empty()) {
    return WithContext(reading.context.failure, "column \"" + reading.column.name + "\"");
  }
  if (reading.context.is_value_text) {
    unfit_ = UnfitValue{failed_column_, reading.column.name, reading.context.overflow};
  }
  std::string key = RowKey(row, end);
  if (key.empty()) key = "row " + std::to_string(number) + " of the unit";
  const DecodedColumn& column = reading.column;
  const bool is_text = column.type->id() == arrow::Type::STRING;
  return PermanentError(
      "column \"" + column.name + "\": " + ShortenedValue(reading.context.overflow) +
      " does not fit " + column.type->ToString() + " (" + key + "); on_overflow: " +
      (is_text || !column.may_be_text ? "null" : "null or string") + " would load it");
}

/// `id = 7, part = a` from the columns of the primary key; empty where one of them was not selected
/// or there is none.
std::string CopyDecoder::RowKey(const uint8_t* row, const uint8_t* end) const {
  std::string text;
  RowFields fields(row, end);
  for (const auto& reading : columns_) {
    const uint8_t* data = nullptr;
    int32_t size = 0;
    if (!fields.Next(data, size)) break;
    if (!reading->column.key) continue;
    text += (text.empty() ? "" : ", ") + reading->column.name + " = " +
            ShortenedValue(ValueText(reading->column, data, size));
  }
  return text;
}

arrow::Status CopyDecoder::GrowRows() {
  const int64_t wanted = std::max({2 * capacity_, expected_rows_, kFirstRows});
  const int64_t capacity = std::max(std::min(wanted, max_rows_), rows_ + 1);
  for (const auto& reading : columns_) {
    if (!reading->reader->Reserve(capacity)) {
      failed_ = true;
      return reading->context.failure;
    }
  }
  capacity_ = capacity;
  return arrow::Status::OK();
}

void CopyDecoder::CheckBytes() {
  int64_t bytes = rows_ * fixed_width_;
  for (const FieldReader* reader : readers_) bytes += reader->variable_bytes();
  unchecked_bytes_ = 0;
  if (bytes >= limits_.batch_bytes) full_ = true;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> CopyDecoder::Finish() {
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  columns.reserve(readers_.size());
  for (FieldReader* reader : readers_) {
    ARROW_ASSIGN_OR_RAISE(auto values, reader->Finish());
    columns.push_back(std::move(values));
  }
  const int64_t rows = std::exchange(rows_, 0);
  rows_before_ += rows;
  capacity_ = unchecked_bytes_ = 0;
  full_ = false;
  return arrow::RecordBatch::Make(schema_, rows, std::move(columns));
}

arrow::Status CopyDecoder::CheckEnded() const {
  return ended_ ? arrow::Status::OK()
                : BugError("malformed COPY stream: it ends without a trailer");
}

int64_t CopyDecoder::nulled_values() const {
  int64_t values = 0;
  for (const auto& reading : columns_) values += reading->context.nulled_values;
  return values;
}

}  // namespace headrace
