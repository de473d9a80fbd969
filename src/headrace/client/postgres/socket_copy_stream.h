#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/client/postgres/copy_stream.h"
#include "headrace/client/postgres/socket_channel.h"

namespace headrace {

/// A CopyStream that speaks the frontend/backend protocol (version 3) itself, from Query to
/// ReadyForQuery, over the socket of an idle libpq connection.
/// https://www.postgresql.org/docs/current/protocol-message-formats.html
class SocketCopyStream final : public CopyStream {
 public:
  /// `connection` is told to cancel, and that it broke; null in tests. Must outlive the stream, as
  /// must `channel`.
  static arrow::Result<std::unique_ptr<CopyStream>> Start(PgSocketChannel& channel,
                                                          const std::string& sql,
                                                          const std::stop_token& stop,
                                                          PgConnection* connection);
  SocketCopyStream(PgSocketChannel& channel, PgConnection* connection)
      : channel_(channel), connection_(connection) {}
  ~SocketCopyStream() override;

  arrow::Result<std::span<const CopyMessage>> Next(const std::stop_token& stop) override;
  void Release() override;
  bool Stop() override;

 private:
  arrow::Status ParseBuffered();
  arrow::Status TakeMessage(uint8_t type, CopyMessage body);
  arrow::Status Break(arrow::Status status);
  void Abandon();
  void Finish();

  PgSocketChannel& channel_;
  PgConnection* connection_;
  bool idle_ = false;    ///< ReadyForQuery has come, or nothing more will.
  bool copied_ = false;  ///< The COPY has begun.
  bool failed_ = false;  ///< The server has reported an error, or broke off.
  arrow::Status error_;  ///< Of the server; given out when it is ready again.
  size_t wanted_ = 0;    ///< Size of the message that is buffered in part.
  std::vector<CopyMessage> messages_;
};

}  // namespace headrace
