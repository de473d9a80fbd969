#pragma once

#include <arrow/array/data.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "headrace/source/column_buffer.h"

namespace headrace {

/// Offsets, bytes and validity of a utf8 or binary column.
class StringColumn {
 public:
  explicit StringColumn(std::shared_ptr<arrow::DataType> type) : type_(std::move(type)) {}

  /// Room for `capacity` values.
  arrow::Status GrowTo(int64_t capacity) {
    ARROW_RETURN_NOT_OK(offsets_.Reserve((capacity + 1) * kOffsetBytes));
    ARROW_RETURN_NOT_OK(validity_.Grow(capacity));
    offset_ = reinterpret_cast<int32_t*>(offsets_.data());
    offset_[0] = 0;
    return arrow::Status::OK();
  }

  /// Room for `size` more bytes of text; null where there is none, see `room_failure`.
  uint8_t* Room(int64_t size) {
    if (size > room_) [[unlikely]] {
      if (!MakeRoom(size)) return nullptr;
    }
    return bytes_ + used_;
  }

  /// Ends value `index` after `size` more bytes.
  void End(int64_t index, int64_t size) {
    used_ += size;
    room_ -= size;
    offset_[index + 1] = static_cast<int32_t>(used_);
  }

  arrow::Status SetNull(int64_t index, int64_t capacity) {
    ARROW_RETURN_NOT_OK(validity_.SetNull(index, capacity));
    End(index, 0);
    return arrow::Status::OK();
  }

  int64_t used() const { return used_; }
  const arrow::Status& room_failure() const { return room_failure_; }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish(int64_t length) {
    ARROW_RETURN_NOT_OK(GrowTo(std::max<int64_t>(length, 0)));
    const int64_t nulls = validity_.nulls();
    ARROW_ASSIGN_OR_RAISE(auto validity, validity_.Take(length));
    ARROW_ASSIGN_OR_RAISE(auto offsets, offsets_.Take((length + 1) * kOffsetBytes));
    ARROW_ASSIGN_OR_RAISE(auto bytes, data_.Take(used_));
    used_ = 0;
    room_ = kNoRoom;
    bytes_ = nullptr;
    return arrow::ArrayData::Make(
        type_, length, {std::move(validity), std::move(offsets), std::move(bytes)}, nulls);
  }

 private:
  static constexpr int64_t kOffsetBytes = sizeof(int32_t);
  static constexpr int64_t kFirstBytes = 4096;
  static constexpr int64_t kNoRoom = -1;  ///< No memory yet: not even room for an empty text.

  bool MakeRoom(int64_t size) {
    const int64_t needed = std::max(used_ + size, kFirstBytes);
    room_failure_ = needed > std::numeric_limits<int32_t>::max()
                        ? arrow::Status::CapacityError("more than 2 GiB of text in one batch")
                        : data_.Reserve(needed);
    if (!room_failure_.ok()) return false;
    bytes_ = data_.data();
    room_ = data_.capacity() - used_;
    return true;
  }

  std::shared_ptr<arrow::DataType> type_;
  ColumnBuffer offsets_;
  ColumnBuffer data_;
  ValidityBuffer validity_;
  int32_t* offset_ = nullptr;
  uint8_t* bytes_ = nullptr;
  int64_t used_ = 0;
  int64_t room_ = kNoRoom;  ///< Bytes left in `data_`.
  arrow::Status room_failure_;
};

}  // namespace headrace
