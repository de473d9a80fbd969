#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"

namespace headrace {

/// The bytes of one CopyData message. The server sends one row per message; the header of the
/// stream shares the first one.
using CopyMessage = std::span<const uint8_t>;

/// The running answer to a COPY … TO STDOUT. While it lives nothing else may use its connection.
/// Not thread-safe.
class CopyStream {
 public:
  /// Stops.
  virtual ~CopyStream() = default;

  /// The next messages, in order, at least one; none at the end, when everything that was sent has
  /// run without an error. They are valid until the next call. After an error the stream is
  /// finished.
  virtual arrow::Result<std::span<const CopyMessage>> Next(const std::stop_token& stop) = 0;

  /// The messages of the last Next are done with: memory that only large ones needed is given back,
  /// sooner than the next Next would.
  virtual void Release() = 0;

  /// Cancels an unfinished copy, so that the connection can be used again or is marked broken.
  /// True: everything that was sent has run without an error after all. False: a transaction in
  /// which it ran has failed.
  virtual bool Stop() = 0;
};

enum class CopyTransport {
  kAuto,   ///< Straight from the socket where no encryption lies between, which saves libpq's copy
           ///< and allocation of each row.
  kLibpq,  ///< Always through libpq.
};

/// Sends `sql`: statements of which exactly one is a COPY … TO STDOUT, run as one message. Errors
/// of the statements before the COPY may show here or in Next. `connection` must be idle and
/// outlive the stream.
arrow::Result<std::unique_ptr<CopyStream>> StartCopy(PgConnection& connection,
                                                     const std::string& sql,
                                                     CopyTransport transport,
                                                     const std::stop_token& stop);

}  // namespace headrace
