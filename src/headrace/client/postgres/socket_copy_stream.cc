#include "headrace/client/postgres/socket_copy_stream.h"

#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include "headrace/client/postgres/error.h"

namespace headrace {
namespace {

/// Type byte and length of a message; the length counts itself.
constexpr size_t kHeaderBytes = 5;
constexpr size_t kLengthBytes = 4;

/// The server's own limit (MaxAllocSize) with room for the framing: a larger length is not the
/// protocol.
constexpr uint32_t kMaxMessageBytes = 0x40000000 + 1024;

constexpr size_t kLargeMessageBytes = size_t{1} << 20;

constexpr std::chrono::milliseconds kStopPollInterval{100};
constexpr std::chrono::seconds kDrainPatience{5};

uint32_t LoadLength(const uint8_t* bytes) {
  uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return __builtin_bswap32(value);
}

std::string QueryMessage(const std::string& sql) {
  const uint32_t length = __builtin_bswap32(static_cast<uint32_t>(kLengthBytes + sql.size() + 1));
  std::string message = "Q";
  message.append(reinterpret_cast<const char*>(&length), sizeof(length));
  message.append(sql);
  message.push_back('\0');
  return message;
}

/// The fields of an ErrorResponse: one byte of type, then a string that ends with a zero byte.
arrow::Status ErrorOfResponse(CopyMessage body) {
  std::string sqlstate;
  std::string message;
  std::string more;
  std::string_view rest(reinterpret_cast<const char*>(body.data()), body.size());
  while (!rest.empty() && rest.front() != '\0') {
    const char field = rest.front();
    const size_t end = rest.find('\0', 1);
    const std::string_view value = rest.substr(1, end == std::string_view::npos ? end : end - 1);
    if (field == 'C') sqlstate = value;
    if (field == 'M') message = value;
    if (field == 'D' || field == 'H') more += "; " + std::string(value);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return PgError(sqlstate, message + more);
}

arrow::Status ProtocolError(uint8_t type) {
  return TransientError("the server's answer is not the expected protocol (message type " +
                            std::to_string(type) + ")",
                        std::string(kPgConnectionFailure));
}

}  // namespace

arrow::Result<std::unique_ptr<CopyStream>> SocketCopyStream::Start(PgSocketChannel& channel,
                                                                   const std::string& sql,
                                                                   const std::stop_token& stop,
                                                                   PgConnection* connection) {
  auto stream = std::make_unique<SocketCopyStream>(channel, connection);
  if (arrow::Status begun = channel.BeginReads(); !begun.ok()) {
    return stream->Break(std::move(begun));
  }
  if (arrow::Status sent = channel.Send(QueryMessage(sql), stop); !sent.ok()) {
    return stream->Break(std::move(sent));
  }
  return stream;
}

SocketCopyStream::~SocketCopyStream() { Abandon(); }

arrow::Result<std::span<const CopyMessage>> SocketCopyStream::Next(const std::stop_token& stop) {
  messages_.clear();
  while (true) {
    if (stop.stop_requested() && !idle_) {
      Abandon();
      return InterruptedError();
    }
    ARROW_RETURN_NOT_OK(ParseBuffered());
    if (!error_.ok()) messages_.clear();
    if (!messages_.empty()) return std::span<const CopyMessage>(messages_);
    if (idle_) break;
    const auto filled = channel_.Fill(wanted_, kStopPollInterval);
    // A server that shuts down says so, then closes the connection without a ReadyForQuery.
    if (!filled.ok()) return Break(error_.ok() ? filled.status() : error_);
  }
  Finish();
  ARROW_RETURN_NOT_OK(std::exchange(error_, arrow::Status::OK()));
  if (!copied_) return BugError("the statements hold no COPY TO STDOUT");
  return std::span<const CopyMessage>();
}

void SocketCopyStream::Release() {
  messages_.clear();
  channel_.Release();
}

bool SocketCopyStream::Stop() {
  Abandon();
  return !failed_;
}

/// Takes all whole messages of the buffer, up to a large one: what stands behind that must not keep
/// its memory from being released.
arrow::Status SocketCopyStream::ParseBuffered() {
  const std::span<const uint8_t> bytes = channel_.buffered();
  size_t at = 0;
  wanted_ = kHeaderBytes;
  while (!idle_ && bytes.size() - at >= kHeaderBytes) {
    const uint8_t type = bytes[at];
    const uint32_t length = LoadLength(bytes.data() + at + 1);
    if (length < kLengthBytes || length > kMaxMessageBytes) return Break(ProtocolError(type));
    if (bytes.size() - at < 1 + size_t{length}) {
      wanted_ = 1 + size_t{length};
      break;
    }
    const CopyMessage body = bytes.subspan(at + kHeaderBytes, length - kLengthBytes);
    at += 1 + size_t{length};
    if (type == 'd') {
      messages_.push_back(body);
      if (body.size() > kLargeMessageBytes) break;
    } else {
      ARROW_RETURN_NOT_OK(TakeMessage(type, body));
    }
  }
  channel_.Consume(at);
  return arrow::Status::OK();
}

arrow::Status SocketCopyStream::TakeMessage(uint8_t type, CopyMessage body) {
  static constexpr std::string_view kIgnored = "cCNSATDI";
  if (type == 'H') {
    copied_ = true;
  } else if (type == 'E') {
    if (error_.ok()) error_ = ErrorOfResponse(body);
    failed_ = true;
  } else if (type == 'Z') {
    idle_ = true;
  } else if (kIgnored.find(static_cast<char>(type)) == std::string_view::npos) {
    return Break(ProtocolError(type));
  }
  return arrow::Status::OK();
}

/// The connection is of no use any more.
arrow::Status SocketCopyStream::Break(arrow::Status status) {
  if (connection_ != nullptr) connection_->MarkBroken();
  failed_ = true;
  Finish();
  return status;
}

/// Makes the connection idle again: cancels, then drops what still comes, for a bounded time.
void SocketCopyStream::Abandon() {
  if (idle_) return Finish();
  if (connection_ != nullptr && !failed_ && !connection_->Cancel()) {
    static_cast<void>(Break(arrow::Status::OK()));
    return;
  }
  const auto deadline = std::chrono::steady_clock::now() + kDrainPatience;
  while (!idle_) {
    messages_.clear();
    if (!ParseBuffered().ok()) return;
    if (idle_) break;
    if (!messages_.empty()) continue;
    if (!channel_.Fill(wanted_, kStopPollInterval).ok() ||
        std::chrono::steady_clock::now() > deadline) {
      static_cast<void>(Break(arrow::Status::OK()));
      return;
    }
  }
  Finish();
}

void SocketCopyStream::Finish() {
  idle_ = true;
  messages_.clear();
  channel_.EndReads();
}

}  // namespace headrace
