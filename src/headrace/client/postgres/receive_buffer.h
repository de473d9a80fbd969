#pragma once

#include <cstddef>
#include <cstdint>

namespace headrace {

/// Memory that grows without a copy, is not filled with zeros, and goes back to the system when it
/// shrinks: pages of its own (mmap(2), mremap(2)). Sizes are rounded up to whole MiB.
class ReceiveBuffer {
 public:
  ReceiveBuffer() = default;
  ReceiveBuffer(const ReceiveBuffer&) = delete;
  ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;
  ~ReceiveBuffer();

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t capacity() const { return capacity_; }

  /// Room for `bytes`; what is there stays, perhaps elsewhere. False: there is no memory, and
  /// nothing has changed.
  bool GrowTo(size_t bytes);

  /// Gives back what lies behind `bytes`.
  void ShrinkTo(size_t bytes);

 private:
  uint8_t* data_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace headrace
