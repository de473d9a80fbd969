#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/client/postgres/copy_stream.h"

namespace headrace {

/// A CopyStream through PQgetCopyData: the way of encrypted connections.
class LibpqCopyStream final : public CopyStream {
 public:
  static arrow::Result<std::unique_ptr<CopyStream>> Start(PgConnection& connection,
                                                          const std::string& sql,
                                                          const std::stop_token& stop);
  explicit LibpqCopyStream(PgConnection& connection) : connection_(connection) {}
  ~LibpqCopyStream() override;

  arrow::Result<std::span<const CopyMessage>> Next(const std::stop_token& stop) override;
  void Release() override;
  bool Stop() override;

 private:
  struct MemoryFreer {
    void operator()(char* memory) const;
  };
  enum class State { kStarting, kCopying, kEnding, kDone };

  arrow::Status Begin(const std::stop_token& stop);
  arrow::Status TakeMessages();
  arrow::Status End(const std::stop_token& stop);
  arrow::Status RowError();
  arrow::Status Fail(arrow::Status status);
  void Abandon();
  bool DropInput();

  PgConnection& connection_;
  State state_ = State::kStarting;
  bool failed_ = false;  ///< The server has reported an error, or the connection broke.
  bool interrupted_ = false;
  std::vector<std::unique_ptr<char, MemoryFreer>> memory_;
  std::vector<CopyMessage> messages_;
};

}  // namespace headrace
