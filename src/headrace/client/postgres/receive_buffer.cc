#include "headrace/client/postgres/receive_buffer.h"

#include <sys/mman.h>

namespace headrace {
namespace {

constexpr size_t kStepBytes = size_t{1} << 20;

size_t RoundUp(size_t bytes) { return (bytes + kStepBytes - 1) / kStepBytes * kStepBytes; }

}  // namespace

ReceiveBuffer::~ReceiveBuffer() {
  if (data_ != nullptr) munmap(data_, capacity_);
}

bool ReceiveBuffer::GrowTo(size_t bytes) {
  const size_t wanted = RoundUp(bytes);
  if (wanted <= capacity_) return true;
  void* const grown = data_ == nullptr ? mmap(nullptr, wanted, PROT_READ | PROT_WRITE,
                                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                       : mremap(data_, capacity_, wanted, MREMAP_MAYMOVE);
  if (grown == MAP_FAILED) return false;
  data_ = static_cast<uint8_t*>(grown);
  capacity_ = wanted;
  return true;
}

void ReceiveBuffer::ShrinkTo(size_t bytes) {
  const size_t wanted = RoundUp(bytes);
  if (wanted >= capacity_ || wanted == 0) return;
  if (munmap(data_ + wanted, capacity_ - wanted) == 0) capacity_ = wanted;
}

}  // namespace headrace
