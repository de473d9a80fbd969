#include "headrace/source/sqlite/column_reader.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "headrace/source/sqlite/conversion.h"

namespace headrace::sqlite {
namespace {

/// The validity bitmap, and how long the batch is.
class Validity {
 public:
  arrow::Status Start(int64_t rows) {
    ARROW_ASSIGN_OR_RAISE(bits_, arrow::AllocateBuffer(arrow::bit_util::BytesForBits(rows)));
    std::memset(bits_->mutable_data(), 0xff, static_cast<size_t>(bits_->size()));
    length_ = 0;
    nulls_ = 0;
    return arrow::Status::OK();
  }

  int64_t Add() { return length_++; }

  int64_t AddNull() {
    arrow::bit_util::ClearBit(bits_->mutable_data(), length_);
    ++nulls_;
    return length_++;
  }

  std::shared_ptr<arrow::ArrayData> Finish(const std::shared_ptr<arrow::DataType>& type,
                                           std::vector<std::shared_ptr<arrow::Buffer>> values) {
    std::vector<std::shared_ptr<arrow::Buffer>> buffers = {nullptr};
    if (nulls_ > 0) buffers[0] = std::move(bits_);
    buffers.insert(buffers.end(), values.begin(), values.end());
    return arrow::ArrayData::Make(type, length_, std::move(buffers), nulls_);
  }

  int64_t length() const { return length_; }

 private:
  std::unique_ptr<arrow::Buffer> bits_;
  int64_t length_ = 0;
  int64_t nulls_ = 0;
};

template <typename Conversion>
class FixedReader final : public ColumnReader {
 public:
  using Type = typename Conversion::Type;  // NOLINT(readability-redundant-typename): clang 14

  FixedReader(std::shared_ptr<arrow::DataType> type, Conversion conversion)
      : type_(std::move(type)), conversion_(std::move(conversion)) {}

  arrow::Status Start(int64_t rows, int64_t*) override {
    ARROW_ASSIGN_OR_RAISE(values_, arrow::AllocateBuffer(rows * fixed_width()));
    return validity_.Start(rows);
  }

  AppendOutcome Append(sqlite3_value* value) override {
    const int storage = sqlite3_value_type(value);
    if (storage == SQLITE_NULL) {
      AppendNull();
      return AppendOutcome::kAppended;
    }
    const auto converted = conversion_(value, storage);
    if (!converted) return AppendOutcome::kDoesNotFit;
    Put(validity_.Add(), *converted);
    return AppendOutcome::kAppended;
  }

  void AppendNull() override { Put(validity_.AddNull(), Type{}); }

  std::shared_ptr<arrow::ArrayData> Finish() override {
    return validity_.Finish(type_, {std::move(values_)});
  }

  int64_t fixed_width() const override { return sizeof(Type); }

 private:
  void Put(int64_t row, const Type& value) {
    std::memcpy(values_->mutable_data() + row * fixed_width(), &value, sizeof(Type));
  }

  std::shared_ptr<arrow::DataType> type_;
  Conversion conversion_;
  std::shared_ptr<arrow::Buffer> values_;
  Validity validity_;
};

class BooleanReader final : public ColumnReader {
 public:
  arrow::Status Start(int64_t rows, int64_t*) override {
    ARROW_ASSIGN_OR_RAISE(values_, arrow::AllocateBuffer(arrow::bit_util::BytesForBits(rows)));
    std::memset(values_->mutable_data(), 0, static_cast<size_t>(values_->size()));
    return validity_.Start(rows);
  }

  AppendOutcome Append(sqlite3_value* value) override {
    const int storage = sqlite3_value_type(value);
    if (storage == SQLITE_NULL) {
      AppendNull();
      return AppendOutcome::kAppended;
    }
    const std::optional<bool> converted = BooleanOf(value, storage);
    if (!converted) return AppendOutcome::kDoesNotFit;
    arrow::bit_util::SetBitTo(values_->mutable_data(), validity_.Add(), *converted);
    return AppendOutcome::kAppended;
  }

  void AppendNull() override { validity_.AddNull(); }

  std::shared_ptr<arrow::ArrayData> Finish() override {
    return validity_.Finish(arrow::boolean(), {std::move(values_)});
  }

  int64_t fixed_width() const override { return 1; }

 private:
  std::shared_ptr<arrow::Buffer> values_;
  Validity validity_;
};

template <typename Conversion>
class BytesReader final : public ColumnReader {
 public:
  explicit BytesReader(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {}

  arrow::Status Start(int64_t rows, int64_t* variable_bytes) override {
    variable_bytes_ = variable_bytes;
    ARROW_ASSIGN_OR_RAISE(offsets_, arrow::AllocateBuffer((rows + 1) * fixed_width()));
    // The next batch most likely holds about as many bytes as this one.
    ARROW_ASSIGN_OR_RAISE(data_, arrow::AllocateResizableBuffer(std::max(size_, kFirstBytes)));
    size_ = 0;
    PutOffset(0);
    return validity_.Start(rows);
  }

  AppendOutcome Append(sqlite3_value* value) override {
    const int storage = sqlite3_value_type(value);
    if (storage == SQLITE_NULL) {
      AppendNull();
      return AppendOutcome::kAppended;
    }
    const std::optional<std::string_view> bytes = conversion_(value, storage, scratch_);
    if (!bytes) return AppendOutcome::kDoesNotFit;
    if (!Put(*bytes)) return AppendOutcome::kOutOfMemory;
    validity_.Add();
    PutOffset(validity_.length());
    return AppendOutcome::kAppended;
  }

  void AppendNull() override {
    validity_.AddNull();
    PutOffset(validity_.length());
  }

  std::shared_ptr<arrow::ArrayData> Finish() override {
    return validity_.Finish(type_,
                            {std::move(offsets_), arrow::SliceBuffer(std::move(data_), 0, size_)});
  }

  int64_t fixed_width() const override { return sizeof(int32_t); }

 private:
  static constexpr int64_t kFirstBytes = 1024;

  bool Put(std::string_view bytes) {
    const auto added = static_cast<int64_t>(bytes.size());
    if (size_ + added > data_->size() &&
        !data_->Resize(std::max(data_->size() * 2, size_ + added), false).ok()) {
      return false;
    }
    if (added > 0) std::memcpy(data_->mutable_data() + size_, bytes.data(), bytes.size());
    size_ += added;
    *variable_bytes_ += added;
    return true;
  }

  /// A batch stays far below 2 GiB: see kMostBatchBytes of unit_reader.cc.
  void PutOffset(int64_t row) {
    const auto offset = static_cast<int32_t>(size_);
    std::memcpy(offsets_->mutable_data() + row * fixed_width(), &offset, sizeof(offset));
  }

  std::shared_ptr<arrow::DataType> type_;
  Conversion conversion_;
  std::string scratch_;
  std::shared_ptr<arrow::Buffer> offsets_;
  std::shared_ptr<arrow::ResizableBuffer> data_;
  int64_t size_ = 0;
  int64_t* variable_bytes_ = nullptr;
  Validity validity_;
};

using ReaderMaker = std::unique_ptr<ColumnReader> (*)(const PlannedColumn&);

template <typename Conversion>
std::unique_ptr<ColumnReader> MakeFixed(const PlannedColumn& column) {
  return std::make_unique<FixedReader<Conversion>>(column.read_type, Conversion{});
}

std::unique_ptr<ColumnReader> MakeDecimal(const PlannedColumn& column) {
  const auto& type = static_cast<const arrow::Decimal128Type&>(*column.read_type);
  return std::make_unique<FixedReader<ToDecimal>>(
      column.read_type, ToDecimal{DecimalScale(type.precision(), type.scale())});
}

std::unique_ptr<ColumnReader> MakeText(const PlannedColumn& column) {
  if (column.on_overflow == OverflowPolicy::kString) {
    return std::make_unique<BytesReader<ToAnyText>>(column.read_type);
  }
  return std::make_unique<BytesReader<ToUtf8>>(column.read_type);
}

std::unique_ptr<ColumnReader> MakeBinary(const PlannedColumn& column) {
  return std::make_unique<BytesReader<ToBinary>>(column.read_type);
}

std::unique_ptr<ColumnReader> MakeBoolean(const PlannedColumn&) {
  return std::make_unique<BooleanReader>();
}

struct ReaderOfType {
  arrow::Type::type type;
  ReaderMaker make;
};

constexpr std::array kReaders = {
    ReaderOfType{arrow::Type::INT64, &MakeFixed<ToInt64>},
    ReaderOfType{arrow::Type::DOUBLE, &MakeFixed<ToDouble>},
    ReaderOfType{arrow::Type::STRING, &MakeText},
    ReaderOfType{arrow::Type::BINARY, &MakeBinary},
    ReaderOfType{arrow::Type::BOOL, &MakeBoolean},
    ReaderOfType{arrow::Type::DATE32, &MakeFixed<ToDate>},
    ReaderOfType{arrow::Type::TIMESTAMP, &MakeFixed<ToTimestamp>},
    ReaderOfType{arrow::Type::DECIMAL128, &MakeDecimal},
};

}  // namespace

arrow::Result<std::unique_ptr<ColumnReader>> MakeColumnReader(const PlannedColumn& column) {
  const auto* found = std::ranges::find(kReaders, column.read_type->id(), &ReaderOfType::type);
  if (found == kReaders.end()) {
    return BugError("column \"" + column.source_name + "\": SQLite has no reader for " +
                    column.read_type->ToString());
  }
  return found->make(column);
}

}  // namespace headrace::sqlite
