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

void PgSocketChannel::BeginReads() {
  begin_ = end_ = 0;
  if (buffer_.empty()) buffer_.resize(kBufferBytes);
}

void PgSocketChannel::EndReads() {
  SetLowWater(1);
  begin_ = end_ = 0;
  if (buffer_.size() > kBufferBytes) {
    buffer_.resize(kBufferBytes);
    buffer_.shrink_to_fit();
  }
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
  MakeRoom(wanted);
  WaitForEvent(socket_, POLLIN, std::min(patience, low_water_ > 1 ? kLowWaterPatience : patience));
  ARROW_ASSIGN_OR_RAISE(const bool received, Receive());
  SetLowWater(received ? kLowWaterBytes : 1);
  return received;
}

/// Moves the rest of a message to the front, and grows the buffer for a message that is larger.
void PgSocketChannel::MakeRoom(size_t wanted) {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (wanted > buffer_.size()) buffer_.resize(std::max(wanted, buffer_.size() * 2));
}

arrow::Result<bool> PgSocketChannel::Receive() {
  const ssize_t received =
      recv(socket_, buffer_.data() + end_, buffer_.size() - end_, MSG_DONTWAIT);
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
