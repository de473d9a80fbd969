#include "headrace/source/postgres/text_readers.h"

#include <arrow/type.h>
#include <arrow/util/utf8.h>

#include <cstring>
#include <span>
#include <string_view>

#include "headrace/source/postgres/numeric.h"
#include "headrace/source/postgres/string_column.h"

namespace headrace {
namespace {

constexpr uint8_t kJsonbVersion = 1;
constexpr int32_t kUuidBytes = 16;
constexpr int64_t kUuidTextBytes = 36;

/// What all readers of utf8 and binary share.
class StringReader : public FieldReader {
 public:
  StringReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context)
      : FieldReader(context), column_(type) {}

  int64_t variable_bytes() const override { return column_.used(); }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    capacity_ = 0;
    return column_.Finish(std::exchange(length_, 0));
  }

 protected:
  arrow::Status GrowTo(int64_t capacity) override {
    ARROW_RETURN_NOT_OK(column_.GrowTo(capacity));
    capacity_ = capacity;
    return arrow::Status::OK();
  }

  bool AppendNull() { return Succeed(column_.SetNull(length_++, capacity_)); }

  bool AppendBytes(const uint8_t* data, int64_t size) {
    uint8_t* room = column_.Room(size);
    if (room == nullptr) [[unlikely]] {
      return Succeed(column_.room_failure());
    }
    std::memcpy(room, data, static_cast<size_t>(size));
    column_.End(length_++, size);
    return true;
  }

  StringColumn column_;
};

class BytesReader final : public StringReader {
 public:
  using StringReader::StringReader;

  bool Read(const uint8_t* data, int32_t size) override {
    return size >= 0 ? AppendBytes(data, size) : AppendNull();
  }
};

/// For databases whose encoding is SQL_ASCII: their server converts and checks nothing.
class CheckedTextReader : public StringReader {
 public:
  CheckedTextReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context)
      : StringReader(type, context) {
    arrow::util::InitializeUTF8();
  }

  bool Read(const uint8_t* data, int32_t size) override {
    return size >= 0 ? AppendText(data, size) : AppendNull();
  }

 protected:
  bool AppendText(const uint8_t* data, int64_t size) {
    if (arrow::util::ValidateUTF8(data, size)) return AppendBytes(data, size);
    if (NullInsteadOf("text that is not UTF-8, in a database whose encoding is SQL_ASCII,")) {
      return AppendNull();
    }
    context_->is_value_text = false;
    return false;
  }
};

class JsonbReader final : public CheckedTextReader {
 public:
  using CheckedTextReader::CheckedTextReader;

  bool Read(const uint8_t* data, int32_t size) override {
    if (size < 0) return AppendNull();
    if (size == 0 || *data != kJsonbVersion) return Malformed("jsonb", size);
    return context_->check_utf8 ? AppendText(data + 1, size - 1) : AppendBytes(data + 1, size - 1);
  }
};

class UuidReader final : public StringReader {
 public:
  using StringReader::StringReader;

  bool Read(const uint8_t* data, int32_t size) override {
    if (size != kUuidBytes) return size == -1 ? AppendNull() : Malformed("uuid", size);
    uint8_t* const room = column_.Room(kUuidTextBytes);
    if (room == nullptr) return Succeed(column_.room_failure());
    const std::span<uint8_t, kUuidTextBytes> text(room, kUuidTextBytes);
    size_t at = 0;
    for (int i = 0; i < kUuidBytes; ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
      text[at++] = static_cast<uint8_t>(kHex[data[i] >> 4]);
      text[at++] = static_cast<uint8_t>(kHex[data[i] & 15]);
    }
    column_.End(length_++, kUuidTextBytes);
    return true;
  }

 private:
  static constexpr std::string_view kHex = "0123456789abcdef";
};

class NumericTextReader final : public StringReader {
 public:
  using StringReader::StringReader;

  bool Read(const uint8_t* data, int32_t size) override {
    if (size < 0) return AppendNull();
    WireNumeric number;
    if (!ParseNumeric(data, size, number)) return Malformed("numeric", size);
    uint8_t* room = column_.Room(MaxTextBytes(number));
    if (room == nullptr) return Succeed(column_.room_failure());
    char* begin = reinterpret_cast<char*>(room);
    const int64_t text_bytes = WriteText(number, begin) - begin;
    column_.End(length_++, text_bytes);
    Expanded(text_bytes - size);  // 1e100000 is twelve bytes on the wire.
    return true;
  }
};

}  // namespace

FieldReaderPtr MakeBytesReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context) {
  if (context.check_utf8 && type->id() == arrow::Type::STRING) {
    return std::make_unique<CheckedTextReader>(type, context);
  }
  return std::make_unique<BytesReader>(type, context);
}
FieldReaderPtr MakeJsonbReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context) {
  return std::make_unique<JsonbReader>(type, context);
}
FieldReaderPtr MakeUuidReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context) {
  return std::make_unique<UuidReader>(type, context);
}
FieldReaderPtr MakeNumericTextReader(const std::shared_ptr<arrow::DataType>& type,
                                     ReadContext& context) {
  return std::make_unique<NumericTextReader>(type, context);
}

}  // namespace headrace
