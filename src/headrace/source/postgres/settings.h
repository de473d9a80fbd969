#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/client/postgres/copy_stream.h"
#include "headrace/config/option.h"
#include "headrace/model/error.h"
#include "headrace/source/source.h"

namespace headrace {

/// `snapshot:` of the job file.
enum class SnapshotMode {
  kRequire,  ///< No run without one snapshot for all sessions.
  kPrefer,   ///< Without it where the server cannot export one.
  kOff,      ///< Each unit in a transaction of its own.
};

/// `row_security:` of the job file: what is done where policies of the server decide which rows the
/// role sees.
enum class RowSecurityMode {
  kError,   ///< The server refuses to read, as for pg_dump: rows are missing nowhere in silence.
  kAccept,  ///< The rows that the policies show are the table.
};

/// The source section of a job, ready to use.
struct PgSourceSettings {
  PgConnectSettings connect;
  SnapshotMode snapshot = SnapshotMode::kRequire;
  RowSecurityMode row_security = RowSecurityMode::kError;
  std::chrono::milliseconds statement_timeout{0};  ///< 0: none.
  std::chrono::milliseconds lock_timeout{30'000};
  SourceUse use = SourceUse::kCopy;
  CopyTransport transport = CopyTransport::kAuto;
};

/// What is wrong with the URI: what libpq would find only when it connects, and report like a
/// server that is not there. Never the URI's text.
std::vector<OptionFault> PgOptionFaults(const OptionValues& values);

/// Errors of class user name the option; among them the first of PgOptionFaults.
arrow::Result<PgSourceSettings> ReadPgSettings(const OptionValues& values,
                                               SourceUse use = SourceUse::kCopy);

/// `postgresql://user@host:port/database`, without secrets.
std::string PgEndpoint(const PgConnectSettings& connect);

/// Server and database that a connection goes to, whatever says so (PgPlaceOf):
/// `postgresql://127.0.0.1:5432/shop`. Without user and secrets; empty where it cannot be told.
std::string PgPlaceText(const PgConnectSettings& connect);

/// The same error, with the endpoint where it is about the connection and names no host: a server
/// that refuses a user or a database says nothing of where it is.
arrow::Status NameEndpoint(const arrow::Status& status, const PgConnectSettings& connect);

/// Begins a read-only transaction and makes everything that shapes values the same on every server.
/// Only SET LOCAL: a pooler hands the server's session on as it was. `server_version` as
/// PgConnection gives it.
std::string BeginStatements(const PgSourceSettings& settings, int server_version);

/// BEGIN alone, for a transaction that has to import a snapshot before anything else.
inline constexpr std::string_view kBeginReadOnly =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ";

/// The settings of BeginStatements alone.
std::string SessionSettings(const PgSourceSettings& settings, int server_version);

/// As a job writes it: `30s`, `250ms`.
std::string DurationText(std::chrono::milliseconds duration);

/// The same error, with the key of the job that set the time where a lock was not had, or a
/// statement was not done, within it.
arrow::Status NameTimeout(const arrow::Status& status, const PgSourceSettings& settings);

}  // namespace headrace
