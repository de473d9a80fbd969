#include "headrace/source/sqlite/column_reader.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "headrace/model/batch_bytes.h"
#include "headrace/model/exact_decimal.h"
#include "headrace/source/column_buffer.h"
#include "headrace/source/sqlite/asked_conversion.h"
#include "headrace/source/sqlite/conversion.h"
#include "headrace/source/sqlite/declared_type.h"

namespace headrace::sqlite {
namespace {

/// Which rows of the batch are NULL, and how many there are.
class Validity {
 public:
  arrow::Status Reserve(int64_t rows) {
    ARROW_RETURN_NOT_OK(bits_.Grow(rows));
    capacity_ = rows;
    return arrow::Status::OK();
  }

  int64_t Add() { return length_++; }

  /// False: no memory.
  bool AddNull() { return bits_.SetNull(length_++, capacity_).ok(); }

  /// `values`: the buffers behind the bitmap.
  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish(
      const std::shared_ptr<arrow::DataType>& type,
      std::vector<std::shared_ptr<arrow::Buffer>> values) {
    const int64_t nulls = bits_.nulls();
    std::vector<std::shared_ptr<arrow::Buffer>> buffers(1);
    ARROW_ASSIGN_OR_RAISE(buffers[0], bits_.Take(length_));
    std::ranges::move(values, std::back_inserter(buffers));
    capacity_ = 0;
    return arrow::ArrayData::Make(type, std::exchange(length_, 0), std::move(buffers), nulls);
  }

  int64_t length() const { return length_; }

 private:
  ValidityBuffer bits_;
  int64_t length_ = 0;
  int64_t capacity_ = 0;
};

template <typename Conversion>
class FixedReader final : public ColumnReader {
 public:
  using Type = typename Conversion::Type;  // NOLINT(readability-redundant-typename): clang 14

  FixedReader(std::shared_ptr<arrow::DataType> type, Conversion conversion)
      : type_(std::move(type)), conversion_(std::move(conversion)) {}

  arrow::Status Reserve(int64_t rows) override {
    ARROW_RETURN_NOT_OK(values_.Reserve(rows * kWidth));
    return validity_.Reserve(rows);
  }

  AppendOutcome Append(sqlite3_value* value) override {
    const int storage = sqlite3_value_type(value);
    if (storage == SQLITE_NULL) return AppendNull();
    const auto converted = conversion_(value, storage);
    if (!converted) return AppendOutcome::kDoesNotFit;
    Put(validity_.Add(), *converted);
    return AppendOutcome::kAppended;
  }

  AppendOutcome AppendNull() override {
    Put(validity_.length(), Type{});
    return validity_.AddNull() ? AppendOutcome::kAppended : AppendOutcome::kOutOfMemory;
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    ARROW_ASSIGN_OR_RAISE(auto values, values_.Take(validity_.length() * kWidth));
    return validity_.Finish(type_, {std::move(values)});
  }

 private:
  static constexpr int64_t kWidth = sizeof(Type);

  void Put(int64_t row, const Type& value) {
    std::memcpy(values_.data() + row * kWidth, &value, sizeof(Type));
  }

  std::shared_ptr<arrow::DataType> type_;
  Conversion conversion_;
  ColumnBuffer values_;
  Validity validity_;
};

template <typename Conversion>
class BooleanReader final : public ColumnReader {
 public:
  arrow::Status Reserve(int64_t rows) override {
    ARROW_RETURN_NOT_OK(values_.Reserve(arrow::bit_util::BytesForBits(rows)));
    return validity_.Reserve(rows);
  }

  AppendOutcome Append(sqlite3_value* value) override {
    const int storage = sqlite3_value_type(value);
    if (storage == SQLITE_NULL) return AppendNull();
    const std::optional<bool> converted = conversion_(value, storage);
    if (!converted) return AppendOutcome::kDoesNotFit;
    Put(validity_.Add(), *converted);
    return AppendOutcome::kAppended;
  }

  AppendOutcome AppendNull() override {
    Put(validity_.length(), false);
    return validity_.AddNull() ? AppendOutcome::kAppended : AppendOutcome::kOutOfMemory;
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    ARROW_ASSIGN_OR_RAISE(auto values,
                          values_.Take(arrow::bit_util::BytesForBits(validity_.length())));
    return validity_.Finish(arrow::boolean(), {std::move(values)});
  }

 private:
  /// The first of eight clears the others: memory that is used again holds an older batch.
  void Put(int64_t row, bool value) {
    uint8_t& byte = values_.data()[row >> 3];
    const auto bit = static_cast<uint8_t>((value ? 1U : 0U) << (row & 7));
    byte = (row & 7) == 0 ? bit : static_cast<uint8_t>(byte | bit);
  }

  Conversion conversion_;
  ColumnBuffer values_;
  Validity validity_;
};

template <typename Conversion>
class BytesReader final : public ColumnReader {
 public:
  BytesReader(std::shared_ptr<arrow::DataType> type, int64_t& variable_bytes)
      : type_(std::move(type)), variable_bytes_(variable_bytes) {}

  arrow::Status Reserve(int64_t rows) override {
    ARROW_RETURN_NOT_OK(offsets_.Reserve((rows + 1) * kWidth));
    PutOffset(validity_.length());
    return validity_.Reserve(rows);
  }

  AppendOutcome Append(sqlite3_value* value) override {
    const int storage = sqlite3_value_type(value);
    if (storage == SQLITE_NULL) return AppendNull();
    const std::optional<std::string_view> bytes = conversion_(value, storage, scratch_);
    if (!bytes) return AppendOutcome::kDoesNotFit;
    if (!Put(*bytes)) return AppendOutcome::kOutOfMemory;
    validity_.Add();
    PutOffset(validity_.length());
    return AppendOutcome::kAppended;
  }

  AppendOutcome AppendNull() override {
    const bool added = validity_.AddNull();
    PutOffset(validity_.length());
    return added ? AppendOutcome::kAppended : AppendOutcome::kOutOfMemory;
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Take((validity_.length() + 1) * kWidth));
    ARROW_ASSIGN_OR_RAISE(auto data, data_.Take(std::exchange(size_, 0)));
    return validity_.Finish(type_, {std::move(offsets), std::move(data)});
  }

 private:
  static constexpr int64_t kFirstBytes = 1024;
  static constexpr int64_t kWidth = sizeof(int32_t);  ///< Of an offset.

  bool Put(std::string_view bytes) {
    const auto added = static_cast<int64_t>(bytes.size());
    if (size_ + added > data_.capacity() &&
        !data_.Reserve(std::max(size_ + added, kFirstBytes)).ok()) {
      return false;
    }
    if (added > 0) std::memcpy(data_.data() + size_, bytes.data(), bytes.size());
    size_ += added;
    variable_bytes_ += added;
    return true;
  }

  /// A batch stays far below 2 GiB: see kMostBatchBytes of unit_reader.cc.
  void PutOffset(int64_t row) {
    const auto offset = static_cast<int32_t>(size_);
    std::memcpy(offsets_.data() + row * kWidth, &offset, sizeof(offset));
  }

  std::shared_ptr<arrow::DataType> type_;
  Conversion conversion_;
  std::string scratch_;
  ColumnBuffer offsets_;
  ColumnBuffer data_;
  int64_t size_ = 0;
  int64_t& variable_bytes_;
  Validity validity_;
};

using ReaderMaker = std::unique_ptr<ColumnReader> (*)(const PlannedColumn&, int64_t&);

template <typename Conversion>
std::unique_ptr<ColumnReader> MakeFixed(const PlannedColumn& column, int64_t&) {
  return std::make_unique<FixedReader<Conversion>>(column.read_type, Conversion{});
}

/// What the column declares need not be what it is read as.
bool Declares(const PlannedColumn& column, arrow::Type::type type) {
  const auto declared = MapDeclaredType(column.source_type).type;
  return declared != nullptr && declared->id() == type;
}

std::unique_ptr<ColumnReader> MakeDecimal(const PlannedColumn& column, int64_t&) {
  const auto& type = static_cast<const arrow::Decimal128Type&>(*column.read_type);
  return std::make_unique<FixedReader<ToDecimal>>(
      column.read_type, ToDecimal{DecimalScale(type.precision(), type.scale())});
}

std::unique_ptr<ColumnReader> MakeText(const PlannedColumn& column, int64_t& variable_bytes) {
  if (column.on_overflow == OverflowPolicy::kString) {
    return std::make_unique<BytesReader<ToAnyText>>(column.read_type, variable_bytes);
  }
  if (Declares(column, arrow::Type::BINARY)) {
    return std::make_unique<BytesReader<ToUtf8OfBytes>>(column.read_type, variable_bytes);
  }
  return std::make_unique<BytesReader<ToUtf8>>(column.read_type, variable_bytes);
}

template <typename Conversion>
std::unique_ptr<ColumnReader> MakeBytes(const PlannedColumn& column, int64_t& variable_bytes) {
  return std::make_unique<BytesReader<Conversion>>(column.read_type, variable_bytes);
}

template <typename Conversion>
std::unique_ptr<ColumnReader> MakeBoolean(const PlannedColumn&, int64_t&) {
  return std::make_unique<BooleanReader<Conversion>>();
}

template <typename Integer>
std::unique_ptr<ColumnReader> MakeAskedInteger(const PlannedColumn& column, int64_t&) {
  return std::make_unique<FixedReader<ToAskedInteger<Integer>>>(
      column.read_type, ToAskedInteger<Integer>{.words = Declares(column, arrow::Type::BOOL)});
}

template <typename Decimal>
std::unique_ptr<ColumnReader> MakeAskedDecimal(const PlannedColumn& column, int64_t&) {
  const DecimalShape shape = ShapeOf(*column.read_type);
  return std::make_unique<FixedReader<ToAskedDecimal<Decimal>>>(
      column.read_type,
      ToAskedDecimal<Decimal>{.scale = DecimalScaleOf<Decimal>(shape.precision, shape.scale),
                              .declared = Declares(column, arrow::Type::DECIMAL128)});
}

struct ReaderOfType {
  arrow::Type::type type;
  ReaderMaker make;
};

/// Of the types that columns are described with.
constexpr std::array kReaders = {
    ReaderOfType{arrow::Type::INT64, &MakeFixed<ToInt64>},
    ReaderOfType{arrow::Type::DOUBLE, &MakeFixed<ToDouble>},
    ReaderOfType{arrow::Type::STRING, &MakeText},
    ReaderOfType{arrow::Type::BINARY, &MakeBytes<ToBinary>},
    ReaderOfType{arrow::Type::BOOL, &MakeBoolean<ToBoolean>},
    ReaderOfType{arrow::Type::DATE32, &MakeFixed<ToDate>},
    ReaderOfType{arrow::Type::TIMESTAMP, &MakeFixed<ToTimestamp>},
    ReaderOfType{arrow::Type::DECIMAL128, &MakeDecimal},
};

/// Of the types that a job asks for: see TypesToReadAs.
constexpr std::array kAskedReaders = {
    ReaderOfType{arrow::Type::BOOL, &MakeBoolean<ToAskedBoolean>},
    ReaderOfType{arrow::Type::INT16, &MakeAskedInteger<int16_t>},
    ReaderOfType{arrow::Type::INT32, &MakeAskedInteger<int32_t>},
    ReaderOfType{arrow::Type::INT64, &MakeAskedInteger<int64_t>},
    ReaderOfType{arrow::Type::FLOAT, &MakeFixed<ToAskedReal<arrow::FloatType>>},
    ReaderOfType{arrow::Type::DOUBLE, &MakeFixed<ToAskedReal<arrow::DoubleType>>},
    ReaderOfType{arrow::Type::DECIMAL128, &MakeAskedDecimal<arrow::Decimal128>},
    ReaderOfType{arrow::Type::DECIMAL256, &MakeAskedDecimal<arrow::Decimal256>},
    ReaderOfType{arrow::Type::TIMESTAMP, &MakeFixed<ToTimestampOfDate>},
    ReaderOfType{arrow::Type::BINARY, &MakeBytes<ToAskedBytes>},
};

std::span<const ReaderOfType> ReadersFor(const PlannedColumn& column) {
  if (column.read_as_asked) return kAskedReaders;
  return kReaders;
}

/// Bytes of a batch beyond ValueBytes are added to `variable_bytes` as they come.
arrow::Result<std::unique_ptr<ColumnReader>> MakeColumnReader(const PlannedColumn& column,
                                                              int64_t& variable_bytes) {
  const std::span<const ReaderOfType> readers = ReadersFor(column);
  const auto found = std::ranges::find(readers, column.read_type->id(), &ReaderOfType::type);
  if (found == readers.end()) {
    return BugError("column \"" + column.source_name + "\": SQLite has no reader for " +
                    column.read_type->ToString());
  }
  return found->make(column, variable_bytes);
}

}  // namespace

bool ColumnReaders::Suit(const std::vector<PlannedColumn>& columns) const {
  return !has_rows_ &&
         std::ranges::equal(columns, forms_, [](const auto& column, const auto& form) {
           return column.on_overflow == form.on_overflow && column.read_type->Equals(*form.type) &&
                  column.source_type == form.source_type && column.read_as_asked == form.as_asked;
         });
}

arrow::Status ColumnReaders::Prepare(const std::vector<PlannedColumn>& columns) {
  if (Suit(columns)) return arrow::Status::OK();
  forms_.clear();
  readers_.clear();
  fixed_width_ = variable_bytes_ = 0;
  has_rows_ = false;
  for (const PlannedColumn& column : columns) {
    ARROW_ASSIGN_OR_RAISE(auto reader, MakeColumnReader(column, variable_bytes_));
    fixed_width_ += ValueBytes(*column.read_type);
    readers_.push_back(std::move(reader));
    forms_.push_back(
        {column.read_type, column.source_type, column.on_overflow, column.read_as_asked});
  }
  return arrow::Status::OK();
}

arrow::Status ColumnReaders::Reserve(int64_t rows) {
  has_rows_ = true;
  for (const auto& reader : readers_) ARROW_RETURN_NOT_OK(reader->Reserve(rows));
  return arrow::Status::OK();
}

arrow::Result<std::vector<std::shared_ptr<arrow::ArrayData>>> ColumnReaders::Finish() {
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  columns.reserve(readers_.size());
  for (const auto& reader : readers_) {
    ARROW_ASSIGN_OR_RAISE(auto column, reader->Finish());
    columns.push_back(std::move(column));
  }
  variable_bytes_ = 0;
  has_rows_ = false;
  return columns;
}

}  // namespace headrace::sqlite
