#include "headrace/source/postgres/nested_readers.h"

#include <arrow/array/data.h>
#include <arrow/type.h>

#include <limits>
#include <string>
#include <utility>

#include "headrace/model/batch_bytes.h"
#include "headrace/source/column_buffer.h"
#include "headrace/source/postgres/wire.h"

namespace headrace {
namespace {

class ListReader final : public FieldReader {
 public:
  ListReader(std::shared_ptr<arrow::DataType> type, FieldReaderPtr element, bool wrapped,
             ReadContext& context)
      : FieldReader(context),
        type_(std::move(type)),
        element_(std::move(element)),
        wrapped_(wrapped),
        element_width_(NestedValueBytes(*type_->field(0)->type())) {}

  bool Read(const uint8_t* data, int32_t size) override {
    if (size == -1) return AppendNull();
    wire::Cursor cursor(data, size);
    int32_t dimensions = 0;
    int32_t flags = 0;
    int32_t element_type = 0;
    if (!cursor.TakeInt32(dimensions) || !cursor.TakeInt32(flags) ||
        !cursor.TakeInt32(element_type)) {
      return Malformed("array", size);
    }
    if (dimensions < 0) return Malformed("array", size);
    if (dimensions > 1) {
      return NullInsteadOf("an array of " + std::to_string(dimensions) + " dimensions") &&
             AppendNull();
    }
    if (dimensions == 1 && !ReadElements(cursor)) return FailedElements(size);
    if (cursor.left() != 0) return Malformed("array", size);
    return End();
  }

  int64_t variable_bytes() const override {
    return element_->length() * element_width_ + element_->variable_bytes();
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    const int64_t nulls = validity_.nulls();
    ARROW_RETURN_NOT_OK(GrowTo(std::max(length_, capacity_)));
    ARROW_ASSIGN_OR_RAISE(auto validity, validity_.Take(length_));
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Take((length_ + 1) * kOffsetBytes));
    ARROW_ASSIGN_OR_RAISE(auto elements, element_->Finish());
    const int64_t length = std::exchange(length_, 0);
    capacity_ = 0;
    return arrow::ArrayData::Make(type_, length, {std::move(validity), std::move(offsets)},
                                  {std::move(elements)}, nulls);
  }

 protected:
  arrow::Status GrowTo(int64_t capacity) override {
    ARROW_RETURN_NOT_OK(offsets_.Reserve((capacity + 1) * kOffsetBytes));
    ARROW_RETURN_NOT_OK(validity_.Grow(capacity));
    offset_ = reinterpret_cast<int32_t*>(offsets_.data());
    offset_[0] = 0;
    capacity_ = capacity;
    return arrow::Status::OK();
  }

 private:
  static constexpr int64_t kOffsetBytes = sizeof(int32_t);

  bool ReadElements(wire::Cursor& cursor) {
    int32_t count = 0;
    int32_t lower_bound = 0;
    const int64_t wire_bytes = cursor.left();
    if (!cursor.TakeInt32(count) || !cursor.TakeInt32(lower_bound)) return false;
    // Each element has at least its length: a count that is larger cannot be true.
    if (count < 0 || count > cursor.left() / 4 || !element_->MakeRoom(count)) return false;
    for (int32_t i = 0; i < count; ++i) {
      const uint8_t* data = nullptr;
      int32_t size = 0;
      if (!cursor.TakeField(data, size)) return false;
      if (wrapped_ && !Unwrap(data, size)) return false;
      if (!element_->Read(data, size)) return false;
    }
    // A NULL element is four bytes on the wire, and all its fields in memory.
    Expanded(count * element_width_ - wire_bytes);
    return true;
  }

  /// From a record of one field to that field.
  static bool Unwrap(const uint8_t*& data, int32_t& size) {
    wire::Cursor record(data, size);
    int32_t fields = 0;
    int32_t type = 0;
    return size >= 0 && record.TakeInt32(fields) && fields == 1 && record.TakeInt32(type) &&
           record.TakeField(data, size) && record.left() == 0;
  }

  /// An element's own complaint stands; otherwise the array itself is malformed.
  bool FailedElements(int32_t size) {
    if (!context_->overflow.empty() || !context_->failure.ok()) return false;
    return Malformed("array", size);
  }

  bool End() {
    if (element_->length() > std::numeric_limits<int32_t>::max()) {
      return Succeed(arrow::Status::CapacityError("more than 2^31 array elements in one batch"));
    }
    offset_[++length_] = static_cast<int32_t>(element_->length());
    return true;
  }

  bool AppendNull() { return Succeed(validity_.SetNull(length_, capacity_)) && End(); }

  std::shared_ptr<arrow::DataType> type_;
  FieldReaderPtr element_;
  bool wrapped_;
  int64_t element_width_;  ///< Of what does not vary.
  ColumnBuffer offsets_;
  ValidityBuffer validity_;
  int32_t* offset_ = nullptr;
};

class StructReader final : public FieldReader {
 public:
  StructReader(std::shared_ptr<arrow::DataType> type, std::vector<StructField> fields,
               ReadContext& context)
      : FieldReader(context), type_(std::move(type)), fields_(std::move(fields)) {}

  bool Read(const uint8_t* data, int32_t size) override {
    if (size == -1) return AppendNull();
    wire::Cursor cursor(data, size);
    int32_t count = 0;
    if (!cursor.TakeInt32(count)) return Malformed("composite", size);
    if (std::cmp_not_equal(count, fields_.size())) return Altered();
    for (const StructField& field : fields_) {
      if (!ReadNext(cursor, field)) return FailedField(size);
    }
    if (cursor.left() != 0) return Malformed("composite", size);
    ++length_;
    return true;
  }

  int64_t variable_bytes() const override {
    int64_t bytes = 0;
    for (const StructField& field : fields_) bytes += field.reader->variable_bytes();
    return bytes;
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    const int64_t nulls = validity_.nulls();
    ARROW_ASSIGN_OR_RAISE(auto validity, validity_.Take(length_));
    std::vector<std::shared_ptr<arrow::ArrayData>> children;
    for (const StructField& field : fields_) {
      ARROW_ASSIGN_OR_RAISE(auto child, field.reader->Finish());
      children.push_back(std::move(child));
    }
    const int64_t length = std::exchange(length_, 0);
    capacity_ = 0;
    return arrow::ArrayData::Make(type_, length, {std::move(validity)}, std::move(children), nulls);
  }

 protected:
  arrow::Status GrowTo(int64_t capacity) override {
    for (const StructField& field : fields_) {
      if (!field.reader->Reserve(capacity)) {
        return std::exchange(context_->failure, arrow::Status::OK());
      }
    }
    ARROW_RETURN_NOT_OK(validity_.Grow(capacity));
    capacity_ = capacity;
    return arrow::Status::OK();
  }

 private:
  bool ReadNext(wire::Cursor& cursor, const StructField& field) {
    int32_t type = 0;
    const uint8_t* data = nullptr;
    int32_t size = 0;
    if (!cursor.TakeInt32(type)) return false;
    const auto type_oid = static_cast<uint32_t>(type);
    if (field.type_oid != 0 && type_oid != field.type_oid) return Altered();
    return cursor.TakeField(data, size) && field.reader->Read(data, size);
  }

  bool Altered() {
    context_->failure = TransientError("a composite type was altered while its values were read",
                                       std::string(kSnapshotLostCode));
    return false;
  }

  bool FailedField(int32_t size) {
    if (!context_->overflow.empty() || !context_->failure.ok()) return false;
    return Malformed("composite", size);
  }

  bool AppendNull() {
    for (const StructField& field : fields_) {
      if (!field.reader->Read(nullptr, -1)) return false;
    }
    return Succeed(validity_.SetNull(length_++, capacity_));
  }

  std::shared_ptr<arrow::DataType> type_;
  std::vector<StructField> fields_;
  ValidityBuffer validity_;
};

}  // namespace

FieldReaderPtr MakeListReader(const std::shared_ptr<arrow::DataType>& type, FieldReaderPtr element,
                              bool wrapped, ReadContext& context) {
  return std::make_unique<ListReader>(type, std::move(element), wrapped, context);
}

FieldReaderPtr MakeStructReader(const std::shared_ptr<arrow::DataType>& type,
                                std::vector<StructField> fields, ReadContext& context) {
  return std::make_unique<StructReader>(type, std::move(fields), context);
}

}  // namespace headrace
