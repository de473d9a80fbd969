#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"

/// Policies hide rows from a role and say nothing of it. Sessions set `row_security = off`, as
/// pg_dump does, so that the server refuses what they would thin, whatever stands between the job
/// and the table; what is here says beforehand what it would refuse, and why.
namespace headrace {

/// Code of the error RowsAreHidden.
inline constexpr std::string_view kRowSecurityCode = "row_security";

/// `WITH RECURSIVE me(oid), reads(oid, role, attnum)` over the relation that `oid`, SQL, stands
/// for: it, and what it reads where it is a view, each with the role whose rights and policies
/// count there and a column that is read of it (0: which is not known). A view reads as its owner,
/// one with security_invoker as whoever asks.
std::string ReadsOf(const std::string& oid);

/// Tables whose policies hide rows from who reads a relation.
struct HiddenRows {
  std::string text;        ///< A clause for each of them; empty: there is none.
  bool shows_all = false;  ///< The policies are such that they hide no row now.
};

/// Of the table or view of this quoted name, as the current role reads it, whatever row_security is
/// set to.
arrow::Result<HiddenRows> FindHiddenRows(PgConnection& connection, const std::string& relation,
                                         const std::stop_token& stop);

/// What the server says against `sql`, one statement, because of policies where row_security is
/// off; empty: nothing. Runs nothing. In a transaction, which it leaves as it was.
arrow::Result<std::string> PolicyRefusal(PgConnection& connection, const std::string& sql,
                                         const std::stop_token& stop);

/// The error of a job that does not accept `hidden`.
arrow::Status RowsAreHidden(const HiddenRows& hidden);

}  // namespace headrace
