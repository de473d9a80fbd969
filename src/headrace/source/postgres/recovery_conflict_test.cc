#include "headrace/source/postgres/recovery_conflict.h"

#include <arrow/status.h>
#include <gtest/gtest.h>

#include <string>

#include "headrace/client/postgres/error.h"
#include "headrace/source/postgres/test_database.h"

namespace headrace {
namespace {

TEST(PgRecoveryConflictTest, SaysWhatCanBeSetBehindTheServersWords) {
  const arrow::Status conflict =
      PgError("40001", "canceling statement due to conflict with recovery; User was holding it.");
  const arrow::Status explained = ExplainRecoveryConflict(conflict);
  EXPECT_EQ(ClassOf(explained), ErrorClass::kTransient);
  EXPECT_EQ(CodeOf(explained), kPgSerializationFailure);
  EXPECT_TRUE(explained.message().starts_with(
      "canceling statement due to conflict with recovery; User was holding it; to be set"))
      << explained;
  for (const char* setting : {"hot_standby_feedback = on", "max_standby_streaming_delay"}) {
    EXPECT_NE(explained.message().find(setting), std::string::npos) << explained;
  }
}

TEST(PgRecoveryConflictTest, OtherErrorsAreLeftAsTheyAre) {
  for (const char* sqlstate : {"40P01", "57P01", "08006"}) {
    const arrow::Status other = PgError(sqlstate, "something else.");
    EXPECT_EQ(ExplainRecoveryConflict(other), other);
  }
  EXPECT_TRUE(ExplainRecoveryConflict(arrow::Status::OK()).ok());
}

using PostgresRecoveryConflictTest = PostgresDatabaseTest;

/// As of a foreign table, whose server may be a standby; what is set here would not help.
TEST_F(PostgresRecoveryConflictTest, APrimaryHasNoneWhateverTheCodeOfAnError) {
  Run("CREATE TABLE t (id int); INSERT INTO t VALUES (1);"
      "CREATE FUNCTION fails() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN"
      " RAISE EXCEPTION 'elsewhere' USING ERRCODE = '40001'; END $$");
  OptionValues options;
  options.Set("snapshot", "off");
  const auto snapshot = OpenSnapshot({Table("t")}, std::move(options));
  TablePlan plan = PlanOf(snapshot->Describe(Table("t"), {}).ValueOrDie());
  plan.filter.where = PgQuoteIdentifier(schema_) + ".fails()";
  const auto session = snapshot->Attach({}).ValueOrDie();
  const arrow::Status failed = ReadUnit(*session, plan, WholeTable{}).status();
  EXPECT_EQ(CodeOf(failed), kPgSerializationFailure) << failed;
  EXPECT_EQ(failed.message().find("standby"), std::string::npos) << failed;
}

}  // namespace
}  // namespace headrace
