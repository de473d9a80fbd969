#pragma once

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/status.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

namespace headrace {

/// A growing piece of memory that becomes an Arrow buffer without a copy. When a buffer that was
/// taken before has no other owner any more, its memory is used again: a reader that keeps its
/// buffers allocates no more of them than there are batches alive. What is freed goes back to the
/// system at once (main.cc), and costs a page fault for every 4 KiB when it is wanted again. Memory
/// that only a value much larger than a batch needed is not kept.
class ColumnBuffer {
 public:
  uint8_t* data() { return data_; }
  int64_t capacity() const { return capacity_; }

  /// Makes room for `bytes` in all; what is there stays.
  arrow::Status Reserve(int64_t bytes) {
    if (bytes <= capacity_) return arrow::Status::OK();
    const bool empty = buffer_ == nullptr;
    if (empty) Recycle();
    if (bytes <= capacity_) return arrow::Status::OK();
    // Nothing of it is wanted: growing would copy it. A small one grows all the same, which leaves
    // its pages mapped; else batch after batch would find memory that is a little too small.
    if (empty && capacity_ >= kMostDoubled) Drop();
    return Grow(bytes);
  }

  /// Hands over the first `size` bytes; the next Reserve starts empty. Memory of which less than
  /// half is used is given back: a batch that comes early may be held for long.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Take(int64_t size) {
    ARROW_RETURN_NOT_OK(Reserve(1));
    ARROW_RETURN_NOT_OK(buffer_->Resize(size, /*shrink_to_fit=*/size < capacity_ / 2));
    std::shared_ptr<arrow::ResizableBuffer> taken = std::move(buffer_);
    if (capacity_ <= kMostKept) Remember(taken);
    Drop();
    return taken;
  }

 private:
  /// A writer holds two or three batches of full size before it writes them, and as many more of
  /// small units (days of 14,400 rows took a third more CPU with four).
  static constexpr size_t kMostTaken = 8;

  /// Twice the largest batch (ReadLimits).
  static constexpr int64_t kMostKept = int64_t{16} << 20;

  /// From here on memory grows by a quarter: doubling would take, for a moment, three times what is
  /// wanted. What is wanted is mostly one value, whose size is known.
  static constexpr int64_t kMostDoubled = int64_t{4} << 20;

  int64_t NextCapacity(int64_t bytes) const {
    const int64_t step = capacity_ < kMostDoubled ? capacity_ : capacity_ / 4;
    return std::max(bytes, capacity_ + step);
  }

  void Remember(const std::shared_ptr<arrow::ResizableBuffer>& taken) {
    const auto empty = std::ranges::find(taken_, nullptr);
    if (empty != taken_.end()) {
      *empty = taken;
      return;
    }
    // All of them have other owners: one that nobody could use any more is forgotten.
    taken_[oldest_] = taken;
    oldest_ = (oldest_ + 1) % taken_.size();
  }

  void Recycle() {
    const auto unused =
        std::ranges::find_if(taken_, [](const auto& taken) { return taken.use_count() == 1; });
    if (unused == taken_.end()) return;
    std::atomic_thread_fence(
        std::memory_order_acquire);  // the last other owner may have been another thread
    buffer_ = std::move(*unused);
    Adopt();
  }

  arrow::Status Grow(int64_t bytes) {
    if (buffer_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(bytes));
    } else {
      ARROW_RETURN_NOT_OK(buffer_->Resize(NextCapacity(bytes), /*shrink_to_fit=*/false));
    }
    Adopt();
    return arrow::Status::OK();
  }

  void Drop() {
    buffer_.reset();
    data_ = nullptr;
    capacity_ = 0;
  }

  void Adopt() {
    data_ = buffer_->mutable_data();
    capacity_ = buffer_->capacity();
  }

  std::shared_ptr<arrow::ResizableBuffer> buffer_;
  std::array<std::shared_ptr<arrow::ResizableBuffer>, kMostTaken> taken_;
  size_t oldest_ = 0;  ///< Of taken_, about.
  uint8_t* data_ = nullptr;
  int64_t capacity_ = 0;
};

/// The validity bitmap of a column: costs nothing until the first NULL.
class ValidityBuffer {
 public:
  int64_t nulls() const { return nulls_; }
  int64_t bytes() const { return bits_.capacity(); }

  /// Notes that value `index` is NULL; `capacity` is how many values the column has room for.
  arrow::Status SetNull(int64_t index, int64_t capacity) {
    ARROW_RETURN_NOT_OK(Cover(capacity));
    bits_.data()[index >> 3] &= static_cast<uint8_t>(~(1U << (index & 7)));
    ++nulls_;
    return arrow::Status::OK();
  }

  /// Hands over the bitmap of `length` values; null where none of them is NULL.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Take(int64_t length) {
    covered_ = 0;
    if (std::exchange(nulls_, 0) == 0) return std::shared_ptr<arrow::Buffer>();
    return bits_.Take((length + 7) / 8);
  }

  /// The column has grown: new values are valid until they are set NULL.
  arrow::Status Grow(int64_t capacity) {
    return nulls_ == 0 ? arrow::Status::OK() : Cover(capacity);
  }

 private:
  arrow::Status Cover(int64_t capacity) {
    const int64_t bytes = (capacity + 7) / 8;
    if (bytes <= covered_) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(bits_.Reserve(bytes));
    std::memset(bits_.data() + covered_, 0xff, static_cast<size_t>(bytes - covered_));
    covered_ = bytes;
    return arrow::Status::OK();
  }

  ColumnBuffer bits_;
  int64_t covered_ = 0;  ///< Bytes of `bits_` that are set.
  int64_t nulls_ = 0;
};

}  // namespace headrace
