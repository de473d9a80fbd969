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

int64_t HoursAgo(int hours) {
  const auto time = std::chrono::system_clock::now() - std::chrono::hours(hours);
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

class StagingAreaTest : public testing::Test {
 protected:
  std::unique_ptr<StagingArea> Area(const std::string& job = "j") const {
    return std::make_unique<StagingArea>(
        gcs_, nullptr, BucketPrefix{.bucket = "b", .prefix = "lake"}, job, std::stop_token());
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
    const std::string folder = "lake/.staged/j/" + run + "/";
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
  EXPECT_EQ(Area()->Folder("20260101-r.1", "t", 2), "b/lake/.staged/j/20260101-r.1/t/2");
  EXPECT_EQ(Area("a/b")->Folder("..", "t", 2), "b/lake/.staged/a%2Fb/%2E%2E/t/2");
}

TEST_F(StagingAreaTest, AnEpochBeginsEmptyAndUnderAMark) {
  auto area = Area();
  for (const char* name : {"r/t/1/x", "r/t/2/y", "r/t2/1/z", "r2/t/1/x"}) {
    bucket_->Put(std::string("lake/.staged/j/") + name, "");
  }
  ASSERT_TRUE(area->Begin("r", "t").ok());
  EXPECT_THAT(bucket_->Names(), ElementsAre("lake/.staged/j/r/_process.json",
                                            "lake/.staged/j/r/t2/1/z", "lake/.staged/j/r2/t/1/x"));
  const auto mark = gcs_.Read({.bucket = "b", .name = "lake/.staged/j/r/_process.json"}, {});
  EXPECT_EQ(ProcessMark::FromJson(**mark).ValueOrDie(), ProcessMark::OfThisProcess());
  area.reset();
  EXPECT_FALSE(bucket_->Has("lake/.staged/j/r/_process.json"));
}

TEST_F(StagingAreaTest, FilesAreThoseOfTheEpoch) {
  const auto area = Area();
  for (const char* name : {"r/t/1/a", "r/t/1/b", "r/t/11/c", "r/t2/1/d"}) {
    bucket_->Put(std::string("lake/.staged/j/") + name, "1234");
  }
  const auto files = area->List("r", "t", 1).ValueOrDie();
  ASSERT_EQ(files.size(), 2);
  EXPECT_EQ(files[1].name, "lake/.staged/j/r/t/1/b");
  EXPECT_EQ(files[1].bytes, 4);
  ASSERT_TRUE(area->RemoveEpoch("r", "t", 1).ok());
  ASSERT_TRUE(area->RemoveEpoch("r", "t", 1).ok());
  EXPECT_THAT(bucket_->Names(), ElementsAre("lake/.staged/j/r/t/11/c", "lake/.staged/j/r/t2/1/d"));
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
  EXPECT_FALSE(bucket_->Has("lake/.staged/j/old/t/1/part"));
  EXPECT_FALSE(bucket_->Has("lake/.staged/j/old/_process.json"));
  for (const char* run : {"kept", "k%20pt", "lives", "fresh"}) {
    EXPECT_TRUE(bucket_->Has(std::string("lake/.staged/j/") + run + "/t/1/part")) << run;
  }
}

TEST_F(StagingAreaTest, AMarkThatIsDamagedCountsAsOneOfElsewhere) {
  Stage("fresh", std::nullopt, 1);
  Stage("old", std::nullopt, 30);
  bucket_->Put("lake/.staged/j/fresh/_process.json", "{", HoursAgo(2));
  bucket_->Put("lake/.staged/j/old/_process.json", "{", HoursAgo(31));
  EXPECT_THAT(Clean().kept, ElementsAre(HasSubstr("run fresh")));
}

TEST_F(StagingAreaTest, DecidedCommitsAreKeptUntilTheyAreSettled) {
  Stage("r", std::nullopt);
  bucket_->Put("lake/.staged/j/r/t/2/part", "PAR1");
  bucket_->Put("lake/.staged/j/r/u/1/part", "PAR1");
  ASSERT_TRUE(Area()->MarkDecided(Intent("r", 2), "t").ok());
  const CleanResult open = Clean();
  EXPECT_THAT(open.kept,
              ElementsAre("run r has decided a commit of table s.t, which is not made yet"));
  EXPECT_EQ(open.removed_directories, 0);
  EXPECT_EQ(open.removed_bytes, 8);
  EXPECT_THAT(bucket_->Names(),
              ElementsAre("lake/.staged/j/r/t/2/_intent.json", "lake/.staged/j/r/t/2/part"));
  const CleanResult settled = Clean({}, true);
  EXPECT_THAT(settled.kept, IsEmpty());
  EXPECT_EQ(settled.removed_directories, 1);
  EXPECT_THAT(bucket_->Names(), IsEmpty());
  EXPECT_THAT(asked_, ElementsAre("r", "r"));
}

TEST_F(StagingAreaTest, ADecisionThatCannotBeReadIsAnErrorAndNothingIsRemoved) {
  Stage("r", std::nullopt);
  bucket_->Put("lake/.staged/j/r/t/1/_intent.json", "{");
  const auto cleaned = Area()->Clean({}, [](const auto&) { return true; });
  EXPECT_EQ(ClassOf(cleaned.status()), ErrorClass::kPermanent);
  EXPECT_THAT(cleaned.status().message(), HasSubstr("gs://b/lake/.staged/j/r/t/1/_intent.json"));
  EXPECT_TRUE(bucket_->Has("lake/.staged/j/r/t/1/part"));
}

}  // namespace
}  // namespace headrace
