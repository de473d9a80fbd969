// What a snapshot says of itself.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "headrace/source/postgres/test_database.h"

namespace headrace {
namespace {

class PostgresSnapshotTest : public PostgresDatabaseTest {
 protected:
  /// Of a table `t`; its connections have the schema's name.
  std::unique_ptr<Snapshot> OpenNamed(const std::string& mode) {
    OptionValues options;
    options.Set("application_name", schema_);
    options.Set("snapshot", mode);
    return OpenSnapshot({Table("t")}, std::move(options));
  }

  /// Connections of that name of which `condition` is true.
  std::string Holders(const std::string& condition) {
    return Value("SELECT count(*) FROM pg_stat_activity a WHERE application_name = " +
                 PgQuoteLiteral(schema_) + " AND " + condition);
  }
};

constexpr const char* kHoldsRows = "backend_xmin IS NOT NULL";
constexpr const char* kHoldsTable =
    "EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.granted"
    " AND l.relation = 't'::regclass)";

TEST_F(PostgresSnapshotTest, SaysWhatItHoldsUp) {
  Run("CREATE TABLE t (id int)");
  const auto snapshot = OpenNamed("require");
  EXPECT_EQ(snapshot->HeldUp(),
            "VACUUM keeps every row of the database that was deleted since, and statements that "
            "alter or truncate a table of the job wait, as does all that queues behind them");
  EXPECT_EQ(Holders(kHoldsRows), "1");
  EXPECT_EQ(Holders(kHoldsTable), "1");
}

TEST_F(PostgresSnapshotTest, WhereThereIsNoneNothingIsHeldUp) {
  Run("CREATE TABLE t (id int)");
  const auto snapshot = OpenNamed("off");
  EXPECT_EQ(snapshot->HeldUp(), "");
  EXPECT_EQ(Holders(kHoldsRows), "0");
}

/// A leader without a snapshot is in no transaction: behind a pooler workers have its connection.
TEST_F(PostgresSnapshotTest, OneConnectionIsTooFewWhereTheSnapshotHasIt) {
  for (const std::string mode : {"require", "prefer", "off"}) {
    // A role for each: a server counts a session for some time after its client has gone.
    const std::string role = schema_ + "_" + mode;
    const std::string quoted = PgQuoteIdentifier(role);
    Run("CREATE ROLE " + quoted + " LOGIN CONNECTION LIMIT 1");
    OptionValues options;
    options.Set("user", role);
    options.Set("snapshot", mode);
    const auto snapshot = OpenSnapshot({}, std::move(options));
    const arrow::Status sessions = snapshot->CheckSessions({});
    EXPECT_EQ(sessions.ok(), mode == "off") << sessions;
    if (!sessions.ok()) {
      EXPECT_EQ(ClassOf(sessions), ErrorClass::kUser);
      EXPECT_NE(sessions.message().find("`ALTER ROLE " + quoted + " CONNECTION LIMIT 3`"),
                std::string::npos)
          << sessions;
    }
    Run("DROP ROLE " + quoted);
  }
}

}  // namespace
}  // namespace headrace
