#pragma once

#include <string>
#include <utility>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"

namespace headrace {

/// SQL around statements that may fail: what begins before them, what ends after them, and what
/// makes the connection usable again after an error.
struct StatementScope {
  std::string begin;
  std::string end;
  std::string recover;
};

/// Inside a transaction that must survive: a savepoint.
StatementScope SavepointScope();

/// A transaction of its own; `begin` are BeginStatements.
StatementScope TransactionScope(std::string begin);

/// Makes `connection` usable again after an error in `scope`; marks it broken where that fails.
void Recover(PgConnection& connection, const StatementScope& scope);

/// Runs `work`, which returns a Status or Result, inside `scope`.
template <typename Work>
auto InScope(PgConnection& connection, const StatementScope& scope, const Work& work)
    -> decltype(work()) {
  ARROW_RETURN_NOT_OK(connection.Execute(scope.begin));
  auto result = work();
  if (result.ok()) {
    ARROW_RETURN_NOT_OK(connection.Execute(scope.end));
  } else {
    Recover(connection, scope);
  }
  return result;
}

/// Runs `work`, which returns a Status or Result, inside `scope`, and takes back what it did in any
/// case: settings and locks of its own are gone.
template <typename Work>
auto InScopeUndone(PgConnection& connection, const StatementScope& scope, const Work& work)
    -> decltype(work()) {
  ARROW_RETURN_NOT_OK(connection.Execute(scope.begin));
  auto result = work();
  Recover(connection, scope);
  return result;
}

}  // namespace headrace
