#include "headrace/run/backfill.h"

#include <arrow/type.h>
#include <gmock/gmock.h>

#include "headrace/model/watermark.h"

namespace headrace {
namespace {

using testing::HasSubstr;

CommitRecord RecordOf(std::optional<LoadedWindow> window, std::string run = "r1") {
  CommitRecord record;
  record.intent.job = "shop";
  record.intent.run = std::move(run);
  record.intent.rows = 1;
  record.intent.window = std::move(window);
  return record;
}

/// The history of a table whose runs have loaded `windows` of `id`, the last one to its watermark.
TableHistory HistoryOfRuns(const std::vector<LoadedWindow>& windows) {
  TableHistory history;
  for (const LoadedWindow& window : windows) history.all.push_back(RecordOf(window));
  if (windows.empty()) return history;
  history.all.back().intent.cursor_column = "id";
  history.all.back().intent.watermark = windows.back().to;
  history.last = history.last_cursor = history.all.back();
  return history;
}

CursorBound BoundedBy(std::optional<int64_t> upper) {
  return {.upper = upper, .now = {}, .about = {}, .warnings = {}};
}

arrow::Result<TablePlan> BackfillPlan(BackfillRange range, const TableHistory& history,
                                      const CursorBound& bound = BoundedBy(100),
                                      std::shared_ptr<arrow::DataType> type = arrow::int64()) {
  TableJob job;
  job.table.name = "t";
  job.load.mode = LoadMode::kTransactional;
  job.load.cursor = "id";
  job.load.backfill = std::move(range);
  Column column;
  column.name = "id";
  column.source_type = "bigint";
  column.type = std::move(type);
  TablePlan plan;
  ARROW_RETURN_NOT_OK(PlanBackfill(job, column, history, bound, plan));
  return plan;
}

std::string Refusal(BackfillRange range, const TableHistory& history,
                    std::optional<int64_t> upper = 100) {
  const arrow::Status status = BackfillPlan(std::move(range), history, BoundedBy(upper)).status();
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status;
  return status.message();
}

TEST(Backfill, LoadsItsRangeAndLeavesTheWatermark) {
  const auto plan = BackfillPlan({.from = "3", .to = "10"}, HistoryOfRuns({{"id", "10", "50"}}));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->filter.window, Split(IdRange{"id", 3, 10}));
  EXPECT_TRUE(plan->cursor->is_backfill);
  EXPECT_EQ(plan->cursor->last, "3");
  EXPECT_EQ(plan->cursor->next, "10");
  EXPECT_EQ(plan->cursor->about, "a backfill: the watermark stays at 50");
  EXPECT_TRUE(plan->warnings.empty());
}

TEST(Backfill, EndsWhereTheSourceIsSureOfItsRowsThoughTheWatermarkIsAbove) {
  EXPECT_EQ(Refusal({.from = "3", .to = "30"}, HistoryOfRuns({{"id", "10", "50"}}), 20),
            "table t: --to must be 20 or lower, for rows above it may still be committed");
}

TEST(Backfill, BeginsWithTheFirstRowWhereNothingElseIsSaid) {
  const auto plan = BackfillPlan({.from = {}, .to = "10"}, HistoryOfRuns({{"id", "10", "50"}}));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->filter.window, Split(IdRange{"id", {}, 10}));
}

/// Between two windows that a person has set apart by `state set`.
TEST(Backfill, EndsAtTheWatermarkWhereNothingElseIsSaid) {
  TableHistory history = HistoryOfRuns({{"id", std::nullopt, "10"}, {"id", "10", "20"}});
  CommitRecord set = history.all.back();  // By `headrace state set`.
  set.intent.rows = 0;
  set.intent.window.reset();
  set.intent.watermark = "40";
  history.all.push_back(set);
  history.last = history.last_cursor = set;
  const auto plan = BackfillPlan({.from = "20", .to = {}}, history);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->filter.window, Split(IdRange{"id", 20, 40}));
}

TEST(Backfill, OfWhatIsThereAlreadyIsRefused) {
  const TableHistory history = HistoryOfRuns({{"id", "10", "20"}, {"id", "30", "50"}});
  EXPECT_THAT(Refusal({"5", "11"}, history),
              HasSubstr("run r1 of job shop has loaded \"id\" from 10 "
                        "to before 20: rows of \"id\" from 5 to before "
                        "11 would be there twice"));
  EXPECT_THAT(Refusal({"19", "30"}, history), HasSubstr("would be there twice"));
  EXPECT_THAT(Refusal({{}, "30"}, history), HasSubstr("would be there twice"));
  EXPECT_THAT(Refusal({"49", {}}, history), HasSubstr("would be there twice"));
  EXPECT_TRUE(BackfillPlan({"20", "30"}, history).ok());
  EXPECT_TRUE(BackfillPlan({{}, "10"}, history).ok());
}

TEST(Backfill, AWindowWithoutRowsIsInNobodysWay) {
  TableHistory history = HistoryOfRuns({{"id", std::nullopt, "50"}});
  history.all[0].intent.rows = 0;
  EXPECT_TRUE(BackfillPlan({"5", "11"}, history).ok());
}

TEST(Backfill, ARecordOfBeforeWindowsWereKeptMayHaveBegunAnywhere) {
  TableHistory history = HistoryOfRuns({{"id", "10", "50"}});
  history.all[0].intent.window.reset();
  EXPECT_THAT(Refusal({"5", "9"}, history), HasSubstr("has loaded \"id\" to before 50"));
}

TEST(Backfill, OtherLoadsAreWarnedOf) {
  TableHistory history = HistoryOfRuns({{"id", "10", "50"}});
  history.all.push_back(RecordOf(std::nullopt, "full"));
  const auto plan = BackfillPlan({"5", "9"}, history);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(plan->warnings.at(0), HasSubstr("which rows run full has loaded is not known"));
  history.all.back().intent.window = LoadedWindow{"other", {}, "7"};
  EXPECT_EQ(BackfillPlan({"5", "9"}, history)->warnings.size(), 1U);
}

TEST(Backfill, AboveTheWatermarkIsTheNextRuns) {
  EXPECT_THAT(Refusal({"50", "60"}, HistoryOfRuns({{"id", {}, "50"}})),
              HasSubstr("--to must be 50 or lower, which is the watermark of job shop: its next "
                        "run loads"));
}

TEST(Backfill, AboveTheWatermarkOfAnotherJobItIsThatJobsNextRuns) {
  TableHistory history = HistoryOfRuns({{"id", {}, "100"}});
  history.last_cursor.reset();
  EXPECT_THAT(Refusal({"100", "200"}, history, 500), HasSubstr("--to must be 100 or lower"));
}

TEST(Backfill, AfterAResetTheNextRunLoadsAllRows) {
  TableHistory history = HistoryOfRuns({{"id", {}, "50"}});
  history.all.back().intent.watermark.reset();
  history.all.back().intent.rows = 0;
  history.last = history.last_cursor = history.all.back();
  EXPECT_THAT(Refusal({"1", "9"}, history), HasSubstr("has left no watermark (run r1)"));
}

TEST(Backfill, WithoutAWatermarkItsEndMustBeSaidAndBeSafe) {
  EXPECT_THAT(Refusal({"5", {}}, {}), HasSubstr("--to is missing"));
  EXPECT_THAT(Refusal({"5", "101"}, {}), HasSubstr("--to must be 100 or lower"));
  EXPECT_TRUE(BackfillPlan({"5", "100"}, {}).ok());
  EXPECT_TRUE(BackfillPlan({"5", "100"}, {}, BoundedBy(std::nullopt)).ok())
      << "nothing is there at all";
}

/// Of a standby that has replayed nothing: rows of the range may be on their way.
TEST(Backfill, WhereTheSourceCannotTellYetItIsRefused) {
  const CursorBound unknown = {
      .upper = {}, .now = {}, .about = "nothing is known", .warnings = {}, .not_yet_known = true};
  for (const TableHistory& history : {TableHistory(), HistoryOfRuns({{"id", "10", "50"}})}) {
    const arrow::Status status = BackfillPlan({"5", "9"}, history, unknown).status();
    EXPECT_EQ(ClassOf(status), ErrorClass::kTransient) << status;
    EXPECT_THAT(status.message(), HasSubstr("nothing is known"));
  }
}

TEST(Backfill, ItsBoundsAreValuesOfTheCursorInTheirOrder) {
  EXPECT_THAT(Refusal({"a", "9"}, {}), HasSubstr("--from: "));
  EXPECT_THAT(Refusal({"1", "b"}, {}), HasSubstr("--to: "));
  EXPECT_THAT(Refusal({"9", "9"}, {}), HasSubstr("--from must be lower than --to"));
}

TEST(Backfill, AWindowOfAnotherZoneIsNotComparedWithItsOwn) {
  TableHistory history;
  history.all.push_back(RecordOf(LoadedWindow{"id", "2024-01-01T00:00:00", "2024-01-02T00:00:00"}));
  history.all[0].intent.cursor_timezone = "Europe/Berlin";
  const auto type = arrow::timestamp(arrow::TimeUnit::MICRO);
  const auto plan = BackfillPlan({"2024-01-01", "2024-01-02"}, history, BoundedBy(INT64_MAX), type);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->warnings.size(), 1U);
}

TEST(Backfill, IsAnotherJobToTheJournal) {
  Job job;
  job.text_digest = "d";
  job.tables.resize(2);
  job.tables[0].table.name = "a";
  job.tables[1].table.name = "b";
  job.tables[0].load.mode = LoadMode::kTransactional;
  Job other = job;
  EXPECT_THAT(SetBackfill({"1", "2"}, {}, job).message(), HasSubstr("table b is not in"));
  job = other;
  ASSERT_TRUE(SetBackfill({"1", "2"}, {"a"}, job).ok());
  EXPECT_TRUE(job.tables[0].load.backfill.has_value());
  EXPECT_FALSE(job.tables[0].load.moves_watermark());
  EXPECT_FALSE(job.tables[1].load.backfill.has_value());
  ASSERT_TRUE(SetBackfill({"1", "3"}, {"a"}, other).ok());
  EXPECT_NE(job.text_digest, "d");
  EXPECT_NE(job.text_digest, other.text_digest);
}

}  // namespace
}  // namespace headrace
