#include "headrace/client/postgres/error.h"

#include <algorithm>
#include <array>
#include <optional>

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

}  // namespace

std::string PgMessageLine(std::string_view text) {
  constexpr std::string_view kBlank = " \t\n";
  std::string out;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const size_t first = line.find_first_not_of(kBlank);
    if (first == std::string_view::npos) continue;
    line = line.substr(first, line.find_last_not_of(kBlank) + 1 - first);
    if (!out.empty()) {
      out += std::string_view(".?!:").find(out.back()) == std::string_view::npos ? ". " : " ";
    }
    out += line;
  }
  return out;
}

ErrorClass PgErrorClass(std::string_view sqlstate) {
  const SqlstateRule* rule = FindSqlstateRule(sqlstate);
  return rule == nullptr ? kPermanent : rule->error_class;
}

arrow::Status PgError(std::string_view sqlstate, std::string message) {
  const SqlstateRule* rule = FindSqlstateRule(sqlstate);
  if (rule == nullptr || rule->code.empty()) {
    return MakeError(PgErrorClass(sqlstate), std::move(message), std::string(sqlstate));
  }
  return MakeError(rule->error_class, message + " (SQLSTATE " + std::string(sqlstate) + ")",
                   std::string(rule->code));
}

arrow::Status PgConnectError(std::string_view verbose_message) {
  if (auto parsed = ParseVerboseError(verbose_message)) {
    return PgError(parsed->sqlstate, std::move(parsed->message));
  }
  std::string message = PgMessageLine(verbose_message);
  if (message.empty()) message = "the connection failed";
  return TransientError(std::move(message), std::string(kPgConnectionFailure));
}

}  // namespace headrace
