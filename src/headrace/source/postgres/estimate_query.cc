#include "headrace/source/postgres/estimate_query.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "headrace/client/postgres/error.h"
#include "headrace/model/utf8.h"
#include "headrace/source/postgres/transaction.h"

namespace headrace {
namespace {

/// Of one question that reads rows. The look-ups and samples of a plan take milliseconds; row
/// security whose policy is slow, or an index full of dead rows, is no reason to wait longer.
constexpr std::chrono::milliseconds kPatience{3'000};

/// Its beginning: one that compares keys of the table holds thousands of them.
arrow::Status WithStatement(const arrow::Status& status, const std::string& sql) {
  return status.WithMessage(status.message() + " (while it was asked: " + ShortenedValue(sql) +
                            ")");
}

bool IsMissingRight(std::string_view code) { return code == kPgNoRight; }

/// Whether an error is the statement's alone: access methods cannot sample, temporary files have a
/// limit, a policy raises what it likes. Not of a stop, of a connection that ends (classes 08 and
/// 57P), and of one that headrace itself found.
bool IsOfStatement(std::string_view code) {
  return !code.empty() && code != kInterruptedCode && !code.starts_with("08") &&
         !code.starts_with("57P");
}

}  // namespace

EstimateQueries::EstimateQueries(PgConnection& connection,
                                 std::chrono::milliseconds statement_timeout, std::stop_token stop)
    : connection_(connection),
      patience_(statement_timeout.count() == 0 ? kPatience
                                               : std::min(kPatience, statement_timeout)),
      stop_(std::move(stop)) {}

arrow::Result<PgResult> EstimateQueries::Ask(const std::string& sql) {
  auto result = connection_.Query(sql, stop_);
  if (result.ok()) return result;
  // No statement is to blame for a connection that is lost.
  if (!IsOfStatement(CodeOf(result.status()))) return result;
  return WithStatement(result.status(), sql);
}

arrow::Result<std::optional<PgResult>> EstimateQueries::AskIfAllowed(const std::string& sql) {
  return AskInSavepoint("", sql, &IsMissingRight);
}

arrow::Result<std::optional<PgResult>> EstimateQueries::AskBriefly(const std::string& sql) {
  return AskInSavepoint("SET LOCAL statement_timeout = " + std::to_string(patience_.count()), sql,
                        &IsOfStatement);
}

arrow::Result<std::optional<PgResult>> EstimateQueries::AskInSavepoint(const std::string& setting,
                                                                       const std::string& sql,
                                                                       IsInVain is_in_vain) {
  const StatementScope scope = SavepointScope();
  ARROW_RETURN_NOT_OK(connection_.ExecuteToEnd(scope.begin + setting, stop_));
  auto result = Ask(sql);
  Recover(connection_, scope,
          stop_);  // After an answer as well: the setting goes with the savepoint.
  if (result.ok()) return std::optional<PgResult>(*std::move(result));
  if (!connection_.broken() && is_in_vain(CodeOf(result.status()))) return std::nullopt;
  return result.status();
}

}  // namespace headrace
