#pragma once

#include <string>
#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// Code of a connection that broke without a word from the server (SQLSTATE connection_failure).
inline constexpr std::string_view kPgConnectionFailure = "08006";

/// Code of a right that the role lacks (SQLSTATE insufficient_privilege).
inline constexpr std::string_view kPgNoRight = "42501";

/// Code of a server whose shared memory has no room, mostly for another lock (SQLSTATE
/// out_of_memory).
inline constexpr std::string_view kPgOutOfMemory = "53200";

/// Code of a lock that was not to be had at once, or in time (SQLSTATE lock_not_available).
inline constexpr std::string_view kPgLockNotAvailable = "55P03";

/// Code of a transaction that cannot go on beside others (SQLSTATE serialization_failure): of one
/// that only reads, as all of headrace do, a standby says it whose replay is in its way.
inline constexpr std::string_view kPgSerializationFailure = "40001";

/// Code of a statement that was ended, by statement_timeout or by somebody (SQLSTATE
/// query_canceled).
inline constexpr std::string_view kPgQueryCanceled = "57014";

/// The class of an SQLSTATE, from the longest entry of a table that it begins with; `permanent`
/// where there is none. https://www.postgresql.org/docs/current/errcodes-appendix.html
ErrorClass PgErrorClass(std::string_view sqlstate);

/// The error that the server reported. Its code is the SQLSTATE, except where headrace has a code
/// of its own (kPushBackCode, kSnapshotLostCode): the message then ends with the SQLSTATE.
arrow::Status PgError(std::string_view sqlstate, std::string message);

/// A message of libpq itself as one line: it writes a line for each address that it tried, and
/// hints on lines that begin with a tab, and says of a connection that it has just closed that its
/// socket is invalid; where in the server's own source an error was made is left out. Sentences end
/// in full stops.
std::string PgMessageLine(std::string_view text);

/// Like PgError, for the text of a failed connection attempt made with verbose errors: finds
/// `FATAL:  53300: …` in it. Without an SQLSTATE no server has answered: transient, unless libpq's
/// own words say of every address that was tried that another attempt would end the same way. What
/// one address of a host answered counts for that host; of several hosts one that may come back is
/// enough for the error to be transient.
arrow::Status PgConnectError(std::string_view verbose_message);

}  // namespace headrace
