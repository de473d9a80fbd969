#include "headrace/client/postgres/socket_channel.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "headrace/client/postgres/error.h"

namespace headrace {
namespace {

constexpr size_t kBufferBytes = 1 << 20;
/// What is kept from one message to the next: rows of some MiB would else have it mapped anew each.
constexpr size_t kKeptBytes = 8 << 20;
// Half the buffer: what arrives while the rest is decoded fits. Measured against 64 KiB to 1 MiB.
constexpr int kLowWaterBytes = 512 << 10;
constexpr std::chrono::milliseconds kLowWaterPatience{1};
constexpr std::chrono::milliseconds kSendPatience{100};

bool WaitForEvent(int socket, short events, std::chrono::milliseconds patience) {
  pollfd entry{.fd = socket, .events = events, .revents = 0};
  return poll(&entry, 1, static_cast<int>(patience.count())) > 0;
}

arrow::Status SocketError(int error) {
  return TransientError("the connection to the server was lost: " + std::string(strerror(error)),
                        std::string(kPgConnectionFailure));
}

bool IsWouldBlock(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

arrow::Status PgSocketChannel::BeginReads() {
  begin_ = end_ = 0;
  return MakeRoom(kBufferBytes);
}

void PgSocketChannel::EndReads() {
  SetLowWater(1);
  begin_ = end_ = 0;
  buffer_.ShrinkTo(kBufferBytes);
}

void PgSocketChannel::Release() {
  if (buffer_.capacity() <= kKeptBytes) return;
  MoveToFront();
  buffer_.ShrinkTo(std::max(end_, kBufferBytes));
}

arrow::Status PgSocketChannel::Send(std::string_view bytes, const std::stop_token& stop) const {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (IsWouldBlock(errno)) {
      if (stop.stop_requested()) return InterruptedError();
      WaitForEvent(socket_, POLLOUT, kSendPatience);
    } else {
      return SocketError(errno);
    }
  }
  return arrow::Status::OK();
}

arrow::Result<bool> PgSocketChannel::Fill(size_t wanted, std::chrono::milliseconds patience) {
  ARROW_RETURN_NOT_OK(MakeRoom(wanted));
  WaitForEvent(socket_, POLLIN, std::min(patience, low_water_ > 1 ? kLowWaterPatience : patience));
  ARROW_ASSIGN_OR_RAISE(const bool received, Receive());
  SetLowWater(received ? kLowWaterBytes : 1);
  return received;
}

/// Moves the rest of a message to the front.
void PgSocketChannel::MoveToFront() {
  if (begin_ == 0) return;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
}

/// Grows the buffer for a message that is larger: to its size, which is known, and not to twice
/// what there was.
arrow::Status PgSocketChannel::MakeRoom(size_t wanted) {
  MoveToFront();
  if (wanted <= buffer_.capacity()) return arrow::Status::OK();
  if (buffer_.GrowTo(wanted)) return arrow::Status::OK();
  return PermanentError("no memory for a row of " + std::to_string(wanted) +
                        " bytes that the server sends");
}

arrow::Result<bool> PgSocketChannel::Receive() {
  const ssize_t received =
      recv(socket_, buffer_.data() + end_, buffer_.capacity() - end_, MSG_DONTWAIT);
  if (received > 0) {
    end_ += static_cast<size_t>(received);
    return true;
  }
  if (received == 0) {
    return TransientError("the server closed the connection", std::string(kPgConnectionFailure));
  }
  if (IsWouldBlock(errno)) return false;
  return SocketError(errno);
}

void PgSocketChannel::SetLowWater(int bytes) {
  if (bytes == low_water_) return;
  // Where the socket does not know the option (unix sockets of old kernels) reads are only smaller.
  setsockopt(socket_, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
  low_water_ = bytes;
}

}  // namespace headrace
