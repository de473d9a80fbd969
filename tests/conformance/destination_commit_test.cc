#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gmock/gmock.h>

#include "conformance/destination_suite.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<int64_t> Together(std::vector<int64_t> left, const std::vector<int64_t>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

TEST_P(DestinationConformance, CheckTriesAndLeavesNothing) {
  const auto destination = place_->Open();
  ASSERT_TRUE(destination->Check().ok()) << destination->Check().ToString();
  EXPECT_THAT(place_->VisibleNames(), IsEmpty());
  EXPECT_EQ(place_->StagedBytes(), 0);
}

TEST_P(DestinationConformance, NoTableHasNoCommit) {
  const auto destination = place_->Open();
  EXPECT_EQ(destination->LastCommit(DefaultTable()).ValueOrDie(), std::nullopt);
  EXPECT_EQ(destination->FindCommit("shop", "r1", DefaultTable()).ValueOrDie(), std::nullopt);
}

TEST_P(DestinationConformance, AppendsAddUp) {
  Load(Target("r1", WriteMode::kAppend), {Rows(0, 10), Rows(10, 5)}, 1);
  Load(Target("r2", WriteMode::kAppend), {Rows(15, 5)}, 2);
  EXPECT_EQ(PublishedIds(), Range(0, 20));
  const auto last = place_->Open()->LastCommit(DefaultTable()).ValueOrDie();
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->intent.sequence, 2);
  EXPECT_EQ(last->intent.run, "r2");
}

TEST_P(DestinationConformance, AllCommitsOfATableAreListedWithTheirWindows) {
  EXPECT_TRUE(place_->Open()->Commits(DefaultTable()).ValueOrDie().empty());
  TableTarget first = Target("r2", WriteMode::kAppend);
  first.window = LoadedWindow{.column = "id", .from = "3", .to = "9"};
  Load(first, {Rows(0, 10)}, 1);
  Load(Target("r1", WriteMode::kAppend), {Rows(10, 5)}, 2);
  const auto commits = place_->Open()->Commits(DefaultTable()).ValueOrDie();
  ASSERT_EQ(commits.size(), 2U);
  EXPECT_EQ(commits[0].intent.run, "r2");
  EXPECT_EQ(commits[0].intent.window, first.window);
  EXPECT_EQ(commits[1].intent.window, std::nullopt);
}

TEST_P(DestinationConformance, TheWatermarkIsThatOfTheJobsLastCommitWithTheCursor) {
  const auto last = [&](const std::string& job, const std::string& cursor) {
    return place_->Open()->LastCursorCommit(DefaultTable(), job, cursor).ValueOrDie();
  };
  const auto load = [&](const std::string& run, int64_t sequence, std::optional<std::string> cursor,
                        std::optional<std::string> watermark) {
    TableTarget target = Target(run, WriteMode::kAppend);
    target.cursor_column = std::move(cursor);
    target.watermark = std::move(watermark);
    Load(target, {Rows(sequence, 1)}, sequence);
  };
  EXPECT_EQ(last("shop", "id"), std::nullopt);
  load("r1", 1, "id", "10");
  load("r2", 2, "id", "20");
  load("r3", 3, "at", "2024-01-31");
  load("r4", 4, {}, {});
  EXPECT_EQ(last("shop", "id")->intent.watermark, "20");
  EXPECT_EQ(last("shop", "id")->intent.run, "r2");
  EXPECT_EQ(last("shop", "at")->intent.watermark, "2024-01-31");
  EXPECT_EQ(last("shop", "other"), std::nullopt);
  EXPECT_EQ(last("another job", "id"), std::nullopt);
  load("r5", 5, "id", {});
  EXPECT_EQ(last("shop", "id")->intent.watermark, std::nullopt) << "it was reset";
}

TEST_P(DestinationConformance, ReplaceLeavesTheNewRowsAlone) {
  Load(Target("r1", WriteMode::kAppend), {Rows(0, 10)}, 1);
  Load(Target("r2", WriteMode::kReplace), {Rows(100, 3)}, 2);
  EXPECT_EQ(PublishedIds(), Range(100, 3));
  Load(Target("r3", WriteMode::kReplace), {Rows(200, 2)}, 3);
  EXPECT_EQ(PublishedIds(), Range(200, 2));
  EXPECT_EQ(place_->Open()->LastCommit(DefaultTable()).ValueOrDie()->intent.sequence, 3);
}

TEST_P(DestinationConformance, ErrorIfExistsTakesANewTableAndRefusesAnOld) {
  Load(Target("r1", WriteMode::kErrorIfExists), {Rows(0, 4)}, 1);
  EXPECT_EQ(PublishedIds(), Range(0, 4));
  const arrow::Status status = place_->Open()->Prepare(Target("r2", WriteMode::kErrorIfExists));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_THAT(status.message(), HasSubstr("public.orders"));
}

TEST_P(DestinationConformance, ATableMadeMeanwhileStopsErrorIfExists) {
  const auto slow = place_->Open();
  const CommitIntent intent = IntendRows(*slow, Target("r1", WriteMode::kErrorIfExists), 0, 5, 1);
  Load(Target("r2", WriteMode::kErrorIfExists), {Rows(100, 2)}, 1);
  EXPECT_FALSE(slow->Commit(intent).ok());
  EXPECT_EQ(PublishedIds(), Range(100, 2));
}

TEST_P(DestinationConformance, CommitTwiceIsCommitOnce) {
  for (const WriteMode mode :
       {WriteMode::kErrorIfExists, WriteMode::kAppend, WriteMode::kReplace}) {
    SCOPED_TRACE(WriteModeName(mode));
    place_ = GetParam().make_place();
    const auto destination = place_->Open();
    const CommitIntent intent = IntendRows(*destination, Target("r1", mode), 0, 7, 1);
    const auto first = destination->Commit(intent);
    ASSERT_TRUE(first.ok()) << first.status().ToString();
    const auto second = destination->Commit(intent);
    ASSERT_TRUE(second.ok()) << second.status().ToString();
    EXPECT_EQ(first->committed_at, second->committed_at);
    EXPECT_EQ(PublishedIds(), Range(0, 7));
    EXPECT_TRUE(place_->Open()->Commit(intent).ok());
    EXPECT_EQ(PublishedIds(), Range(0, 7));
  }
}

TEST_P(DestinationConformance, SettleSaysWhatBecameOfAnIntent) {
  auto destination = place_->Open();
  const CommitIntent intent = IntendRows(*destination, Target("r1", WriteMode::kReplace), 0, 7, 1);
  destination = nullptr;
  EXPECT_EQ(place_->Open()->Settle(intent).ValueOrDie().outcome, SettleOutcome::kNotCommitted);
  EXPECT_TRUE(place_->Open()->Commit(intent).ok());
  EXPECT_EQ(place_->Open()->Settle(intent).ValueOrDie().outcome, SettleOutcome::kCommitted);
  EXPECT_EQ(PublishedIds(), Range(0, 7));
}

TEST_P(DestinationConformance, ACommitReplacedSinceIsStillSettledAsCommitted) {
  auto destination = place_->Open();
  const CommitIntent intent = IntendRows(*destination, Target("r1", WriteMode::kReplace), 0, 7, 1);
  ASSERT_TRUE(destination->Commit(intent).ok());
  Load(Target("r2", WriteMode::kReplace), {Rows(50, 1)}, 2);
  EXPECT_EQ(place_->Open()->Settle(intent).ValueOrDie().outcome, SettleOutcome::kCommitted);
  EXPECT_EQ(PublishedIds(), Range(50, 1));
}

TEST_P(DestinationConformance, ARecordKnowsWhatReplacedIt) {
  const CommitRecord first = Load(Target("r1", WriteMode::kAppend), {Rows(0, 2)}, 1);
  const CommitRecord second = Load(Target("r2", WriteMode::kAppend), {Rows(2, 2)}, 2);
  EXPECT_EQ(place_->Open()->ReplacedBy(first).ValueOrDie(), std::nullopt);
  const CommitRecord third = Load(Target("r3", WriteMode::kReplace), {Rows(4, 2)}, 3);
  const CommitRecord fourth = Load(Target("r4", WriteMode::kAppend), {Rows(6, 2)}, 4);
  const auto destination = place_->Open();
  for (const CommitRecord& record : {first, second}) {
    const auto replacement = destination->ReplacedBy(record).ValueOrDie();
    ASSERT_TRUE(replacement.has_value());
    EXPECT_EQ(replacement->intent.run, "r3");
  }
  for (const CommitRecord& record : {third, fourth}) {
    EXPECT_EQ(destination->ReplacedBy(record).ValueOrDie(), std::nullopt);
  }
}

TEST_P(DestinationConformance, ATargetIsCheckedAndNothingIsStaged) {
  Load(Target("r1", WriteMode::kAppend), {Rows(0, 2)}, 1);
  const int64_t staged = place_->StagedBytes();
  const auto destination = place_->Open();
  EXPECT_TRUE(destination->CheckTarget(Target("r2", WriteMode::kAppend)).ok());
  EXPECT_EQ(ClassOf(destination->CheckTarget(Target("r2", WriteMode::kErrorIfExists))),
            ErrorClass::kUser);
  TableTarget other = Target("r2", WriteMode::kAppend);
  other.schema = arrow::schema({arrow::field("id", arrow::utf8())});
  EXPECT_EQ(ClassOf(destination->CheckTarget(other)), ErrorClass::kUser);
  EXPECT_EQ(place_->StagedBytes(), staged);
  EXPECT_EQ(PublishedIds(), Range(0, 2));
}

TEST_P(DestinationConformance, NothingIsVisibleBeforeTheCommit) {
  const auto destination = place_->Open();
  const TableTarget target = Target("r1", WriteMode::kAppend);
  ASSERT_TRUE(destination->Prepare(target).ok());
  const auto writer = destination->OpenWriter(target, 0, 0).ValueOrDie();
  EXPECT_THAT(place_->VisibleNames(), IsEmpty());
  ASSERT_TRUE(
      writer->BeginUnit({.plan_id = target.plan_id, .id = "0", .split = WholeTable{}}, 1).ok());
  ASSERT_TRUE(writer->Append(Rows(0, 100)).ok());
  ASSERT_TRUE(writer->EndUnit(0).ok());
  const auto receipts = writer->Seal().ValueOrDie();
  EXPECT_THAT(place_->VisibleNames(), IsEmpty());
  const CommitIntent intent = destination->Intend(target, receipts, 1).ValueOrDie();
  EXPECT_THAT(place_->VisibleNames(), IsEmpty());
  ASSERT_TRUE(destination->Commit(intent).ok());
  EXPECT_EQ(PublishedIds(), Range(0, 100));
}

TEST_P(DestinationConformance, AnotherSequenceStopsTheCommit) {
  const auto slow = place_->Open();
  const CommitIntent intent = IntendRows(*slow, Target("r1", WriteMode::kAppend), 0, 5, 1);
  Load(Target("r2", WriteMode::kAppend), {Rows(100, 2)}, 1);
  const auto record = slow->Commit(intent);
  ASSERT_FALSE(record.ok());
  EXPECT_EQ(CodeOf(record.status()), kVoidIntentCode);
  EXPECT_EQ(PublishedIds(), Range(100, 2));
}

TEST_P(DestinationConformance, AnIntentThatWasOvertakenIsVoidAndItsStagingCanBeDiscarded) {
  for (const WriteMode mode :
       {WriteMode::kErrorIfExists, WriteMode::kAppend, WriteMode::kReplace}) {
    SCOPED_TRACE(WriteModeName(mode));
    place_ = GetParam().make_place();
    const CommitIntent intent = IntendRows(*place_->Open(), Target("r1", mode), 0, 5, 1);
    Load(Target("r2", WriteMode::kReplace), {Rows(100, 2)}, 1);
    EXPECT_EQ(place_->Open()->Settle(intent).ValueOrDie().outcome, SettleOutcome::kVoid);
    EXPECT_EQ(CodeOf(place_->Open()->Commit(intent).status()), kVoidIntentCode);
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(place_->Open()->Discard(intent.run, intent.table, intent.epoch).ok());
    }
    EXPECT_EQ(place_->StagedBytes(), 0);
    EXPECT_EQ(place_->Open()->Settle(intent).ValueOrDie().outcome, SettleOutcome::kVoid);
    EXPECT_EQ(PublishedIds(), Range(100, 2));
  }
}

TEST_P(DestinationConformance, AppendOfAnotherSchemaShowsTheDifference) {
  Load(Target("r1", WriteMode::kAppend), {Rows(0, 1)}, 1);
  TableTarget target = Target("r2", WriteMode::kAppend);
  target.schema = arrow::schema({arrow::field("id", arrow::int64(), false),
                                 arrow::field("amount", arrow::decimal128(12, 2))});
  const arrow::Status status = place_->Open()->Prepare(target);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  for (const std::string& line : GetParam().difference) {
    EXPECT_THAT(status.message(), HasSubstr(line));
  }
  target.mode = WriteMode::kReplace;
  EXPECT_TRUE(place_->Open()->Prepare(target).ok());
}

TEST_P(DestinationConformance, AnEmptyReplacePublishesASchemaWithoutRows) {
  Load(Target("r1", WriteMode::kReplace), {Rows(0, 3)}, 1);
  const CommitRecord record = Load(Target("r2", WriteMode::kReplace), {}, 2);
  EXPECT_EQ(record.intent.rows, 0);
  const auto table = place_->ReadTable(DefaultTable());
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_EQ(table->num_columns(), 2);
}

TEST_P(DestinationConformance, UnitsWithoutRowsAreCoveredAndPublishNothingExtra) {
  const auto destination = place_->Open();
  const TableTarget target = Target("r1", WriteMode::kReplace);
  const auto receipts = Stage(*destination, target, {Rows(0, 0), Rows(0, 0)});
  ASSERT_EQ(receipts.size(), 1U);
  EXPECT_EQ(receipts[0].units.size(), 2U);
  const CommitIntent intent = destination->Intend(target, receipts, 1).ValueOrDie();
  ASSERT_TRUE(destination->Commit(intent).ok());
  EXPECT_EQ(place_->ReadTable(DefaultTable())->num_rows(), 0);
}

TEST_P(DestinationConformance, AnEmptyAppendPublishesItsRecord) {
  Load(Target("r1", WriteMode::kAppend), {Rows(0, 3)}, 1);
  const auto before = place_->VisibleNames();
  Load(Target("r2", WriteMode::kAppend), {}, 2);
  EXPECT_EQ(PublishedIds(), Range(0, 3));
  EXPECT_EQ(place_->Open()->LastCommit(DefaultTable()).ValueOrDie()->intent.sequence, 2);
  if (GetParam().empty_append_adds_no_file) {
    EXPECT_EQ(place_->VisibleNames(), before);
  }
}

TEST_P(DestinationConformance, TheFirstAppendWithoutRowsMakesTheTable) {
  Load(Target("r1", WriteMode::kAppend), {}, 1);
  const auto table = place_->ReadTable(DefaultTable());
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->num_rows(), 0);
}

TEST_P(DestinationConformance, FindCommitKnowsRunsByJob) {
  Load(Target("r1", WriteMode::kAppend), {Rows(0, 3)}, 1);
  const auto destination = place_->Open();
  const auto found = destination->FindCommit("shop", "r1", DefaultTable()).ValueOrDie();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->intent.rows, 3);
  EXPECT_EQ(destination->FindCommit("other", "r1", DefaultTable()).ValueOrDie(), std::nullopt);
  EXPECT_EQ(destination->FindCommit("shop", "r2", DefaultTable()).ValueOrDie(), std::nullopt);
}

TEST_P(DestinationConformance, TablesAndRunsOfAnyNameStayInTheirPlace) {
  for (const std::string name :
       {"Übergröße", "a/b", "..", "with space", "dot.ted", "percent%41", "日本語"}) {
    SCOPED_TRACE(name);
    TableTarget target = Target("../run/" + name, WriteMode::kReplace);
    target.table = {.schema = "My Schema", .name = name, .query = {}, .alias = {}};
    Load(target, {Rows(0, 3)}, 1);
    EXPECT_EQ(PublishedIds(target.table), Range(0, 3));
  }
}

TEST_P(DestinationConformance, SeveralWritersFillOneTable) {
  const auto destination = place_->Open();
  const TableTarget target = Target("r1", WriteMode::kAppend);
  ASSERT_TRUE(destination->Prepare(target).ok());
  std::vector<Receipt> receipts;
  for (int worker = 0; worker < 3; ++worker) {
    for (int serial = 0; serial < 2; ++serial) {
      const auto writer = destination->OpenWriter(target, worker, serial).ValueOrDie();
      const int number = 2 * worker + serial;
      ASSERT_TRUE(
          writer
              ->BeginUnit(
                  {.plan_id = target.plan_id, .id = std::to_string(number), .split = WholeTable{}},
                  1)
              .ok());
      ASSERT_TRUE(writer->Append(Rows(int64_t{10} * number, 10)).ok());
      ASSERT_TRUE(writer->EndUnit(0).ok());
      for (Receipt& receipt : writer->Seal().ValueOrDie()) receipts.push_back(std::move(receipt));
    }
  }
  const CommitIntent intent = destination->Intend(target, receipts, 1).ValueOrDie();
  ASSERT_TRUE(destination->Commit(intent).ok());
  EXPECT_EQ(PublishedIds(), Range(0, 60));
}

TEST_P(DestinationConformance, WhatNoReceiptNamesIsNotPublished) {
  const auto destination = place_->Open();
  const TableTarget target = Target("r1", WriteMode::kAppend);
  const auto receipts = Stage(*destination, target, {Rows(0, 5)});
  const auto lost = destination->OpenWriter(target, 1, 0).ValueOrDie();
  ASSERT_TRUE(
      lost->BeginUnit({.plan_id = target.plan_id, .id = "9", .split = WholeTable{}}, 1).ok());
  ASSERT_TRUE(lost->Append(Rows(100, 5)).ok());
  ASSERT_TRUE(lost->EndUnit(0).ok());
  ASSERT_TRUE(lost->Seal().ok());  // Its receipt never reaches the journal.
  const CommitIntent intent = destination->Intend(target, receipts, 1).ValueOrDie();
  ASSERT_TRUE(destination->Commit(intent).ok());
  EXPECT_EQ(PublishedIds(), Range(0, 5));
}

TEST_P(DestinationConformance, ANewEpochForgetsTheOld) {
  const auto destination = place_->Open();
  TableTarget target = Target("r1", WriteMode::kAppend);
  Stage(*destination, target, {Rows(0, 5)});
  target.epoch = 1;
  target.plan_id = "r1/public.orders/1";
  const auto receipts = Stage(*destination, target, {Rows(50, 5)});
  const CommitIntent intent = destination->Intend(target, receipts, 1).ValueOrDie();
  ASSERT_TRUE(destination->Commit(intent).ok());
  EXPECT_EQ(PublishedIds(), Range(50, 5));
}

TEST_P(DestinationConformance, WhoBeginsAnEpochOwnsNothingThatIsStagedInIt) {
  // A process died, its journal is lost, and the next one counts its epochs from the start: what
  // lies in staging has the names and the sizes of what it stages itself.
  for (const bool decided : {false, true}) {
    for (const WriteMode mode :
         {WriteMode::kErrorIfExists, WriteMode::kAppend, WriteMode::kReplace}) {
      SCOPED_TRACE(std::string(WriteModeName(mode)) + (decided ? ", decided" : ""));
      place_ = GetParam().make_place();
      const TableTarget target = Target("r1", mode);
      {
        const auto dead = place_->Open();
        const auto receipts = Stage(*dead, target, {Rows(100, 5)});
        if (decided) ASSERT_TRUE(dead->Intend(target, receipts, 1).ok());
      }
      Load(target, {Rows(200, 5)}, 1);
      EXPECT_EQ(PublishedIds(), Range(200, 5));
    }
  }
}

TEST_P(DestinationConformance, ACommitWhoseRunWasBegunAnewIsVoid) {
  // Two journals know the run: the one that was thought lost comes back.
  for (const WriteMode mode : {WriteMode::kAppend, WriteMode::kReplace}) {
    SCOPED_TRACE(WriteModeName(mode));
    place_ = GetParam().make_place();
    Load(Target("r0", WriteMode::kReplace), {Rows(0, 1)}, 1);
    const CommitIntent intent = IntendRows(*place_->Open(), Target("r1", mode), 100, 5, 2);
    ASSERT_TRUE(place_->Open()->Prepare(Target("r1", mode)).ok());
    EXPECT_EQ(place_->Open()->Settle(intent).ValueOrDie().outcome, SettleOutcome::kVoid);
    Load(Target("r1", mode), {Rows(200, 5)}, 2);
    EXPECT_EQ(place_->Open()->Settle(intent).ValueOrDie().outcome, SettleOutcome::kVoid);
    EXPECT_EQ(CodeOf(place_->Open()->Commit(intent).status()), kVoidIntentCode);
    EXPECT_EQ(PublishedIds(),
              mode == WriteMode::kAppend ? Together(Range(0, 1), Range(200, 5)) : Range(200, 5));
  }
}

TEST_P(DestinationConformance, IntendMayBeRepeated) {
  auto destination = place_->Open();
  const TableTarget target = Target("r1", WriteMode::kAppend);
  const auto receipts = Stage(*destination, target, {Rows(0, 5)});
  const CommitIntent first = destination->Intend(target, receipts, 1).ValueOrDie();
  destination = nullptr;
  destination = place_->Open();
  const CommitIntent second = destination->Intend(target, receipts, 1).ValueOrDie();
  EXPECT_EQ(first.digest, second.digest);
  ASSERT_TRUE(destination->Commit(second).ok());
  EXPECT_EQ(PublishedIds(), Range(0, 5));
}

TEST_P(DestinationConformance, CleanRemovesStagingOfDeadRunsOnly) {
  Stage(*place_->Open(), Target("dead", WriteMode::kAppend), {Rows(0, 500)});
  Stage(*place_->Open(), Target("kept", WriteMode::kAppend), {Rows(0, 500)});
  const int64_t before = place_->StagedBytes();
  const CleanResult result = place_->Open()->Clean({"kept"}).ValueOrDie();
  EXPECT_GT(result.removed_bytes, 0);
  EXPECT_THAT(result.kept, ElementsAre(HasSubstr("kept")));
  EXPECT_EQ(place_->StagedBytes(), before - result.removed_bytes);
  ASSERT_TRUE(place_->Open()->Clean({}).ok());
  EXPECT_EQ(place_->StagedBytes(), 0);
}

TEST_P(DestinationConformance, CleanLeavesAnOpenIntentAlone) {
  const CommitIntent intent =
      IntendRows(*place_->Open(), Target("r1", WriteMode::kReplace), 0, 5, 1);
  ASSERT_TRUE(place_->Open(std::chrono::seconds(0))->Clean({}).ok());
  ASSERT_TRUE(place_->Open()->Commit(intent).ok());
  EXPECT_EQ(PublishedIds(), Range(0, 5));
}

TEST_P(DestinationConformance, CleanLeavesAProcessAtWorkAlone) {
  const auto destination = place_->Open();
  const TableTarget target = Target("r1", WriteMode::kReplace);
  const auto receipts = Stage(*destination, target, {Rows(0, 5)});
  ASSERT_TRUE(place_->Open(std::chrono::seconds(0))->Clean({}).ok());
  const CommitIntent intent = destination->Intend(target, receipts, 1).ValueOrDie();
  ASSERT_TRUE(destination->Commit(intent).ok());
  EXPECT_EQ(PublishedIds(), Range(0, 5));
}

TEST_P(DestinationConformance, ReplacedTablesStayForTheirGrace) {
  Load(Target("r1", WriteMode::kReplace), {Rows(0, 500)}, 1);
  Load(Target("r2", WriteMode::kReplace), {Rows(0, 5)}, 2);
  const int64_t staged = place_->StagedBytes();
  ASSERT_TRUE(place_->Open()->Clean({}).ok());
  EXPECT_EQ(place_->StagedBytes(), staged);
  ASSERT_TRUE(place_->Open(std::chrono::seconds(0))->Clean({}).ok());
  EXPECT_EQ(place_->StagedBytes(), 0);
  EXPECT_EQ(PublishedIds(), Range(0, 5));
}

TEST_P(DestinationConformance, AppendAfterReplaceAndBack) {
  Load(Target("r1", WriteMode::kReplace), {Rows(0, 5)}, 1);
  Load(Target("r2", WriteMode::kAppend), {Rows(5, 5)}, 2);
  EXPECT_EQ(PublishedIds(), Range(0, 10));
  Load(Target("r3", WriteMode::kReplace), {Rows(100, 1)}, 3);
  Load(Target("r4", WriteMode::kAppend), {Rows(200, 1)}, 4);
  EXPECT_EQ(PublishedIds(), Together(Range(100, 1), Range(200, 1)));
}

}  // namespace
}  // namespace headrace
