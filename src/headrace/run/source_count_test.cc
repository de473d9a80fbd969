#include "headrace/run/source_count.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/run/coordinator_fixture.h"

namespace headrace {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// A job with `verify: source`.
class SourceCountTest : public CoordinatorTest {
 protected:
  SourceCountTest() { job_.verify = VerifyLevel::kSource; }

  /// The source counts more in each unit of table a whose id is one of `ids`, and in the whole.
  void MiscountInA(std::vector<std::string> ids) {
    miscount = [ids = std::move(ids)](const TablePlan& plan, const WorkUnit& unit) {
      const bool whole = std::holds_alternative<WholeTable>(unit.split);
      const bool named = std::ranges::find(ids, unit.id) != ids.end();
      return int64_t{plan.table.name == "a" && (whole || named) ? 7 : 0};
    };
  }
};

TEST_F(SourceCountTest, WhatTheSourceCountsIsInTheReport) {
  const auto report = Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exit_code(), 0);
  for (const TableReport& table : report->tables) {
    EXPECT_EQ(table.source_rows, kRows);
    EXPECT_TRUE(table.verified.value_or(false));
  }
}

TEST_F(SourceCountTest, WithoutItNobodyCounts) {
  job_.verify = VerifyLevel::kCounts;
  MiscountInA({});
  const auto report = Run();
  EXPECT_EQ(report->exit_code(), 0);
  EXPECT_EQ(report->tables.at(0).source_rows, std::nullopt);
}

TEST_F(SourceCountTest, ATableWithOtherRowsIsNotPublishedAndItsUnitsAreNamed) {
  MiscountInA({"1", "4"});
  const auto report = Run();
  EXPECT_EQ(report->exit_code(), 1);
  EXPECT_EQ(CountOf("a"), 0);
  EXPECT_EQ(destination_.Published("b"), Integers(kRows));
  const arrow::Status& error = report->tables.at(0).error;
  EXPECT_EQ(ClassOf(error), ErrorClass::kBug);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("300 rows were read, the source has 307"),
                                     HasSubstr("unit 1 (id from 50 to 99) read 50 of 57"),
                                     HasSubstr("unit 4 (id from 200 to 249) read 50 of 57"),
                                     Not(HasSubstr("unit 2"))));
}

TEST_F(SourceCountTest, OfAUnitThatWasDividedThePartsAreCountedTogether) {
  job_.engine = EngineType::kLocal;
  job_.workers = {.initial = 2, .max = 2};
  for (TableJob& table : job_.tables) table.partition.target_rows = 20;
  estimated_rows = 40;  // two units, of which the second one has the other rows
  MiscountInA({"1"});
  const arrow::Status error = Run()->tables.at(0).error;
  EXPECT_THAT(error.message(),
              AllOf(HasSubstr("unit 1 (id from 20) read 280 of 287"), Not(HasSubstr("unit 0"))));
}

TEST_F(SourceCountTest, AConditionThatSelectsOtherRowsEachTimeIsTheJobsOwn) {
  for (const std::string where : {"random() < 0.5", "id < 5"}) {
    SCOPED_TRACE(where);
    ForgetState();
    job_.tables.at(0).where = where;
    MiscountInA({});
    const arrow::Status error = Run()->tables.at(0).error;
    EXPECT_EQ(ClassOf(error), ErrorClass::kUser);
    EXPECT_THAT(error.message(), HasSubstr("`where` may select other rows each time"));
  }
}

TEST_F(SourceCountTest, TheErrorIsIntroducedAsWhatItIs) {
  MiscountInA({});
  const arrow::Status error = Run()->tables.at(0).error;
  EXPECT_THAT(error.message(), AllOf(StartsWith("table a, verify: source: 300 rows were read"),
                                     Not(HasSubstr("commit"))));
}

TEST_F(SourceCountTest, RowsThatAreInNoUnitAreSaid) {
  MiscountInA({});
  EXPECT_THAT(Run()->tables.at(0).error.message(), HasSubstr("rows are in no unit, or in two"));
}

TEST_F(SourceCountTest, TheSnapshotIsKeptUntilTheLastTableIsCompared) {
  on_commit = [this](const CommitIntent&, bool) {
    EXPECT_EQ(releases_, 0);
    return arrow::Status::OK();
  };
  EXPECT_EQ(Run()->exit_code(), 0);
}

}  // namespace
}  // namespace headrace
