#include "headrace/run/cursor_window.h"

#include <arrow/type.h>
#include <gmock/gmock.h>

#include <atomic>

#include "headrace/model/watermark.h"
#include "headrace/run/memory_destination.h"
#include "headrace/run/memory_source.h"

namespace headrace {
namespace {

using testing::HasSubstr;

class BoundSnapshot final : public MemorySnapshot {
 public:
  BoundSnapshot(const MemorySourceScript& script, MemoryOpens& opens, std::atomic<int>& attaches,
                CursorBound bound)
      : MemorySnapshot(script, opens, attaches), bound_(std::move(bound)) {}

  arrow::Result<CursorBound> FindCursorBound(const SnapshotTable& /*table*/,
                                             const Description& /*description*/,
                                             std::stop_token /*stop*/) override {
    return bound_;
  }

 private:
  CursorBound bound_;
};

TableJob TransactionalJob() {
  TableJob job;
  job.table.name = "t";
  job.write = WriteMode::kAppend;
  job.load.mode = LoadMode::kTransactional;
  job.load.cursor = "id";
  return job;
}

CommitRecord Record(std::optional<std::string> cursor, std::optional<std::string> watermark) {
  CommitRecord record;
  record.intent.job = "shop";
  record.intent.run = "r1";
  record.intent.cursor_column = std::move(cursor);
  record.intent.watermark = std::move(watermark);
  return record;
}

TableHistory Loaded(const std::optional<std::string>& watermark) {
  const CommitRecord record = Record("id", watermark);
  return {.last = record, .last_cursor = record, .last_cursor_before = record};
}

/// The plan of a table whose cursor is `id`, or why there is none.
arrow::Result<TablePlan> Plan(const TableJob& job, const TableHistory& history, CursorBound bound,
                              std::shared_ptr<arrow::DataType> type = arrow::int64()) {
  const MemorySourceScript script;
  MemoryOpens opens;
  std::atomic<int> attaches{0};
  BoundSnapshot snapshot(script, opens, attaches, std::move(bound));
  TablePlan plan;
  Column column;
  column.name = "id";
  column.source_type = "bigint";
  column.type = std::move(type);
  plan.description.columns = {column};
  ARROW_RETURN_NOT_OK(PlanWindow(job, history, snapshot, plan, {}));
  return plan;
}

CursorBound UpTo(std::optional<int64_t> upper) { return {.upper = upper, .about = "told"}; }

TEST(CursorWindow, TheFirstRunBeginsWithTheFirstRow) {
  const auto plan = Plan(TransactionalJob(), {}, UpTo(100));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->filter.window, Split(IdRange{"id", {}, 100}));
  EXPECT_EQ(plan->cursor->last, std::nullopt);
  EXPECT_EQ(plan->cursor->next, "100");
  EXPECT_FALSE(HasEmptyWindow(*plan));
}

TEST(CursorWindow, OrWhereTheJobSays) {
  TableJob job = TransactionalJob();
  job.load.initial = "40";
  EXPECT_EQ(Plan(job, {}, UpTo(100))->filter.window, Split(IdRange{"id", 40, 100}));
  EXPECT_EQ(Plan(job, Loaded("60"), UpTo(100))->filter.window, Split(IdRange{"id", 60, 100}));
  EXPECT_EQ(Plan(job, Loaded({}), UpTo(100))->filter.window, Split(IdRange{"id", 40, 100}));
  job.load.initial = "yesterday";
  EXPECT_THAT(Plan(job, {}, UpTo(100)).status().message(),
              HasSubstr("load.initial: expected an integer, found 'yesterday'"));
}

TEST(CursorWindow, ButNotAboveTheSequence) {
  TableJob job = TransactionalJob();
  job.load.initial = "40";
  EXPECT_TRUE(Plan(job, {}, {.upper = 30, .now = 40}).ok());
  const arrow::Status status = Plan(job, {}, {.upper = 30, .now = 39}).status();
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_THAT(status.message(), HasSubstr("load.initial, 40, lies above what the sequence of"));
  EXPECT_EQ(Plan(job, {}, UpTo({}))->cursor->next, std::nullopt) << "no run has come there";
}

TEST(CursorWindow, AWhereThatHasChangedSinceTheWatermarkIsToldOf) {
  TableHistory history = Loaded("60");
  TableJob job = TransactionalJob();
  EXPECT_THAT(Plan(job, history, UpTo(100))->warnings, testing::IsEmpty())
      << "a record of before it was kept";
  history.last_cursor->intent.where_digest = WhereDigest(job);
  EXPECT_THAT(Plan(job, history, UpTo(100))->warnings, testing::IsEmpty());
  job.where = "id > 3";
  EXPECT_THAT(Plan(job, history, UpTo(100))->warnings,
              testing::ElementsAre(HasSubstr("has changed since the watermark 60 of run r1")));
  history.last_cursor->intent.watermark.reset();
  EXPECT_THAT(Plan(job, history, UpTo(100))->warnings, testing::IsEmpty()) << "all are read anew";
}

TEST(CursorWindow, TheNextOneBeginsAtTheWatermark) {
  const auto plan = Plan(TransactionalJob(), Loaded("60"), UpTo(100));
  EXPECT_EQ(plan->filter.window, Split(IdRange{"id", 60, 100}));
  EXPECT_EQ(plan->cursor->last, "60");
}

TEST(CursorWindow, NothingIsReadWhereNothingCanBeNew) {
  for (const auto& [history, upper, next] :
       std::vector<std::tuple<TableHistory, std::optional<int64_t>, std::optional<std::string>>>{
           {{}, {}, {}},
           {Loaded("60"), 60, "60"},
           {Loaded("60"), {}, "60"},
           {Loaded("60"), 50, "60"}}) {
    const auto plan = Plan(TransactionalJob(), history, UpTo(upper));
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_TRUE(HasEmptyWindow(*plan));
    EXPECT_EQ(plan->cursor->next, next);
    const auto& window = std::get<IdRange>(*plan->filter.window);
    EXPECT_EQ(window.lower, window.upper) << "also a count of the window is 0";
    EXPECT_TRUE(window.lower.has_value());
  }
}

TEST(CursorWindow, RowsOfOtherLoadsAreNotDoubled) {
  for (const CommitRecord& other : {Record({}, {}), Record("at", "2024-01-31")}) {
    const TableHistory history{.last = other, .last_cursor = {}};
    const arrow::Status status = Plan(TransactionalJob(), history, UpTo(100)).status();
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
    EXPECT_THAT(status.message(), HasSubstr("headrace state set"));
    TableJob job = TransactionalJob();
    job.load.initial = "7";  // A line that stays in the job; it knows nothing of what came since.
    EXPECT_THAT(Plan(job, history, UpTo(100)).status().message(), HasSubstr("headrace state set"));
  }
}

TEST(CursorWindow, AWatermarkOfAnotherTypeIsNoGuess) {
  const arrow::Status status = Plan(TransactionalJob(), Loaded("2024-01-31"), UpTo(100)).status();
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_THAT(status.message(), HasSubstr("the watermark of run r1"));
}

TEST(CursorWindow, AZoneOfItsOwnIsNoOther) {
  const auto type = arrow::timestamp(arrow::TimeUnit::MICRO);
  TableHistory history = Loaded("1970-01-01T00:00:01");
  const auto in = [&](const char* zone) {
    CursorBound bound{.upper = 8'000'000, .now = 9'000'000};
    bound.timezone = zone;
    return Plan(TransactionalJob(), history, bound, type);
  };
  EXPECT_TRUE(in("UTC").ok()) << "records of before have no zone";
  history.last_cursor->intent.cursor_timezone = "Europe/Berlin";
  EXPECT_EQ(in("europe/berlin")->cursor->timezone, "europe/berlin");
  const arrow::Status other = in("UTC").status();
  EXPECT_EQ(ClassOf(other), ErrorClass::kUser);
  EXPECT_THAT(other.message(), HasSubstr("is in the time zone Europe/Berlin"));
  EXPECT_THAT(other.message(), HasSubstr("`cursor_timezone: Europe/Berlin` in the job keeps it"));
  EXPECT_THAT(other.message(), HasSubstr("headrace state set t VALUE"));
  EXPECT_THAT(in("").status().message(), HasSubstr("has a zone of its own now"));
  history.last_cursor->intent.cursor_timezone = "<-05>+05";
  EXPECT_THAT(in("UTC").status().message(), HasSubstr("The role needs that zone again"));
  history.last_cursor->intent.watermark.reset();
  EXPECT_TRUE(in("UTC").ok()) << "the next run begins as the first";
}

TEST(CursorWindow, AClockBehindTheWatermarkIsSaid) {
  const auto type = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const TableHistory history = Loaded("1970-01-01T00:00:10Z");
  const CursorBound bound{.upper = 8'000'000, .now = 9'000'000};
  TableJob job = TransactionalJob();
  const arrow::Status status = Plan(job, history, bound, type).status();
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_THAT(status.message(), HasSubstr("behind the watermark 1970-01-01T00:00:10Z of run r1"));
  job.load.late_rows = LateRows::kWarn;
  EXPECT_THAT(Plan(job, history, bound, type)->warnings, testing::SizeIs(1));
  // Within the second that rows may be committed late nothing is lost yet.
  EXPECT_TRUE(
      Plan(TransactionalJob(), history, {.upper = 9'500'000, .now = 10'500'000}, type).ok());
}

TEST(CursorWindow, AWatermarkThatHasMovedSinceTheClockWasReadIsNoAlarm) {
  TableHistory history = Loaded("60");
  history.last_cursor = Record("id", "90");
  const auto plan = Plan(TransactionalJob(), history, {.upper = 70, .now = 70});
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(HasEmptyWindow(*plan));
  const arrow::Status status = Plan(TransactionalJob(), history, {.upper = 50, .now = 50}).status();
  EXPECT_EQ(CodeOf(status), kBehindWatermarkCode);
}

/// Another process commits between the two questions.
class OvertakenDestination final : public MemoryDestination {
 public:
  OvertakenDestination() : MemoryDestination({}) { CommitNext(); }

  arrow::Result<std::optional<CommitRecord>> LastCommit(const TableRef& table) override {
    return After(MemoryDestination::LastCommit(table));
  }
  arrow::Result<std::optional<CommitRecord>> LastCursorCommit(const TableRef& table,
                                                              const std::string& job,
                                                              const std::string& cursor) override {
    return After(MemoryDestination::LastCursorCommit(table, job, cursor));
  }

 private:
  arrow::Result<std::optional<CommitRecord>> After(
      arrow::Result<std::optional<CommitRecord>> answer) {
    CommitNext();
    return answer;
  }

  void CommitNext() {
    CommitIntent intent = Record("id", std::to_string(++sequence_ * 10)).intent;
    intent.run = "run-" + std::to_string(sequence_);
    intent.table = "t";
    intent.mode = WriteMode::kAppend;
    intent.sequence = sequence_;
    ASSERT_TRUE(Commit(intent).ok());
  }

  int64_t sequence_ = 0;
};

TEST(CursorWindow, NoCommitComesBetweenTheWindowAndTheSequenceThatIsGuarded) {
  Job job;
  job.name = "shop";
  OvertakenDestination destination;
  const auto history = HistoryOf(std::nullopt, job, TransactionalJob(), destination);
  ASSERT_TRUE(history.ok()) << history.status();
  ASSERT_TRUE(history->last && history->last_cursor);
  // The commit is refused where its sequence is not the next one: what came since makes it void.
  EXPECT_LE(history->last->intent.sequence, history->last_cursor->intent.sequence);
}

TEST(CursorWindow, RowsThatAFullLoadHasAppendedAreWarnedOf) {
  TableHistory history = Loaded("60");
  history.last = Record({}, {});
  EXPECT_TRUE(Plan(TransactionalJob(), history, UpTo(100))->warnings.empty()) << "it had no rows";
  history.last->intent.rows = 1;
  const auto plan = Plan(TransactionalJob(), history, UpTo(100));
  EXPECT_THAT(plan->warnings,
              testing::ElementsAre(HasSubstr("\"id\" from 60 on are loaded once more")));
}

TEST(CursorWindow, OfACatalogTableNothingIsAsked) {
  TableJob job;
  job.table.name = "t";
  const auto plan = Plan(job, {}, UpTo(100));
  EXPECT_EQ(plan->filter.window, std::nullopt);
  EXPECT_EQ(plan->cursor, std::nullopt);
  EXPECT_EQ(CursorRequestOf(job), std::nullopt);
}

}  // namespace
}  // namespace headrace
