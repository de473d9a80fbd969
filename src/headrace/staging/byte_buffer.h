#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>

namespace headrace {

/// Bytes that grow and are not set to zero first, as std::vector would. Kept and reused from page
/// to page, but for memory that only one value much larger than a page needed.
class ByteBuffer {
 public:
  /// A page of 1 MiB ends with the value that makes it full.
  static constexpr size_t kMostKept = size_t{4} << 20;

  /// Room for `bytes` more behind the end, which does not move until Advance. The pointer holds
  /// until the next call.
  uint8_t* Grow(size_t bytes) {
    if (size_ + bytes > capacity_) {
      // Doubling a large value would take three times its size for a moment.
      const size_t step = capacity_ < kMostKept ? capacity_ : capacity_ / 4;
      Reallocate(std::max(size_ + bytes, capacity_ + step));
    }
    return data_.get() + size_;
  }

  /// The end moves over bytes written behind it.
  void Advance(size_t bytes) { size_ += bytes; }

  void Append(const void* bytes, size_t count) {
    std::memcpy(Grow(count), bytes, count);
    size_ += count;
  }

  void Clear() {
    size_ = 0;
    if (capacity_ <= kMostKept) return;
    data_.reset();
    capacity_ = 0;
  }

  uint8_t* data() { return data_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  std::span<const uint8_t> bytes() const { return {data_.get(), size_}; }

 private:
  struct Free {
    void operator()(uint8_t* data) const { std::free(data); }
  };

  void Reallocate(size_t capacity) {
    void* data = std::realloc(data_.get(), capacity);
    if (data == nullptr) throw std::bad_alloc();
    static_cast<void>(data_.release());  // realloc has freed it, or it is `data`.
    data_.reset(static_cast<uint8_t*>(data));
    capacity_ = capacity;
  }

  std::unique_ptr<uint8_t, Free> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace headrace
