#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"

namespace headrace {

/// The queries of an estimate, in the transaction that `connection` is in. Errors say which
/// statement failed.
class EstimateQueries {
 public:
  /// `statement_timeout`: of the job; 0: none.
  EstimateQueries(PgConnection& connection, std::chrono::milliseconds statement_timeout,
                  std::stop_token stop);

  arrow::Result<PgResult> Ask(const std::string& sql);

  /// A question that a plan can do without: nothing where a right is missing. The transaction is as
  /// before in any case.
  arrow::Result<std::optional<PgResult>> AskIfAllowed(const std::string& sql);

  /// The same for one that reads rows: nothing either where the answer takes more than a few
  /// seconds, nor where it is any error that leaves the connection alive. The table may be read all
  /// the same; if not, its reading says so.
  arrow::Result<std::optional<PgResult>> AskBriefly(const std::string& sql);

 private:
  /// Whether an error of this code is no more than no answer.
  using IsInVain = bool (*)(std::string_view code);

  arrow::Result<std::optional<PgResult>> AskInSavepoint(const std::string& setting,
                                                        const std::string& sql,
                                                        IsInVain is_in_vain);

  PgConnection& connection_;
  const std::chrono::milliseconds patience_;
  const std::stop_token stop_;
};

}  // namespace headrace
