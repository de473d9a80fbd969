#include "headrace/source/postgres/connection_limit.h"

#include <string>

namespace headrace {

/// By the name that the session has logged in with, whose connections are counted. Superusers are
/// counted for neither.
arrow::Status CheckPgConnectionLimits(PgConnection& connection, const StatementScope& scope,
                                      const std::stop_token& stop) {
  const auto limited =
      QuerySystem(connection, scope,
                  "SELECT limited.kind, limited.name"
                  " FROM pg_catalog.pg_roles AS r, pg_catalog.pg_database AS d, LATERAL (VALUES"
                  " ('ROLE', pg_catalog.quote_ident(r.rolname), r.rolconnlimit),"
                  " ('DATABASE', pg_catalog.quote_ident(d.datname), d.datconnlimit))"
                  " AS limited(kind, name, most)"
                  " WHERE r.rolname = session_user AND d.datname = pg_catalog.current_database()"
                  " AND NOT r.rolsuper AND limited.most = 1 ORDER BY limited.kind DESC",
                  stop);
  if (!limited.ok() || limited->rows() == 0) return arrow::Status::OK();
  std::string what;
  std::string statements;
  for (int i = 0; i < limited->rows(); ++i) {
    const std::string name =
        std::string(limited->Text(i, 0)) + " " + std::string(limited->Text(i, 1));
    what += (i == 0 ? "" : " and ") + name;
    statements += (i == 0 ? "`ALTER " : " and `ALTER ") + name + " CONNECTION LIMIT 3`";
  }
  const bool is_one = limited->rows() == 1;
  return UserError(what + (is_one ? " has" : " have") +
                   " CONNECTION LIMIT 1, and a run needs a connection for its snapshot and one for "
                   "each worker: " +
                   statements + (is_one ? " lets" : " let") + " two workers read");
}

}  // namespace headrace
