#include "headrace/client/postgres/libpq_copy_stream.h"

#include <libpq-fe.h>

#include <chrono>
#include <utility>

#include "headrace/client/postgres/error.h"

namespace headrace {
namespace {

/// Messages handed out at once: libpq allocates each, so few are alive at a time.
constexpr size_t kMessagesAtOnce = 64;
constexpr size_t kBytesAtOnce = 256 << 10;

/// How long a cancelled COPY may take to end.
constexpr std::chrono::seconds kCopyCancelPatience{5};

}  // namespace

void LibpqCopyStream::MemoryFreer::operator()(char* memory) const { PQfreemem(memory); }

arrow::Result<std::unique_ptr<CopyStream>> LibpqCopyStream::Start(PgConnection& connection,
                                                                  const std::string& sql,
                                                                  const std::stop_token& stop) {
  if (PQsendQuery(connection.handle(), sql.c_str()) == 0) return connection.LastError();
  auto stream = std::make_unique<LibpqCopyStream>(connection);
  ARROW_RETURN_NOT_OK(stream->Begin(stop));
  return stream;
}

LibpqCopyStream::~LibpqCopyStream() { Stop(); }

bool LibpqCopyStream::Stop() {
  if (state_ != State::kDone) Abandon();
  return !failed_;
}

/// Passes the results of the statements before the COPY.
arrow::Status LibpqCopyStream::Begin(const std::stop_token& stop) {
  while (true) {
    ARROW_RETURN_NOT_OK(connection_.WaitForResult(stop, interrupted_));
    const PgResult result(PQgetResult(connection_.handle()));
    if (result.handle() == nullptr) return Fail(BugError("the statements hold no COPY TO STDOUT"));
    if (arrow::Status status = result.status(); !status.ok()) {
      failed_ = true;
      return Fail(std::move(status));
    }
    if (PQresultStatus(result.handle()) == PGRES_COPY_OUT) break;
  }
  if (interrupted_) return Fail(InterruptedError());
  state_ = State::kCopying;
  return arrow::Status::OK();
}

arrow::Result<std::span<const CopyMessage>> LibpqCopyStream::Next(const std::stop_token& stop) {
  Release();
  if (state_ == State::kDone) return std::span<const CopyMessage>();
  while (true) {
    if (stop.stop_requested()) return Fail(InterruptedError());
    if (state_ == State::kCopying) ARROW_RETURN_NOT_OK(TakeMessages());
    if (!messages_.empty()) return std::span<const CopyMessage>(messages_);
    if (state_ == State::kEnding) {
      ARROW_RETURN_NOT_OK(End(stop));
      return std::span<const CopyMessage>();
    }
    ARROW_RETURN_NOT_OK(connection_.WaitForInput());
  }
}

void LibpqCopyStream::Release() {
  messages_.clear();
  memory_.clear();
}

/// Takes what libpq has received.
arrow::Status LibpqCopyStream::TakeMessages() {
  size_t bytes = 0;
  while (messages_.size() < kMessagesAtOnce && bytes < kBytesAtOnce) {
    char* memory = nullptr;
    const int size = PQgetCopyData(connection_.handle(), &memory, /*async=*/1);
    if (size == -1) state_ = State::kEnding;
    if (size == 0 || size == -1) break;
    if (size < -1) return Fail(RowError());
    memory_.emplace_back(memory);
    messages_.emplace_back(reinterpret_cast<const uint8_t*>(memory), static_cast<size_t>(size));
    bytes += static_cast<size_t>(size);
  }
  return arrow::Status::OK();
}

/// Of a row that libpq could not hand out, mostly for want of memory. It stays first in libpq's
/// buffer, so that nothing behind it can be read.
arrow::Status LibpqCopyStream::RowError() {
  failed_ = true;
  arrow::Status error = connection_.LastError();
  connection_.MarkBroken();
  return error;
}

/// Takes the results of the COPY and of the statements behind it.
arrow::Status LibpqCopyStream::End(const std::stop_token& stop) {
  arrow::Status error;
  while (true) {
    ARROW_RETURN_NOT_OK(connection_.WaitForResult(stop, interrupted_));
    const PgResult result(PQgetResult(connection_.handle()));
    if (result.handle() == nullptr) break;
    if (error.ok()) error = result.status();
  }
  state_ = State::kDone;
  failed_ = !error.ok();
  return interrupted_ ? InterruptedError() : error;
}

arrow::Status LibpqCopyStream::Fail(arrow::Status status) {
  Abandon();
  return status;
}

/// Makes the connection idle again: cancels a running COPY, then drops what still comes, for a
/// bounded time.
void LibpqCopyStream::Abandon() {
  const bool running = state_ == State::kCopying;
  state_ = State::kDone;
  Release();
  if (connection_.broken()) {
    failed_ = true;
    return;
  }
  if (running && !connection_.Cancel()) {
    connection_.MarkBroken();
    failed_ = true;
    return;
  }
  const auto deadline = std::chrono::steady_clock::now() + kCopyCancelPatience;
  while (DropInput()) {
    if (std::chrono::steady_clock::now() > deadline || !connection_.WaitForInput().ok()) {
      connection_.MarkBroken();
      failed_ = true;
      return;
    }
  }
}

/// Drops what libpq has received. False: the connection is idle, or broken.
bool LibpqCopyStream::DropInput() {
  PGconn* connection = connection_.handle();
  while (PQisBusy(connection) == 0) {
    const PgResult result(PQgetResult(connection));
    if (result.handle() == nullptr) return false;
    if (!result.status().ok()) failed_ = true;
    if (PQresultStatus(result.handle()) != PGRES_COPY_OUT) continue;
    char* memory = nullptr;
    int size = 0;
    while ((size = PQgetCopyData(connection, &memory, /*async=*/1)) > 0) PQfreemem(memory);
    if (size == 0) return true;
    if (size < -1) {
      static_cast<void>(RowError());
      return false;
    }
  }
  return true;
}

}  // namespace headrace
