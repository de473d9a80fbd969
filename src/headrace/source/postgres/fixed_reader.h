#pragma once

#include <arrow/array/data.h>

#include <memory>
#include <string>
#include <utility>

#include "headrace/source/column_buffer.h"
#include "headrace/source/postgres/field_reader.h"
#include "headrace/source/postgres/wire.h"

namespace headrace {

/// Columns whose values have one size. `Form` says how a value is read:
///
///   using Value;                              of the Arrow array
///   static constexpr int32_t kWireBytes;
///   static constexpr std::string_view kName;  for errors
///   static auto Load(const uint8_t*);         the wire's own value
///   static bool Fits(wire value);
///   static Value Convert(wire value);
///   static std::string Text(wire value);      of one that does not fit
template <typename Form>
class FixedReader final : public FieldReader {
 public:
  using Value = typename Form::Value;

  FixedReader(std::shared_ptr<arrow::DataType> type, ReadContext& context)
      : FieldReader(context), type_(std::move(type)) {}

  bool Read(const uint8_t* data, int32_t size) override {
    if (size != Form::kWireBytes) [[unlikely]] {
      return size == -1 ? AppendNull() : Malformed(Form::kName, size);
    }
    const auto value = Form::Load(data);
    if (!Form::Fits(value)) [[unlikely]] {
      return NullInsteadOf(Form::Text(value)) && AppendNull();
    }
    values_[length_++] = Form::Convert(value);
    return true;
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    const int64_t nulls = validity_.nulls();
    ARROW_ASSIGN_OR_RAISE(auto validity, validity_.Take(length_));
    ARROW_ASSIGN_OR_RAISE(auto values, buffer_.Take(length_ * kValueBytes));
    const int64_t length = std::exchange(length_, 0);
    capacity_ = 0;
    return arrow::ArrayData::Make(type_, length, {std::move(validity), std::move(values)}, nulls);
  }

 protected:
  arrow::Status GrowTo(int64_t capacity) override {
    ARROW_RETURN_NOT_OK(buffer_.Reserve(capacity * kValueBytes));
    ARROW_RETURN_NOT_OK(validity_.Grow(capacity));
    values_ = reinterpret_cast<Value*>(buffer_.data());
    capacity_ = capacity;
    return arrow::Status::OK();
  }

 private:
  static constexpr int64_t kValueBytes = sizeof(Value);

  bool AppendNull() {
    if (!Succeed(validity_.SetNull(length_, capacity_))) return false;
    values_[length_++] = Value{};
    return true;
  }

  std::shared_ptr<arrow::DataType> type_;
  ColumnBuffer buffer_;
  ValidityBuffer validity_;
  Value* values_ = nullptr;
};

}  // namespace headrace
