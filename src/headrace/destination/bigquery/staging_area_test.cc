#include "headrace/destination/bigquery/staging_area.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "headrace/destination/bigquery/memory_bucket.h"
#include "headrace/destination/bigquery/process_mark.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

int64_t HoursAgo(int hours) {
  const auto time = std::chrono::system_clock::now() - std::chrono::hours(hours);
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

class StagingAreaTest : public testing::Test {
 protected:
  std::unique_ptr<StagingArea> Area(const std::string& job = "j") const {
    return std::make_unique<StagingArea>(gcs_, nullptr,
                                         BucketPrefix{.bucket = "b", .prefix = "lake"}, job, "p.d",
                                         std::stop_token());
  }

  static CommitIntent Intent(const std::string& run, int epoch = 1) {
    return {
        .job = "j", .run = run, .table = "s.t", .label = "s.t", .epoch = epoch, .target = "p.d.t"};
  }

  /// The mark of a process that is gone.
  static ProcessMark DeadMark() {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    ProcessMark mark = ProcessMark::OfThisProcess();
    mark.pid = child;
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
    return mark;
  }

  /// A run that has staged one file of 4 bytes, `hours` ago.
  void Stage(const std::string& run, const std::optional<ProcessMark>& mark, int hours = 0) {
    const std::string folder = "lake/.staged/j/p.d/" + run + "/";
    bucket_->Put(folder + "t/1/part", "PAR1", HoursAgo(hours));
    if (mark) bucket_->Put(folder + "_process.json", mark->ToJson(), HoursAgo(hours + 1));
  }

  CleanResult Clean(const std::set<std::string>& keep = {}, bool is_settled = false) {
    return Area()
        ->Clean(keep,
                [&](const CommitIntent& intent) -> arrow::Result<bool> {
                  asked_.push_back(intent.run);
                  return is_settled;
                })
        .ValueOrDie();
  }

  const std::shared_ptr<MemoryBucket> bucket_ = std::make_shared<MemoryBucket>(3);
  const GcsClient gcs_{bucket_, MemoryBucket::kRoot};
  std::vector<std::string> asked_;
};

TEST_F(StagingAreaTest, NamesOfJobsAndRunsAreOnePartOfAPath) {
  EXPECT_THAT(Area()->Begin("20260101-r.1", "t", 2).ValueOrDie(),
              StartsWith("gs://b/lake/.staged/j/p.d/20260101-r.1/t/2-"));
  EXPECT_THAT(Area("a/b")->Begin("..", "t", 2).ValueOrDie(),
              StartsWith("gs://b/lake/.staged/a%2Fb/p.d/%2E%2E/t/2-"));
  EXPECT_EQ(StagingArea::PathOf("gs://b/lake/x"), "b/lake/x");
}

TEST_F(StagingAreaTest, NoTwoLivesOfAnEpochHaveOneFolder) {
  std::set<std::string> folders;
  for (int life = 0; life < 100; ++life) folders.insert(Area()->Begin("r", "t", 1).ValueOrDie());
  EXPECT_EQ(folders.size(), 100);
}

TEST_F(StagingAreaTest, AnotherProcessAtWorkIsNotDisturbed) {
  ProcessMark parent = ProcessMark::OfThisProcess();
  parent.pid = ::getppid();
  parent.started = ProcessMark::StartOf(parent.pid);
  Stage("r", parent);
  const arrow::Status refused = Area()->Begin("r", "t", 1).status();
  EXPECT_EQ(ClassOf(refused), ErrorClass::kUser);
  EXPECT_THAT(refused.message(), HasSubstr("pid " + std::to_string(parent.pid)));
  EXPECT_TRUE(bucket_->Has("lake/.staged/j/p.d/r/t/1/part"));
  Stage("r", DeadMark());
  EXPECT_TRUE(Area()->Begin("r", "t", 1).ok());
}

TEST_F(StagingAreaTest, AnEpochBeginsEmptyAndUnderAMark) {
  auto area = Area();
  for (const char* name : {"r/t/1/x", "r/t/2/y", "r/t2/1/z", "r2/t/1/x"}) {
    bucket_->Put(std::string("lake/.staged/j/p.d/") + name, "");
  }
  ASSERT_TRUE(area->Begin("r", "t", 1).ok());
  EXPECT_THAT(bucket_->Names(),
              ElementsAre("lake/.staged/j/p.d/r/_process.json", "lake/.staged/j/p.d/r/t2/1/z",
                          "lake/.staged/j/p.d/r2/t/1/x"));
  const auto mark = gcs_.Read({.bucket = "b", .name = "lake/.staged/j/p.d/r/_process.json"}, {});
  EXPECT_EQ(ProcessMark::FromJson(**mark).ValueOrDie(), ProcessMark::OfThisProcess());
  area.reset();
  EXPECT_FALSE(bucket_->Has("lake/.staged/j/p.d/r/_process.json"));
}

TEST_F(StagingAreaTest, FilesAreThoseOfTheEpoch) {
  const auto area = Area();
  for (const char* name : {"r/t/1-x/a", "r/t/1-x/b", "r/t/1-y/e", "r/t/11-x/c", "r/t2/1-x/d"}) {
    bucket_->Put(std::string("lake/.staged/j/p.d/") + name, "1234");
  }
  const std::string folder = area->FindFolder("r", "t", 1, "b").ValueOrDie();
  EXPECT_EQ(folder, "gs://b/lake/.staged/j/p.d/r/t/1-x");
  EXPECT_EQ(ClassOf(area->FindFolder("r", "t", 1, "c").status()), ErrorClass::kPermanent);
  const auto files = area->List(folder).ValueOrDie();
  ASSERT_EQ(files.size(), 2);
  EXPECT_EQ(files[1].name, "lake/.staged/j/p.d/r/t/1-x/b");
  EXPECT_EQ(files[1].bytes, 4);
  ASSERT_TRUE(area->RemoveFolder(folder).ok());
  EXPECT_TRUE(bucket_->Has("lake/.staged/j/p.d/r/t/1-y/e"));
  ASSERT_TRUE(area->RemoveEpoch("r", "t", 1).ok());
  ASSERT_TRUE(area->RemoveEpoch("r", "t", 1).ok());
  EXPECT_THAT(bucket_->Names(),
              ElementsAre("lake/.staged/j/p.d/r/t/11-x/c", "lake/.staged/j/p.d/r/t2/1-x/d"));
}

TEST_F(StagingAreaTest, CleanRemovesWhatEndedRunsHaveLeft) {
  Stage("dead", DeadMark());
  Stage("ended", std::nullopt);
  bucket_->Put("lake/.staged/j2/r/t/1/part", "of another job");
  bucket_->Put("lake/j/p.d.t/0000000001.commit.r", "a record");
  const CleanResult result = Clean();
  EXPECT_EQ(result.removed_directories, 2);
  EXPECT_EQ(result.removed_bytes, 8 + static_cast<int64_t>(DeadMark().ToJson().size()));
  EXPECT_THAT(result.kept, IsEmpty());
  EXPECT_THAT(bucket_->Names(),
              ElementsAre("lake/.staged/j2/r/t/1/part", "lake/j/p.d.t/0000000001.commit.r"));
}

TEST_F(StagingAreaTest, CleanKeepsWhatIsUnfinishedOrAtWork) {
  ProcessMark elsewhere = ProcessMark::OfThisProcess();
  elsewhere.host = "elsewhere";
  Stage("kept", DeadMark());
  Stage("k%20pt", std::nullopt);
  Stage("lives", ProcessMark::OfThisProcess(), 1'000);
  Stage("fresh", elsewhere, 23);
  Stage("old", elsewhere, 25);
  EXPECT_THAT(Clean({"kept", "k pt"}).kept,
              ElementsAre(HasSubstr("run fresh is at work"), "run k%20pt is unfinished",
                          "run kept is unfinished", HasSubstr("run lives is at work")));
  EXPECT_FALSE(bucket_->Has("lake/.staged/j/p.d/old/t/1/part"));
  EXPECT_FALSE(bucket_->Has("lake/.staged/j/p.d/old/_process.json"));
  for (const char* run : {"kept", "k%20pt", "lives", "fresh"}) {
    EXPECT_TRUE(bucket_->Has(std::string("lake/.staged/j/p.d/") + run + "/t/1/part")) << run;
  }
}

TEST_F(StagingAreaTest, AMarkThatIsDamagedCountsAsOneOfElsewhere) {
  Stage("fresh", std::nullopt, 1);
  Stage("old", std::nullopt, 30);
  bucket_->Put("lake/.staged/j/p.d/fresh/_process.json", "{", HoursAgo(2));
  bucket_->Put("lake/.staged/j/p.d/old/_process.json", "{", HoursAgo(31));
  EXPECT_THAT(Clean().kept, ElementsAre(HasSubstr("run fresh")));
}

TEST_F(StagingAreaTest, DecidedCommitsAreKeptUntilTheyAreSettled) {
  Stage("r", std::nullopt);
  bucket_->Put("lake/.staged/j/p.d/r/t/2/part", "PAR1");
  bucket_->Put("lake/.staged/j/p.d/r/u/1/part", "PAR1");
  CommitIntent intent = Intent("r", 2);
  intent.staging = "gs://b/lake/.staged/j/p.d/r/t/2";
  ASSERT_TRUE(Area()->MarkDecided(intent).ok());
  const CleanResult open = Clean();
  EXPECT_THAT(open.kept,
              ElementsAre("run r has decided a commit of table s.t, which is not made yet"));
  EXPECT_EQ(open.removed_directories, 0);
  EXPECT_EQ(open.removed_bytes, 8);
  EXPECT_THAT(bucket_->Names(), ElementsAre("lake/.staged/j/p.d/r/t/2/_intent.json",
                                            "lake/.staged/j/p.d/r/t/2/part"));
  const CleanResult settled = Clean({}, true);
  EXPECT_THAT(settled.kept, IsEmpty());
  EXPECT_EQ(settled.removed_directories, 1);
  EXPECT_THAT(bucket_->Names(), IsEmpty());
  EXPECT_THAT(asked_, ElementsAre("r", "r"));
}

TEST_F(StagingAreaTest, ADecisionThatCannotBeReadIsAnErrorAndNothingIsRemoved) {
  Stage("r", std::nullopt);
  bucket_->Put("lake/.staged/j/p.d/r/t/1/_intent.json", "{");
  const auto cleaned = Area()->Clean({}, [](const auto&) { return true; });
  EXPECT_EQ(ClassOf(cleaned.status()), ErrorClass::kPermanent);
  EXPECT_THAT(cleaned.status().message(),
              HasSubstr("gs://b/lake/.staged/j/p.d/r/t/1/_intent.json"));
  EXPECT_TRUE(bucket_->Has("lake/.staged/j/p.d/r/t/1/part"));
}

}  // namespace
}  // namespace headrace
