#include "headrace/destination/bigquery/table_commit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "headrace/destination/bigquery/commit_world.h"

namespace headrace {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;
using Process = CommitWorld::Process;

const Json& BackendError() {
  static const Json kError = {{"reason", "backendError"}, {"message", "try again"}};
  return kError;
}

const Json& BadFile() {
  static const Json kError = {{"reason", "invalid"}, {"message", "no Parquet"}};
  return kError;
}

/// The outcomes `failures`, one job after another, and success from then on.
MemoryBigQuery::Outcome FailFirst(std::vector<Json> failures) {
  return [failures = std::move(failures)](int count, const Json& /*job*/) {
    const auto index = static_cast<size_t>(count - 1);
    return index < failures.size() ? failures[index] : Json();
  };
}

MemoryBigQuery::Outcome FailAlways(const Json& error) {
  return [error](int /*count*/, const Json& /*job*/) { return error; };
}

/// Answers to the insertion of load jobs.
MemoryBigQuery::Refusal RefuseLoads(int status, const std::string& reason) {
  return [=](const Json& resource) -> std::optional<HttpResponse> {
    if (ValueAt(resource, "/configuration/load").is_null()) return std::nullopt;
    return TestApiError(status, reason, "refused");
  };
}

Publication PublicationIn(const CommitRecord& record) {
  return PublicationOf(record.intent).ValueOrDie();
}

class TableCommitTest : public testing::Test {
 protected:
  CommitWorld world_;
  const CommitIntent intent_ = world_.Decide("r1");
};

TEST_F(TableCommitTest, RowsAreLoadedAndTheRecordSaysBy) {
  Process process(world_);
  const CommitRecord record = process.Commit(intent_).ValueOrDie();
  EXPECT_EQ(world_.TimesLoaded(intent_), 1);
  EXPECT_EQ(record.committed_at, "2026-01-02T03:04:05Z");
  const Publication publication = PublicationIn(record);
  ASSERT_TRUE(publication.loaded);
  EXPECT_EQ(publication.loaded->job_id, CommitWorld::JobId(intent_));
  EXPECT_EQ(publication.loaded->rows, 10);
  EXPECT_EQ(publication.loaded->bytes, 100);
  EXPECT_EQ(publication.loaded->slot_ms, 4);
  EXPECT_EQ(publication.table_created, "77");
  EXPECT_THAT(world_.service->patches(), ElementsAre(Json{{"requirePartitionFilter", true}}));
  EXPECT_THAT(world_.bucket->Names(), ElementsAre(CommitWorld::NameOf(intent_),
                                                  CommitWorld::NameOf(intent_) + ".commit.r1"));
}

TEST_F(TableCommitTest, ASecondCommitChangesNothing) {
  const CommitRecord first = Process(world_).Commit(intent_).ValueOrDie();
  Process again(world_);
  const CommitRecord second = again.Commit(intent_).ValueOrDie();
  EXPECT_EQ(ToJson(first), ToJson(second));
  EXPECT_EQ(world_.TimesLoaded(intent_), 1);
  EXPECT_EQ(world_.service->job_ids().size(), 1);
  EXPECT_EQ(again.Settle(intent_).ValueOrDie().outcome, SettleOutcome::kCommitted);
}

TEST_F(TableCommitTest, WhatHasNoFilesIsCommittedWithoutAJob) {
  CommitIntent intent = intent_;
  Publication publication = PublicationOf(intent).ValueOrDie();
  publication.configuration = nullptr;
  intent.files.clear();
  intent.publication = TextOf(publication);
  ASSERT_TRUE(Process(world_).Commit(intent).ok());
  EXPECT_TRUE(world_.HasRecord(intent));
  EXPECT_THAT(world_.service->job_ids(), IsEmpty());
}

TEST_F(TableCommitTest, AJobThatTheServiceLosesIsBegunAnewUnderTheNextId) {
  // The log has the next id before the service does.
  std::vector<std::string> known;
  world_.service->outcome = [&](int count, const Json& job) {
    const GcsClient gcs(world_.bucket, MemoryBucket::kRoot);
    const auto text = gcs.Read({.bucket = "b", .name = CommitWorld::NameOf(intent_)}, {});
    const auto holder = CommitIntentFromJson(Json::parse(**text)).ValueOrDie();
    const int attempt = PublicationOf(holder)->attempt;
    EXPECT_EQ(TextAt(job, "/jobReference/jobId"), CommitWorld::JobId(intent_, attempt));
    known.push_back(std::to_string(attempt));
    return count < 3 ? BackendError() : Json();
  };
  const CommitRecord record = Process(world_).Commit(intent_).ValueOrDie();
  EXPECT_THAT(known, ElementsAre("1", "2", "3"));
  EXPECT_EQ(PublicationIn(record).attempt, 3);
  EXPECT_EQ(PublicationIn(record).loaded->job_id, CommitWorld::JobId(intent_, 3));
  EXPECT_EQ(world_.TimesLoaded(intent_), 1);
}

TEST_F(TableCommitTest, AJobThatIsLostAgainAndAgainIsGivenUp) {
  world_.service->outcome = FailAlways(BackendError());
  const arrow::Status error = Process(world_).Commit(intent_).status();
  EXPECT_EQ(CodeOf(error), kVoidIntentCode) << error;
  EXPECT_EQ(world_.service->job_ids().size(), 5);
  EXPECT_FALSE(world_.IsClaimed(intent_));
}

TEST_F(TableCommitTest, AJobThatFailsForGoodMakesTheIntentVoidAndGivesItsNumberBack) {
  world_.service->outcome = FailFirst({BadFile()});
  Process process(world_);
  const arrow::Status error = process.Commit(intent_).status();
  EXPECT_EQ(CodeOf(error), kVoidIntentCode);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("public.t"), HasSubstr("no Parquet")));
  EXPECT_FALSE(world_.IsClaimed(intent_));
  EXPECT_FALSE(world_.HasRecord(intent_));
  const CommitIntent next = world_.Decide("r2");
  EXPECT_TRUE(process.Commit(next).ok());
  EXPECT_EQ(world_.TimesLoaded(next), 1);
  EXPECT_EQ(world_.TimesLoaded(intent_), 0);
  EXPECT_EQ(process.Settle(intent_).ValueOrDie().outcome, SettleOutcome::kVoid);
}

TEST_F(TableCommitTest, AnInsertionThatIsRefusedAsWrongTakesTheIdAndIsVoid) {
  world_.service->refusal = RefuseLoads(400, "invalid");
  const arrow::Status error = Process(world_).Commit(intent_).status();
  EXPECT_EQ(CodeOf(error), kVoidIntentCode);
  EXPECT_THAT(error.message(), HasSubstr("refused"));
  EXPECT_FALSE(world_.IsClaimed(intent_));
  EXPECT_THAT(world_.service->job_ids(), ElementsAre(CommitWorld::JobId(intent_)));
}

TEST_F(TableCommitTest, AnInsertionWithoutRightsStaysOpenUntilTheyAreGiven) {
  world_.service->refusal = RefuseLoads(403, "accessDenied");
  const arrow::Status error = Process(world_).Commit(intent_).status();
  EXPECT_EQ(CodeOf(error), "accessDenied");
  EXPECT_EQ(Process(world_).Settle(intent_).ValueOrDie().outcome, SettleOutcome::kNotCommitted);
  EXPECT_TRUE(world_.IsClaimed(intent_));
  world_.service->refusal = nullptr;
  EXPECT_TRUE(Process(world_).Commit(intent_).ok());
  EXPECT_EQ(world_.TimesLoaded(intent_), 1);
}

TEST_F(TableCommitTest, AJobThatIsThereCountsWhateverAnInsertionIsAnswered) {
  // A server that looks at the request before it looks at the id.
  (void)Process(world_, {.last = 5, .arrives = true}).Commit(intent_);
  ASSERT_EQ(world_.TimesLoaded(intent_), 1);
  world_.service->refusal = RefuseLoads(400, "invalid");
  EXPECT_TRUE(Process(world_).Commit(intent_).ok());
  EXPECT_EQ(world_.TimesLoaded(intent_), 1);
}

TEST_F(TableCommitTest, ANumberThatIsAnotherRunsMakesTheIntentVoid) {
  const CommitIntent other = world_.Decide("r2");
  ASSERT_TRUE(Process(world_).Commit(other).ok());
  Process process(world_);
  EXPECT_EQ(CodeOf(process.Commit(intent_).status()), kVoidIntentCode);
  EXPECT_EQ(process.Settle(intent_).ValueOrDie().outcome, SettleOutcome::kVoid);
  EXPECT_EQ(world_.TimesLoaded(intent_), 0);
}

TEST_F(TableCommitTest, WhoeverHasTheNumberIsPublishedFirst) {
  const CommitIntent other = world_.Decide("r2");
  ASSERT_TRUE(Process(world_).log().Claim(other).ok());
  EXPECT_EQ(CodeOf(Process(world_).Commit(intent_).status()), kVoidIntentCode);
  EXPECT_EQ(world_.TimesLoaded(other), 1);
  EXPECT_TRUE(world_.HasRecord(other));
  EXPECT_EQ(world_.TimesLoaded(intent_), 0);
}

TEST_F(TableCommitTest, ANumberThatAVoidIntentHadIsTaken) {
  const CommitIntent other = world_.Decide("r2");
  ASSERT_TRUE(Process(world_).log().Claim(other).ok());
  world_.service->outcome = FailFirst({BadFile()});
  EXPECT_TRUE(Process(world_).Commit(intent_).ok());
  EXPECT_EQ(world_.TimesLoaded(other), 0);
  EXPECT_EQ(world_.TimesLoaded(intent_), 1);
}

TEST_F(TableCommitTest, FilesThatAreGoneMakeWhatHasNoNumberVoid) {
  world_.bucket->Remove("lake/.staged/nightly/r1/t/1/part-1-b.parquet");
  Process process(world_);
  const arrow::Status error = process.Commit(intent_).status();
  EXPECT_EQ(CodeOf(error), kVoidIntentCode);
  EXPECT_THAT(error.message(), HasSubstr("part-1-b.parquet"));
  EXPECT_EQ(process.Settle(intent_).ValueOrDie().outcome, SettleOutcome::kVoid);
  EXPECT_FALSE(world_.IsClaimed(intent_));
}

TEST_F(TableCommitTest, AGapInTheNumbersMakesTheIntentVoid) {
  const arrow::Status error = Process(world_).Commit(world_.Decide("r3", 3)).status();
  EXPECT_EQ(CodeOf(error), kVoidIntentCode);
  EXPECT_THAT(error.message(), HasSubstr("commit number 2"));
}

TEST_F(TableCommitTest, ALogThatIsLostIsMadeAgainFromTheJob) {
  ASSERT_TRUE(Process(world_).Commit(intent_).ok());
  for (const std::string& name : world_.bucket->Names()) world_.bucket->Remove(name);
  Process process(world_);
  EXPECT_EQ(process.Settle(intent_).ValueOrDie().outcome, SettleOutcome::kCommitted);
  EXPECT_TRUE(process.Commit(intent_).ok());
  EXPECT_TRUE(world_.HasRecord(intent_));
  EXPECT_EQ(world_.TimesLoaded(intent_), 1);
}

TEST_F(TableCommitTest, AJobThatHasLoadedOtherFilesUnderTheIdIsSomebodysToDecide) {
  Json job = {{"status", {{"state", "DONE"}}}};
  job["configuration"]["load"]["sourceUris"] = {"gs://b/other"};
  world_.service->AddJob(CommitWorld::JobId(intent_), job);
  const arrow::Status error = Process(world_).Commit(intent_).status();
  EXPECT_EQ(CodeOf(error), kUnknownCommitCode);
  EXPECT_EQ(ClassOf(error), ErrorClass::kPermanent);
}

TEST_F(TableCommitTest, IdsThatAnEarlierLifeOfTheRunHasBurntAreLeftOut) {
  const Json taken = {{"status", {{"state", "DONE"}}},
                      {"configuration", {{"query", {{"query", "SELECT 1"}}}}}};
  world_.service->AddJob(CommitWorld::JobId(intent_, 1), taken);
  Json failed = {{"status", {{"state", "DONE"}, {"errorResult", BadFile()}}}};
  failed["configuration"] = PublicationOf(intent_)->configuration;
  world_.service->AddJob(CommitWorld::JobId(intent_, 2), failed);
  EXPECT_TRUE(Process(world_).Commit(intent_).ok());
  EXPECT_EQ(world_.TimesLoaded(intent_), 1);
}

/// What a service does with the jobs of one commit, and what has to come of it.
struct Story {
  const char* name;
  std::vector<Json> failures;  ///< Of its jobs, one after another.
  bool fails_for_good = false;
  bool is_refused = false;
  int polls = 0;
  bool is_void() const { return fails_for_good || is_refused; }
};

std::vector<Story> Stories() {
  return {
      {.name = "at once"},
      {.name = "after a while", .polls = 3},
      {.name = "lost once", .failures = {BackendError()}},
      {.name = "lost twice", .failures = {BackendError(), BackendError()}, .polls = 1},
      {.name = "fails for good", .fails_for_good = true},
      {.name = "lost, then fails for good", .failures = {BackendError()}, .fails_for_good = true},
      {.name = "refused", .is_refused = true}};
}

void Tell(const Story& story, const CommitWorld& world) {
  world.service->outcome = [story](int count, const Json& /*job*/) {
    const auto index = static_cast<size_t>(count - 1);
    if (index < story.failures.size()) return story.failures[index];
    return story.fails_for_good ? BadFile() : Json();
  };
  if (story.is_refused) world.service->refusal = RefuseLoads(400, "invalid");
  world.service->polls = story.polls;
}

/// What one more process, which nothing happens to, finds and makes of it.
void ExpectEnd(const Story& story, CommitWorld& world, const CommitIntent& intent) {
  Process process(world);
  const auto settled = process.Settle(intent);
  ASSERT_TRUE(settled.ok()) << settled.status();
  if (!story.is_void()) {
    EXPECT_NE(settled->outcome, SettleOutcome::kVoid) << settled->reason;
  }
  const auto record = process.Commit(intent);
  EXPECT_EQ(world.TimesLoaded(intent), story.is_void() ? 0 : 1);
  EXPECT_EQ(world.HasRecord(intent), !story.is_void());
  EXPECT_EQ(world.IsClaimed(intent), !story.is_void());
  if (story.is_void()) {
    EXPECT_EQ(CodeOf(record.status()), kVoidIntentCode) << record.status();
  } else {
    EXPECT_TRUE(record.ok()) << record.status();
    EXPECT_EQ(process.Settle(intent)->outcome, SettleOutcome::kCommitted);
  }
}

TEST(TableCommitProperty, ACommitThatDiesAtAnyRequestIsCarriedOutOnce) {
  for (const Story& story : Stories()) {
    bool has_died = true;
    for (int last = 1; has_died; ++last) {
      for (const bool arrives : {false, true}) {
        SCOPED_TRACE(std::string(story.name) + ", dies at " + std::to_string(last) +
                     (arrives ? " after it" : " before it"));
        CommitWorld world;
        Tell(story, world);
        const CommitIntent intent = world.Decide("r1");
        Process process(world, {.last = last, .arrives = arrives});
        (void)process.Commit(intent);
        has_died = process.sent() >= last;
        ExpectEnd(story, world, intent);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

TEST(TableCommitProperty, ACommitThatDiesTwiceIsCarriedOutOnce) {
  constexpr int kRequests = 15;
  constexpr int kLives = 2 * kRequests;
  for (const Story& story : Stories()) {
    for (int lives = 0; lives < kLives * kLives; ++lives) {
      const int one = lives / kLives;
      const int other = lives % kLives;
      const Lifetime first = {.last = one / 2 + 1, .arrives = one % 2 == 1};
      const Lifetime second = {.last = other / 2 + 1, .arrives = other % 2 == 1};
      SCOPED_TRACE(std::string(story.name) + ", lives " + std::to_string(lives));
      CommitWorld world;
      Tell(story, world);
      const CommitIntent intent = world.Decide("r1");
      (void)Process(world, first).Commit(intent);
      (void)Process(world, second).Commit(intent);
      ExpectEnd(story, world, intent);
      if (testing::Test::HasFailure()) return;
    }
  }
}

/// Carries `intents` out at the same time, one process each, by the turns of `seed`.
std::vector<arrow::Status> CommitBeside(CommitWorld& world,
                                        const std::vector<CommitIntent>& intents,
                                        const std::vector<Lifetime>& lives, uint64_t seed) {
  Turns turns(intents.size(), seed);
  std::vector<arrow::Status> ends(intents.size());
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < intents.size(); ++i) {
      threads.emplace_back([&, i] {
        ends[i] = Process(world, lives[i], &turns, i).Commit(intents[i]).status();
        turns.Leave();
      });
    }
  }
  return ends;
}

Lifetime RandomLife(std::mt19937_64& random) {
  constexpr int kLongest = 25;
  if (random() % 2 == 0) return {};
  return {.last = static_cast<int>(random() % kLongest) + 1, .arrives = random() % 2 == 0};
}

constexpr uint64_t kSeeds = 80;

TEST(TableCommitProperty, ProcessesThatCarryOutOneIntentSideBySideLoadItOnce) {
  for (const Story& story : Stories()) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      SCOPED_TRACE(std::string(story.name) + ", seed " + std::to_string(seed));
      std::mt19937_64 random(seed);
      CommitWorld world;
      Tell(story, world);
      const CommitIntent intent = world.Decide("r1");
      const std::vector<CommitIntent> intents(2 + seed % 2, intent);
      std::vector<Lifetime> lives;
      for (size_t i = 0; i < intents.size(); ++i) lives.push_back(RandomLife(random));
      const auto ends = CommitBeside(world, intents, lives, seed);
      for (size_t i = 0; i < ends.size(); ++i) {
        if (lives[i].last == 0) EXPECT_TRUE(ends[i].ok() != story.is_void()) << ends[i];
        if (!story.is_void()) EXPECT_NE(CodeOf(ends[i]), kVoidIntentCode) << ends[i];
      }
      ExpectEnd(story, world, intent);
      if (testing::Test::HasFailure()) return;
    }
  }
}

/// Two runs have decided the same number; the job of either may fail, and would not fail again.
TEST(TableCommitProperty, OfTwoIntentsForOneNumberOneIsPublishedAndNoVoidOneEver) {
  const std::vector<std::vector<Json>> failures = {
      {}, {BackendError()}, {BadFile()}, {BadFile(), BadFile()}, {BackendError(), BadFile()}};
  for (size_t failing = 0; failing < failures.size(); ++failing) {
    for (uint64_t seed = 1; seed <= 2 * kSeeds; ++seed) {
      SCOPED_TRACE("failures " + std::to_string(failing) + ", seed " + std::to_string(seed));
      std::mt19937_64 random(seed);
      CommitWorld world;
      world.service->outcome = FailFirst(failures[failing]);
      const std::vector<CommitIntent> intents = {world.Decide("r1"), world.Decide("r2")};
      const std::vector<Lifetime> lives = {RandomLife(random), RandomLife(random)};
      const auto ends = CommitBeside(world, intents, lives, seed);
      int published = 0;
      for (size_t i = 0; i < ends.size(); ++i) {
        // What died is settled by the next run.
        const bool is_void = CodeOf(ends[i]) == kVoidIntentCode;
        if (!is_void) (void)Process(world).Commit(intents[i]);
        if (is_void) EXPECT_EQ(world.TimesLoaded(intents[i]), 0) << ends[i];
        if (ends[i].ok()) EXPECT_EQ(world.TimesLoaded(intents[i]), 1);
      }
      for (size_t i = 0; i < ends.size(); ++i) {
        const bool has_record = world.HasRecord(intents[i]);
        published += has_record ? 1 : 0;
        EXPECT_EQ(world.TimesLoaded(intents[i]), has_record ? 1 : 0);
        if (CodeOf(ends[i]) == kVoidIntentCode) EXPECT_FALSE(has_record) << ends[i];
      }
      EXPECT_LE(published, 1);
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace headrace
