#include "headrace/run/report.h"

#include <gtest/gtest.h>

#include "headrace/run/exit_code.h"
#include "headrace/run/job_plan.h"

namespace headrace {
namespace {

TableReport Table(TableState state, arrow::Status error = arrow::Status::OK()) {
  TableReport table;
  table.state = state;
  table.error = std::move(error);
  return table;
}

int ExitCodeOfTables(std::vector<TableReport> tables, bool interrupted = false) {
  RunReport report;
  report.tables = std::move(tables);
  report.interrupted = interrupted;
  return report.exit_code();
}

TEST(ReportTest, NothingPublishedForTheUsersOwnFaultIsExitTwo) {
  const TableReport user = Table(TableState::kFailed, UserError("no such table"));
  const TableReport cut = Table(TableState::kFailed, TransientError("connection cut"));
  EXPECT_EQ(ExitCodeOfTables({user}), kExitUsage);
  EXPECT_EQ(ExitCodeOfTables({user, user}), kExitUsage);
  EXPECT_EQ(ExitCodeOfTables({cut}), kExitFailed);
  EXPECT_EQ(ExitCodeOfTables({user, cut}), kExitFailed) << "running again may help one of them";
  EXPECT_EQ(ExitCodeOfTables({user}, true), kExitInterrupted);
}

TEST(ReportTest, AFailureBesidePublishedTablesIsExitOne) {
  const TableReport user = Table(TableState::kFailed, UserError("no such table"));
  EXPECT_EQ(ExitCodeOfTables({Table(TableState::kCommitted), user}), kExitFailed);
  EXPECT_EQ(ExitCodeOfTables({Table(TableState::kAlreadyCommitted), user}), kExitFailed);
}

TEST(ReportTest, WhatDiffersCountsWhateverFailed) {
  TableReport differs = Table(TableState::kCommitted);
  differs.verified = false;
  EXPECT_EQ(ExitCodeOfTables({differs}), kExitVerificationFailed);
  EXPECT_EQ(ExitCodeOfTables({differs, Table(TableState::kFailed, UserError("x"))}),
            kExitVerificationFailed);
  EXPECT_EQ(ExitCodeOfTables({Table(TableState::kCommitted)}), kExitDone);
}

TEST(ReportTest, DamageThatWasFoundComesBeforeWhatCouldNotBeRead) {
  TableReport differs = Table(TableState::kCommitted);
  differs.verified = false;
  TableReport unread = Table(TableState::kAlreadyCommitted);
  unread.verify_error = PermanentError("cannot read f: Too many open files", "EMFILE");
  TableReport both = differs;
  both.verify_error = unread.verify_error;
  EXPECT_EQ(ExitCodeOfTables({unread}), kExitFailed);
  EXPECT_EQ(ExitCodeOfTables({unread, differs}), kExitVerificationFailed);
  EXPECT_EQ(ExitCodeOfTables({both}), kExitVerificationFailed);
  EXPECT_EQ(ExitCodeOfTables({both, Table(TableState::kFailed, TransientError("x"))}),
            kExitVerificationFailed);
  EXPECT_EQ(ExitCodeOfTables({both}, true), kExitInterrupted);
}

TEST(ExitCodeTest, UserOnlyWhereNothingElseIsInTheWay) {
  const std::vector<arrow::Status> user = {arrow::Status::OK(), UserError("x")};
  const std::vector<arrow::Status> mixed = {UserError("x"), PermanentError("disk full"),
                                            arrow::Status::OK()};
  const std::vector<arrow::Status> stopped = {UserError("x"), InterruptedError(), BugError("x")};
  EXPECT_EQ(ExitCodeOfAll({}), kExitDone);
  EXPECT_EQ(ExitCodeOfAll(user), kExitUsage);
  EXPECT_EQ(ExitCodeOfAll(mixed), kExitFailed);
  EXPECT_EQ(ExitCodeOfAll(stopped), kExitInterrupted);
}

TEST(ExitCodeTest, APlanAnswersAsItsRunWould) {
  JobPlan plan;
  EXPECT_EQ(plan.exit_code(), kExitDone);
  plan.tables.push_back({.status = UserError("no such table")});
  EXPECT_EQ(plan.exit_code(), kExitUsage);
  plan.continues_published = true;
  EXPECT_EQ(plan.exit_code(), kExitFailed);
  plan.continues_published = false;
  plan.tables.push_back({.status = arrow::Status::OK()});
  EXPECT_EQ(plan.exit_code(), kExitFailed);
  plan.tables.push_back({.status = InterruptedError()});
  EXPECT_EQ(plan.exit_code(), kExitInterrupted);
}

}  // namespace
}  // namespace headrace
