#include "headrace/client/postgres/error.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace headrace {
namespace {

struct SqlstateRule {
  std::string_view prefix;
  ErrorClass error_class;
  std::string_view code = {};  ///< Replaces the SQLSTATE as the code of the error.
};

using enum ErrorClass;

/// What a read-only session may meet. A condition of the job (`where`, a query, a view's
/// expression) is the only SQL that can fail on data, so data exceptions are the user's.
constexpr std::array kSqlstateRules = {
    SqlstateRule{"08", kTransient},                 // connection exception; poolers say 08P01
    SqlstateRule{"0A", kUser},                      // feature not supported
    SqlstateRule{"22", kUser},                      // data exception
    SqlstateRule{"22021", kPermanent},              // character not in repertoire
    SqlstateRule{"22P05", kPermanent},              // untranslatable character
    SqlstateRule{"25", kBug},                       // invalid transaction state
    SqlstateRule{"25006", kUser},                   // read-only transaction
    SqlstateRule{"25P03", kTransient},              // idle in transaction timeout
    SqlstateRule{"25P04", kTransient},              // transaction timeout
    SqlstateRule{"28", kUser},                      // invalid authorization
    SqlstateRule{"3D", kUser},                      // no such database
    SqlstateRule{"3F", kUser},                      // no such schema
    SqlstateRule{"40", kTransient},                 // serialization, deadlock, recovery conflict
    SqlstateRule{"42", kUser},                      // syntax, access rule, undefined object
    SqlstateRule{"53", kTransient, kPushBackCode},  // insufficient resources
    SqlstateRule{"53100", kPermanent},              // disk full
    SqlstateRule{"53200", kPermanent},              // no room for locks: fewer sessions do not help
    SqlstateRule{"54", kPermanent},                 // program limit
    SqlstateRule{"55006", kTransient},              // object in use
    SqlstateRule{"55P03", kTransient},              // lock not available
    SqlstateRule{"57", kTransient},                 // cancelled, shutdown, starting up
    SqlstateRule{"57P04", kUser},                   // database dropped
    SqlstateRule{"72000", kTransient, kSnapshotLostCode},  // snapshot too old
    SqlstateRule{"P0001", kUser},                          // raised by a function of the user's
};

constexpr std::string_view kProtocolViolation = "08P01";

/// What a pooler says where another attempt ends the same way. PgBouncer gives 08P01 to nearly all
/// it refuses, for want of room as well as for good.
constexpr std::array<std::string_view, 8> kPoolerRefusals = {
    "unsupported startup parameter",
    "no such database",
    "no such user",
    "authentication failed",
    "SSL required",
    "TLS connection required",
    "bouncer config error",
    "not allowed in statement pooling mode"};

/// What a pooler says, with the same code, where it has no room for another client, or no session
/// of the server came free in time. PgBouncer 1.18 to 1.24 (client.c, janitor.c).
constexpr std::array<std::string_view, 3> kPoolerIsFull = {
    "no more connections allowed", "client connections exceeded", "query_wait_timeout"};

struct LibpqRule {
  std::string_view words;
  ErrorClass error_class;
};

/// What libpq itself says where another attempt ends the same way; it has no codes. The words are
/// those of libpq 12 to 18 (fe-connect.c, fe-auth.c, fe-secure-openssl.c), and English, because
/// headrace sets no locale. What is not here may pass: refused, unreachable, timed out, a name that
/// is not found, a connection that is cut.
constexpr std::array kLibpqRules = {
    // Parameters, found wrong before anything is sent.
    LibpqRule{"definition of service \"", kUser},
    LibpqRule{"service file \"", kUser},
    LibpqRule{" value: \"", kUser},  // invalid sslmode value: "…", and others
    LibpqRule{"invalid connection option", kUser},
    LibpqRule{"invalid integer value", kUser},
    LibpqRule{"invalid port number", kUser},
    LibpqRule{"invalid SSL protocol version range", kUser},
    LibpqRule{"invalid value \"", kUser},
    LibpqRule{"could not match ", kUser},  // host names to addresses, ports to hosts
    LibpqRule{"could not parse network address", kUser},
    LibpqRule{"invalid when SSL support is not compiled in", kUser},
    LibpqRule{"Unix-domain socket path \"", kUser},  // too long
    LibpqRule{"host name must be specified", kUser},
    // Files of the job.
    LibpqRule{"root certificate file", kUser},
    LibpqRule{"could not open certificate file", kUser},
    LibpqRule{"could not read certificate file", kUser},
    LibpqRule{"private key file", kUser},
    LibpqRule{"certificate does not match private key", kUser},
    // What the job requires and the server does not have.
    LibpqRule{"server does not support SSL, but SSL was required", kUser},
    LibpqRule{"server doesn't support GSSAPI encryption, but it was required", kUser},
    LibpqRule{"GSSAPI encryption required but", kUser},
    LibpqRule{"channel binding required", kUser},
    LibpqRule{"channel binding is required", kUser},
    LibpqRule{"authentication method", kUser},  // required, or unknown to libpq
    LibpqRule{"none of the server's SASL authentication mechanisms are supported", kUser},
    // The server's certificate is not that of the server that was meant.
    LibpqRule{"certificate verify failed", kPermanent},
    LibpqRule{"does not match host name", kPermanent},
    LibpqRule{"could not get server's host name from server certificate", kPermanent},
    // TLS that the two sides do not have in common, and a client certificate that is refused.
    LibpqRule{"alert handshake failure", kPermanent},
    LibpqRule{"alert protocol version", kPermanent},
    LibpqRule{"unsupported protocol", kPermanent},
    LibpqRule{"no protocols available", kUser},
    LibpqRule{"alert unknown ca", kUser},
    LibpqRule{"alert bad certificate", kUser},
    LibpqRule{"alert certificate", kUser},  // required, expired, revoked, unknown
};

const SqlstateRule* FindSqlstateRule(std::string_view sqlstate) {
  const SqlstateRule* best = nullptr;
  for (const SqlstateRule& rule : kSqlstateRules) {
    if (!sqlstate.starts_with(rule.prefix)) continue;
    if (best == nullptr || rule.prefix.size() > best->prefix.size()) best = &rule;
  }
  return best;
}

bool IsSqlstateText(std::string_view text) {
  return text.size() == 5 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

bool ContainsOneOf(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::any_of(
      words, [&](std::string_view each) { return text.find(each) != std::string_view::npos; });
}

struct VerboseError {
  std::string sqlstate;
  std::string message;
};

/// Finds `<SEVERITY>:  <SQLSTATE>: <message>` in libpq's verbose text. Severities are translated,
/// the layout is not.
std::optional<VerboseError> ParseVerboseError(std::string_view text) {
  for (size_t at = text.find(":  "); at != std::string_view::npos; at = text.find(":  ", at + 1)) {
    const std::string_view rest = text.substr(at + 3);
    if (rest.size() < 7 || !IsSqlstateText(rest.substr(0, 5)) || rest.substr(5, 2) != ": ") {
      continue;
    }
    const std::string_view message = rest.substr(7);
    return VerboseError{std::string(rest.substr(0, 5)),
                        std::string(message.substr(0, message.find('\n')))};
  }
  return std::nullopt;
}

/// Of one attempt; transient where no rule is about it.
ErrorClass AttemptClass(std::string_view text) {
  const auto* rule = std::ranges::find_if(kLibpqRules, [&](const LibpqRule& known) {
    return text.find(known.words) != std::string_view::npos;
  });
  return rule == kLibpqRules.end() ? kTransient : rule->error_class;
}

/// libpq begins a new line with these words for each address.
constexpr std::string_view kNext = "\nconnection to server ";

/// Of all attempts. One that may pass is enough to try again.
ErrorClass AttemptsClass(std::string_view text) {
  ErrorClass error_class = kTransient;
  while (!text.empty()) {
    const std::string_view attempt = text.substr(0, text.find(kNext));
    error_class = AttemptClass(attempt);
    if (error_class == kTransient) break;
    text.remove_prefix(std::min(text.size(), attempt.size() + 1));
  }
  return error_class;
}

/// The server's own error, or that of a pooler in front of it.
arrow::Status AnsweredError(VerboseError error) {
  const bool refused =
      error.sqlstate == kProtocolViolation && ContainsOneOf(error.message, kPoolerRefusals);
  return refused ? UserError(std::move(error.message), std::move(error.sqlstate))
                 : PgError(error.sqlstate, std::move(error.message));
}

/// `at "db" (10.0.0.1), port 5432`, without the address in brackets.
std::string HostOf(std::string_view attempt) {
  const std::string_view place = attempt.substr(0, attempt.find(" failed: "));
  const size_t address = place.find(" (");
  if (address == std::string_view::npos) return std::string(place);
  const size_t end = place.find(')', address);
  return std::string(place.substr(0, address)) +
         std::string(end == std::string_view::npos ? "" : place.substr(end + 1));
}

/// The text of each host, with all of its addresses that were tried one after the other.
std::vector<std::string_view> TextsOfHosts(std::string_view text) {
  std::vector<std::string_view> hosts;
  std::string last;
  for (size_t begin = 0; begin < text.size();) {
    const size_t next = text.find(kNext, begin);
    const size_t end = next == std::string_view::npos ? text.size() : next + 1;
    std::string host = HostOf(text.substr(begin, end - begin));
    if (!hosts.empty() && host == last) {
      hosts.back() = {hosts.back().data(), hosts.back().size() + (end - begin)};
    } else {
      hosts.push_back(text.substr(begin, end - begin));
    }
    last = std::move(host);
    begin = end;
  }
  return hosts;
}

arrow::Status HostError(std::string_view text) {
  if (auto parsed = ParseVerboseError(text)) return AnsweredError(*std::move(parsed));
  std::string message = PgMessageLine(text);
  if (message.empty()) message = "the connection failed";
  return MakeError(AttemptsClass(text), std::move(message), std::string(kPgConnectionFailure));
}

}  // namespace

std::string PgMessageLine(std::string_view text) {
  constexpr std::string_view kBlank = " \t\n";
  constexpr std::string_view kClosedSocket = "invalid socket";
  constexpr std::string_view kServerSource = "LOCATION: ";
  std::string out;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const size_t first = line.find_first_not_of(kBlank);
    if (first == std::string_view::npos) continue;
    line = line.substr(first, line.find_last_not_of(kBlank) + 1 - first);
    if (out.empty()) {
      out = line;
      continue;
    }
    if (line == kClosedSocket || line.starts_with(kServerSource)) continue;
    const bool goes_on = first > 0 && line.front() >= 'a' && line.front() <= 'z';
    const bool ended = std::string_view(".?!:").find(out.back()) != std::string_view::npos;
    out += goes_on || ended ? " " : ". ";
    out += line;
  }
  return out;
}

ErrorClass PgErrorClass(std::string_view sqlstate) {
  const SqlstateRule* rule = FindSqlstateRule(sqlstate);
  return rule == nullptr ? kPermanent : rule->error_class;
}

arrow::Status PgError(std::string_view sqlstate, std::string message) {
  constexpr SqlstateRule kFullPooler{kProtocolViolation, kTransient, kPushBackCode};
  const bool is_full = sqlstate == kProtocolViolation && ContainsOneOf(message, kPoolerIsFull);
  const SqlstateRule* rule = is_full ? &kFullPooler : FindSqlstateRule(sqlstate);
  if (rule == nullptr || rule->code.empty()) {
    return MakeError(PgErrorClass(sqlstate), std::move(message), std::string(sqlstate));
  }
  return MakeError(rule->error_class, message + " (SQLSTATE " + std::string(sqlstate) + ")",
                   std::string(rule->code));
}

arrow::Status PgConnectError(std::string_view verbose_message) {
  const std::vector<std::string_view> hosts = TextsOfHosts(verbose_message);
  if (hosts.size() > 1) {
    for (const std::string_view host : hosts) {
      const arrow::Status status = HostError(host);
      if (ClassOf(status) != kTransient) continue;
      return status.WithMessage(PgMessageLine(verbose_message));
    }
  }
  return HostError(verbose_message);
}

}  // namespace headrace
