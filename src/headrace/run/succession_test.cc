#include "headrace/run/succession.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Succession kGoesOn = Succession::kContinue;
constexpr Succession kTakenOver = Succession::kTakeOver;
constexpr Succession kEnded = Succession::kEnd;
constexpr Succession kGivenUp = Succession::kGiveUp;
constexpr Succession kBehindBackfill = Succession::kBackfillUnfinished;
constexpr Succession kBehindOther = Succession::kOtherUnfinished;
constexpr Succession kBehindOtherJob = Succession::kOtherJobUnfinished;
constexpr Succession kChanged = Succession::kJobChanged;
constexpr Succession kNotResumed = Succession::kResumeOfOtherJob;
constexpr Succession kNotMeant = Succession::kSuccessorChanged;

constexpr RunWish kPlain;
constexpr RunWish kResume = {.resume = true};
constexpr RunWish kBackfill = {.is_backfill = true};
constexpr RunWish kBackfillResume = {.resume = true, .is_backfill = true};
constexpr RunWish kSameId = {.asked = AskedRun::kSame};
constexpr RunWish kPredecessor = {.asked = AskedRun::kPredecessor};
constexpr RunWish kOtherId = {.asked = AskedRun::kOther};
constexpr RunWish kOtherIdResume = {.asked = AskedRun::kOther, .resume = true};
constexpr RunWish kOtherIdInLake = {.asked = AskedRun::kOther, .has_loaded = true};
constexpr RunWish kOtherIdBackfill = {.asked = AskedRun::kOther, .is_backfill = true};

/// A run of the tables that `tables` has a letter for each:
///
///   w  incremental and wanted, W published   f  loaded whole and wanted, F published
///   o  not wanted, O published               g  not in the job any more, G published
///   r  loaded whole and wanted, in the place of what is there
UnfinishedRun RunOf(std::string_view tables) {
  constexpr std::string_view kPublished = "WFOG";
  UnfinishedRun run;
  for (const char letter : tables) {
    const std::string name(1, letter);
    const bool is_published = kPublished.find(letter) != std::string_view::npos;
    const bool is_window = letter == 'w' || letter == 'W';
    const bool is_replaced = letter == 'r';
    const bool is_wanted = is_window || is_replaced || letter == 'f' || letter == 'F';
    run.tables.push_back({.directory = name,
                          .label = "public." + name,
                          .is_published = is_published,
                          .is_wanted_window = is_window,
                          .is_wanted = is_wanted,
                          .is_replaced = is_replaced});
    run.has_published |= is_published;
  }
  return run;
}

UnfinishedRun Backfill(UnfinishedRun run) {
  run.is_backfill = true;
  // It moves no watermark.
  for (UnfinishedTable& table : run.tables) table.is_wanted_window = false;
  return run;
}

UnfinishedRun OfOtherText(UnfinishedRun run) {
  run.is_same_text = false;
  return run;
}

/// By what is not in its file: another `${FROM}`.
UnfinishedRun OfOtherValues(UnfinishedRun run) {
  run.has_same_values = false;
  return OfOtherText(std::move(run));
}

/// The same, to another lake.
UnfinishedRun ToOtherTarget(UnfinishedRun run) {
  run.has_same_target = false;
  return OfOtherValues(std::move(run));
}

UnfinishedRun AtOtherPlace(UnfinishedRun run) {
  run.is_same_place = false;
  return run;
}

struct Case {
  const char* what;
  UnfinishedRun run;
  RunWish wish;
  Succession ruling;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.what; }

class SuccessionTest : public ::testing::TestWithParam<Case> {};

TEST_P(SuccessionTest, IsRuled) {
  const Succession ruling = RuleSuccession(GetParam().run, GetParam().wish);
  EXPECT_EQ(static_cast<int>(ruling), static_cast<int>(GetParam().ruling)) << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(
    WithoutId, SuccessionTest,
    ::testing::Values(
        Case{"nothing is published", RunOf("wf"), kPlain, kGoesOn},
        Case{"a window is published, one is left", RunOf("Ww"), kPlain, kTakenOver},
        Case{"a window is published, a full load is left", RunOf("Wf"), kPlain, kTakenOver},
        Case{"a window is published, what is left is not wanted", RunOf("Wo"), kPlain, kTakenOver},
        Case{"what is published has no next window", RunOf("Fw"), kPlain, kGoesOn},
        Case{"what is published is not wanted", RunOf("Ow"), kPlain, kGoesOn},
        Case{"nothing is left", RunOf("WF"), kPlain, kGoesOn},
        Case{"all its tables are gone", RunOf(""), kPlain, kGoesOn},
        Case{"--resume begins nothing new", RunOf("Ww"), kResume, kGoesOn},
        Case{"another place", AtOtherPlace(RunOf("Ww")), kPlain, kGoesOn},
        Case{"another job, a table published", OfOtherText(RunOf("Ww")), kPlain, kChanged},
        Case{"another job, all published", OfOtherText(RunOf("WF")), kPlain, kChanged},
        Case{"another job, a table published that is gone", OfOtherText(RunOf("Gw")), kPlain,
             kChanged}));

INSTANTIATE_TEST_SUITE_P(
    WithoutIdNothingPublishedOfAnotherJob, SuccessionTest,
    ::testing::Values(
        Case{"the job was changed", OfOtherText(RunOf("wg")), kPlain, kTakenOver},
        Case{"the job was changed, full loads that are appended", OfOtherText(RunOf("f")), kPlain,
             kTakenOver},
        Case{"the job and its place were changed", OfOtherText(AtOtherPlace(RunOf("f"))), kPlain,
             kTakenOver},
        Case{"what was left is not wanted", OfOtherText(RunOf("fo")), kPlain, kTakenOver},
        Case{"other values", OfOtherValues(RunOf("f")), kPlain, kBehindOtherJob},
        Case{"other values of windows", OfOtherValues(RunOf("w")), kPlain, kBehindOtherJob},
        Case{"other values of what is replaced", OfOtherValues(RunOf("rr")), kPlain, kTakenOver},
        Case{"other values, one is appended", OfOtherValues(RunOf("rf")), kPlain, kBehindOtherJob},
        Case{"other values, of tables that are gone", OfOtherValues(RunOf("rg")), kPlain,
             kBehindOtherJob},
        Case{"another lake of what is replaced", ToOtherTarget(RunOf("r")), kPlain,
             kBehindOtherJob},
        Case{"another place alone", AtOtherPlace(RunOf("f")), kPlain, kBehindOtherJob},
        Case{"another place of windows", AtOtherPlace(RunOf("w")), kPlain, kBehindOtherJob},
        Case{"another place of what is replaced", AtOtherPlace(RunOf("r")), kPlain, kTakenOver},
        Case{"the job was changed, --resume", OfOtherText(RunOf("f")), kResume, kNotResumed},
        Case{"other values, --resume", OfOtherValues(RunOf("f")), kResume, kBehindOtherJob},
        Case{"another place of what is replaced, --resume", AtOtherPlace(RunOf("r")), kResume,
             kNotResumed}));

INSTANTIATE_TEST_SUITE_P(
    WithItsId, SuccessionTest,
    ::testing::Values(
        Case{"of windows", RunOf("Ww"), kSameId, kGoesOn},
        Case{"nothing is left", RunOf("W"), kSameId, kGoesOn},
        Case{"another job, nothing published", OfOtherText(RunOf("w")), kSameId, kGoesOn},
        Case{"other values, nothing published", OfOtherValues(RunOf("f")), kSameId, kGoesOn},
        Case{"another job, a table published", OfOtherText(RunOf("Ff")), kSameId, kChanged},
        Case{"a backfill by a run that is none", OfOtherText(Backfill(RunOf("w"))), kSameId,
             kBehindBackfill}));

INSTANTIATE_TEST_SUITE_P(
    WithTheIdOfOneThatItTookOver, SuccessionTest,
    ::testing::Values(
        Case{"of windows", RunOf("Ww"), kPredecessor, kGoesOn},
        Case{"nothing published", RunOf("f"), kPredecessor, kGoesOn},
        Case{"another job, nothing published", OfOtherText(RunOf("f")), kPredecessor, kNotMeant},
        Case{"another place, nothing published", AtOtherPlace(RunOf("f")), kPredecessor, kNotMeant},
        Case{"another job, a table published", OfOtherText(RunOf("Ff")), kPredecessor, kChanged},
        Case{"another backfill", OfOtherText(Backfill(RunOf("f"))),
             RunWish{.asked = AskedRun::kPredecessor, .is_backfill = true}, kNotMeant},
        Case{"a backfill by a run that is none", OfOtherText(Backfill(RunOf("f"))), kPredecessor,
             kBehindBackfill}));

INSTANTIATE_TEST_SUITE_P(
    WithAnotherId, SuccessionTest,
    ::testing::Values(
        Case{"nothing is left", RunOf("WF"), kOtherId, kEnded},
        Case{"nothing is left, --resume", RunOf("WF"), kOtherIdResume, kEnded},
        Case{"nothing is left of another job", OfOtherText(RunOf("WF")), kOtherId, kEnded},
        Case{"all are windows", RunOf("Ww"), kOtherId, kTakenOver},
        Case{"all are windows, --resume", RunOf("Ww"), kOtherIdResume, kBehindOther},
        Case{"a full load is left", RunOf("Wf"), kOtherId, kBehindOther},
        Case{"a full load is published", RunOf("Fw"), kOtherId, kBehindOther},
        Case{"a table is not wanted", RunOf("Wwo"), kOtherId, kBehindOther},
        Case{"a published table is not wanted", RunOf("WwO"), kOtherId, kBehindOther},
        Case{"all are windows, and it has loaded before", RunOf("Ww"), kOtherIdInLake,
             kBehindOther},
        Case{"windows of another job", OfOtherText(RunOf("Ww")), kOtherId, kBehindOther},
        Case{"windows of another place", AtOtherPlace(RunOf("Ww")), kOtherId, kBehindOther}));

INSTANTIATE_TEST_SUITE_P(
    WithAnotherIdNothingPublished, SuccessionTest,
    ::testing::Values(
        Case{"it is for the same", RunOf("wf"), kOtherId, kTakenOver},
        Case{"full loads alone", RunOf("ff"), kOtherId, kTakenOver},
        Case{"another place", AtOtherPlace(RunOf("f")), kOtherId, kBehindOtherJob},
        Case{"another job", OfOtherText(RunOf("f")), kOtherId, kBehindOtherJob},
        Case{"windows of another job", OfOtherText(RunOf("w")), kOtherId, kBehindOtherJob},
        Case{"another job of what is replaced", OfOtherText(RunOf("rr")), kOtherId, kTakenOver},
        Case{"other values of what is replaced", OfOtherValues(RunOf("r")), kOtherId, kTakenOver},
        Case{"another place of what is replaced", AtOtherPlace(RunOf("r")), kOtherId, kTakenOver},
        Case{"other values, one is appended", OfOtherValues(RunOf("rf")), kOtherId,
             kBehindOtherJob},
        Case{"other values, one is not wanted", OfOtherValues(RunOf("ro")), kOtherId,
             kBehindOtherJob},
        Case{"other values, of a table that is gone", OfOtherValues(RunOf("rg")), kOtherId,
             kBehindOtherJob},
        Case{"another lake of what is replaced", ToOtherTarget(RunOf("r")), kOtherId,
             kBehindOtherJob},
        Case{"other values of what is replaced, --resume", OfOtherValues(RunOf("r")),
             kOtherIdResume, kBehindOtherJob},
        Case{"other values of what is replaced, and it has loaded before",
             OfOtherValues(RunOf("r")), kOtherIdInLake, kBehindOtherJob},
        Case{"another job, all its tables are gone", OfOtherText(RunOf("g")), kOtherId,
             kBehindOtherJob},
        Case{"it is for less", RunOf("fo"), kOtherId, kBehindOther},
        Case{"--resume begins nothing new", RunOf("f"), kOtherIdResume, kBehindOther},
        Case{"it has loaded before", RunOf("f"), kOtherIdInLake, kBehindOther},
        Case{"a backfill beside another run", OfOtherText(RunOf("w")), kOtherIdBackfill,
             kBehindOther},
        Case{"the same backfill", Backfill(RunOf("f")), kOtherIdBackfill, kTakenOver},
        Case{"the same backfill of less", Backfill(RunOf("fo")), kOtherIdBackfill, kBehindBackfill},
        Case{"its tables are gone", RunOf(""), kOtherId, kEnded}));

INSTANTIATE_TEST_SUITE_P(
    Backfills, SuccessionTest,
    ::testing::Values(
        Case{"by itself", Backfill(RunOf("Ff")), kBackfill, kGoesOn},
        Case{"by itself, nothing published", Backfill(RunOf("f")), kBackfill, kGoesOn},
        Case{"nothing published, another run", OfOtherText(Backfill(RunOf("f"))), kPlain, kGivenUp},
        Case{"nothing published, another id", OfOtherText(Backfill(RunOf("f"))), kOtherId,
             kGivenUp},
        Case{"nothing published, another range", OfOtherText(Backfill(RunOf("f"))), kBackfill,
             kGivenUp},
        Case{"nothing published, --resume", OfOtherText(Backfill(RunOf("f"))), kResume,
             kBehindBackfill},
        Case{"nothing published, --resume of another range", OfOtherText(Backfill(RunOf("f"))),
             kBackfillResume, kBehindBackfill},
        Case{"at another place, nothing published", AtOtherPlace(Backfill(RunOf("f"))), kBackfill,
             kBehindOtherJob},
        Case{"a table published, another run", OfOtherText(Backfill(RunOf("Ff"))), kPlain,
             kBehindBackfill},
        Case{"a table published, another id", OfOtherText(Backfill(RunOf("Ff"))), kOtherId,
             kBehindBackfill},
        Case{"a table published, another range", OfOtherText(Backfill(RunOf("Ff"))), kBackfill,
             kChanged},
        Case{"all published, another run", OfOtherText(Backfill(RunOf("FF"))), kPlain, kEnded},
        Case{"all published, --resume", OfOtherText(Backfill(RunOf("FF"))), kResume,
             kBehindBackfill},
        Case{"beside another run", OfOtherText(RunOf("w")), kBackfill, kBehindOther},
        Case{"beside another run with tables left", OfOtherText(RunOf("Ww")), kBackfill,
             kBehindOther},
        Case{"behind a run that is only to be verified", OfOtherText(RunOf("W")), kBackfill,
             kEnded}));

JournalTable Journalled(const std::string& directory, bool has_intent, bool has_record) {
  JournalTable table;
  table.directory = directory;
  if (has_intent) table.intent = CommitIntent();
  if (has_record) table.record = CommitRecord();
  return table;
}

/// a is committed, b has an open intent, c was begun, d was not; x is not in the job.
class UnfinishedRunTest : public ::testing::Test {
 protected:
  UnfinishedRunTest() {
    job_.text_digest = run_.text_digest = "d1";
    for (const char* name : {"a", "b", "c", "d"}) {
      TableJob table;
      table.table.name = name;
      job_.tables.push_back(table);
    }
    job_.tables[0].load.mode = LoadMode::kTransactional;
    run_.scope = {"a", "b", "c", "d", "x"};
  }

  UnfinishedRun Make(Published published, bool is_same_place = true) {
    TableJobs wanted;
    for (const TableJob& table : job_.tables) wanted.push_back(&table);
    return UnfinishedRunOf(run_, tables_, published, job_, wanted, is_same_place);
  }

  Job job_;
  JournalRun run_;
  std::vector<JournalTable> tables_ = {Journalled("a", true, true), Journalled("b", true, false),
                                       Journalled("c", false, false)};
};

TEST_F(UnfinishedRunTest, AnOpenIntentIsACommitWhereNothingIsSettledYet) {
  EXPECT_THAT(Make(Published::kCommitted).left(), ElementsAre("b", "c", "d"));
  EXPECT_THAT(Make(Published::kDecided).left(), ElementsAre("c", "d"));
  tables_.erase(tables_.begin());
  EXPECT_FALSE(Make(Published::kCommitted).has_published);
  EXPECT_TRUE(Make(Published::kDecided).has_published);
}

TEST_F(UnfinishedRunTest, WhatHasNoNextWindowIsKept) {
  EXPECT_THAT(Make(Published::kDecided).kept(), ElementsAre("b"));
  job_.backfill = BackfillRange();
  EXPECT_THAT(Make(Published::kDecided).kept(), ElementsAre("a", "b"));
}

TEST_F(UnfinishedRunTest, WhatIsGoneIsLeftForNobodyUnlessTheJobOrThePlaceHasChanged) {
  EXPECT_EQ(Make(Published::kCommitted).tables.size(), 4U);
  EXPECT_EQ(Make(Published::kCommitted, /*is_same_place=*/false).tables.size(), 5U);
  job_.text_digest = "d2";
  const UnfinishedRun changed = Make(Published::kCommitted);
  EXPECT_THAT(changed.left(), ElementsAre("b", "c", "d", "x"));
  EXPECT_FALSE(changed.tables.back().is_wanted);
}

TEST_F(UnfinishedRunTest, OtherValuesAreThoseOfParametersThatBothHave) {
  run_.parameters = JobParameters{{"${FROM}", "1"}};
  job_.parameters = {{"${FROM}", "1"}, {"${LAKE}", "1", true}};
  job_.text_digest = "d2";
  EXPECT_TRUE(Make(Published::kCommitted).has_same_values);
  job_.parameters[0].digest = "2";
  EXPECT_FALSE(Make(Published::kCommitted).has_same_values);
  EXPECT_TRUE(Make(Published::kCommitted).has_same_target);
  run_.parameters->push_back({"${LAKE}", "2", true});
  EXPECT_FALSE(Make(Published::kCommitted).has_same_target);
}

TEST_F(UnfinishedRunTest, ValuesThatAJournalDoesNotSayMayBeOthers) {
  EXPECT_TRUE(Make(Published::kCommitted).has_same_values) << "of the same text they are not";
  job_.text_digest = "d2";
  EXPECT_FALSE(Make(Published::kCommitted).has_same_values);
  EXPECT_FALSE(Make(Published::kCommitted).has_same_target);
}

TEST_F(UnfinishedRunTest, AWholeLoadThatReplacesIsToldFromTheOthers) {
  job_.tables[1].write = WriteMode::kAppend;
  const UnfinishedRun run = Make(Published::kCommitted);
  EXPECT_FALSE(run.tables[0].is_replaced) << "in mode transactional";
  EXPECT_FALSE(run.tables[1].is_replaced);
  EXPECT_TRUE(run.tables[2].is_replaced);
}

TEST_F(UnfinishedRunTest, APublishedTableThatIsGoneIsPublishedAllTheSame) {
  run_.scope = {"x"};
  tables_ = {Journalled("x", true, true)};
  const UnfinishedRun run = Make(Published::kCommitted);
  EXPECT_TRUE(run.has_published);
  EXPECT_THAT(run.tables, IsEmpty());
}

}  // namespace
}  // namespace headrace
