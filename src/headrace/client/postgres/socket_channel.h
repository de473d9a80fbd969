#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string_view>

#include "headrace/client/postgres/receive_buffer.h"
#include "headrace/model/error.h"

namespace headrace {

/// Buffered, non-blocking reads and writes of the socket of an idle libpq connection. libpq must
/// not touch the socket between BeginReads and EndReads.
///
/// While data flows the kernel is asked to wake us only for kLowWaterBytes (SO_RCVLOWAT), which
/// saves most of the wake-ups; as the last bytes of an answer may be fewer, each wait ends after a
/// millisecond. When nothing came in that time the wait is for any byte, so that a slow server
/// costs no spinning.
class PgSocketChannel {
 public:
  explicit PgSocketChannel(int socket) : socket_(socket) {}

  arrow::Status BeginReads();
  /// Forgets buffered bytes, gives memory back that only a huge message needed, and makes the
  /// socket as libpq expects it.
  void EndReads();

  /// Sends all of `bytes`; a stop ends it in the middle, after which the connection is of no use.
  arrow::Status Send(std::string_view bytes, const std::stop_token& stop) const;

  /// What was received and not consumed. Valid until Fill.
  std::span<const uint8_t> buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void Consume(size_t bytes) { begin_ += bytes; }

  /// Gives memory back that only huge messages needed which are consumed. buffered() moves.
  void Release();
  size_t capacity() const { return buffer_.capacity(); }

  /// Waits for more input, at most for `patience`; false: none came. Errors: transient when the
  /// peer closed the connection, permanent where there is no memory for `wanted`. That is how many
  /// bytes the buffer must be able to hold from buffered() on.
  arrow::Result<bool> Fill(size_t wanted, std::chrono::milliseconds patience);

 private:
  arrow::Status MakeRoom(size_t wanted);
  void MoveToFront();
  arrow::Result<bool> Receive();
  void SetLowWater(int bytes);

  int socket_;
  int low_water_ = 1;
  ReceiveBuffer buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace headrace
