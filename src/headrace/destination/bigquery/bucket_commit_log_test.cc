#include "headrace/destination/bigquery/bucket_commit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "headrace/destination/bigquery/memory_bucket.h"

namespace headrace {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class BucketCommitLogTest : public testing::Test {
 protected:
  std::unique_ptr<CommitLog> Log(const std::string& job = "night ly",
                                 const std::string& prefix = "lake") const {
    return MakeBucketCommitLog(gcs_, {.bucket = "b", .prefix = prefix}, job, {});
  }

  static CommitIntent Intent(int64_t sequence, const std::string& run,
                             const std::string& publication = "1") {
    return {.job = "night ly",
            .run = run,
            .table = "public.t",
            .label = "public.t",
            .epoch = 1,
            .sequence = sequence,
            .target = "p.d.t",
            .digest = "of " + run,
            .publication = publication};
  }

  static CommitRecord Record(int64_t sequence, const std::string& run) {
    return {.intent = Intent(sequence, run), .committed_at = "2026-01-01T00:00:00Z"};
  }

  /// `number run`, `number claimed`, or both.
  std::vector<std::string> Slots(CommitLog& log) const {
    std::vector<std::string> texts;
    for (const CommitSlot& slot : log.List("p.d.t").ValueOrDie()) {
      texts.push_back(std::to_string(slot.sequence) + (slot.is_claimed ? " claimed" : "") +
                      (slot.run ? " " + *slot.run : ""));
    }
    return texts;
  }

  const std::shared_ptr<MemoryBucket> bucket_ = std::make_shared<MemoryBucket>(2);
  const GcsClient gcs_{bucket_, MemoryBucket::kRoot};
  const std::unique_ptr<CommitLog> log_ = Log();
};

TEST_F(BucketCommitLogTest, ObjectsLieWhereTheFormatSays) {
  ASSERT_TRUE(log_->Claim(Intent(7, "r/1")).ok());
  ASSERT_TRUE(log_->AddRecord(Record(7, "r/1")).ok());
  ASSERT_TRUE(Log("j", "")->Claim(Intent(12345678901, "r")).ok());
  EXPECT_THAT(bucket_->Names(),
              ElementsAre("j/p.d.t/12345678901", "lake/night%20ly/p.d.t/0000000007",
                          "lake/night%20ly/p.d.t/0000000007.commit.r%2F1"));
  EXPECT_THAT(Slots(*log_), ElementsAre("7 claimed r/1"));
}

TEST_F(BucketCommitLogTest, OfTwoClaimsTheFirstOneHolds) {
  const auto other = Log();
  EXPECT_EQ(log_->Claim(Intent(1, "r1"))->run, "r1");
  EXPECT_EQ(other->Claim(Intent(1, "r2"))->run, "r1");
  EXPECT_EQ(other->Claim(Intent(1, "r1", "newer"))->publication, "1");
  EXPECT_EQ(other->FindIntent("p.d.t", 1).ValueOrDie()->run, "r1");
  EXPECT_EQ(other->FindIntent("p.d.t", 2).ValueOrDie(), std::nullopt);
}

TEST_F(BucketCommitLogTest, OfTwoUpdatesTheFirstOneHolds) {
  const auto other = Log();
  const CommitIntent before = log_->Claim(Intent(1, "r1")).ValueOrDie();
  EXPECT_EQ(log_->Update(before, Intent(1, "r1", "2"))->value().publication, "2");
  EXPECT_EQ(other->Update(before, Intent(1, "r1", "3"))->value().publication, "2");
  EXPECT_EQ(log_->FindIntent("p.d.t", 1).ValueOrDie()->publication, "2");
}

TEST_F(BucketCommitLogTest, OnlyWhatIsOursIsChangedOrGivenBack) {
  ASSERT_TRUE(log_->Claim(Intent(1, "r1")).ok());
  EXPECT_EQ(log_->Update(Intent(1, "r2"), Intent(1, "r2", "2"))->value().run, "r1");
  EXPECT_EQ(log_->Release(Intent(1, "r2"))->value().run, "r1");
  EXPECT_EQ(log_->Release(Intent(1, "r1", "another attempt"))->value().publication, "1");
  EXPECT_THAT(Slots(*log_), ElementsAre("1 claimed"));
  EXPECT_EQ(log_->Release(Intent(1, "r1")).ValueOrDie(), std::nullopt);
  EXPECT_EQ(log_->Release(Intent(1, "r1")).ValueOrDie(), std::nullopt);
  EXPECT_EQ(log_->Update(Intent(1, "r1"), Intent(1, "r1", "2")).ValueOrDie(), std::nullopt);
  EXPECT_THAT(Slots(*log_), IsEmpty());
  EXPECT_EQ(log_->Claim(Intent(1, "r2"))->run, "r2");
}

/// Lets another process act between a request that reads and the one that writes.
class MeddledTransport final : public HttpTransport {
 public:
  MeddledTransport(std::shared_ptr<HttpTransport> server, std::function<void()> meddle)
      : server_(std::move(server)), meddle_(std::move(meddle)) {}

  arrow::Result<HttpResponse> Send(const HttpRequest& request,
                                   const std::stop_token& stop) override {
    if (request.method != "GET" && meddle_) std::exchange(meddle_, nullptr)();
    return server_->Send(request, stop);
  }

 private:
  const std::shared_ptr<HttpTransport> server_;
  std::function<void()> meddle_;
};

TEST_F(BucketCommitLogTest, WhatAnotherHasChangedMeanwhileIsNotOurs) {
  const CommitIntent before = log_->Claim(Intent(1, "r1")).ValueOrDie();
  const auto meddle = [&](const std::function<void()>& act) {
    const GcsClient gcs(std::make_shared<MeddledTransport>(bucket_, act), MemoryBucket::kRoot);
    const auto log = MakeBucketCommitLog(gcs, {.bucket = "b", .prefix = "lake"}, "night ly", {});
    return log->Release(before).ValueOrDie();
  };
  const auto updated =
      meddle([&] { ASSERT_TRUE(log_->Update(before, Intent(1, "r1", "2")).ok()); });
  ASSERT_TRUE(updated);
  EXPECT_EQ(updated->publication, "2");
  // The very same content, written again by who has the number since, is another object.
  ASSERT_TRUE(log_->Update(*updated, before).ok());
  const auto again = meddle([&] {
    ASSERT_TRUE(log_->Release(before).ok());
    ASSERT_TRUE(log_->Claim(before).ok());
  });
  ASSERT_TRUE(again);
  EXPECT_THAT(Slots(*log_), ElementsAre("1 claimed"));
  EXPECT_EQ(meddle([&] { ASSERT_TRUE(log_->Release(before).ok()); }), std::nullopt);
}

TEST_F(BucketCommitLogTest, ARecordIsWrittenOnce) {
  CommitRecord record = Record(1, "r1");
  ASSERT_TRUE(log_->AddRecord(record).ok());
  record.committed_at = "2027-01-01T00:00:00Z";
  EXPECT_EQ(log_->AddRecord(record)->committed_at, "2026-01-01T00:00:00Z");
  EXPECT_EQ(log_->ReadRecord("p.d.t", {.sequence = 1, .run = "r1"})->committed_at,
            "2026-01-01T00:00:00Z");
}

TEST_F(BucketCommitLogTest, NumbersComeInTheirOrder) {
  for (const int64_t sequence : {12, 9, 10, 1, 11, 2}) {
    ASSERT_TRUE(log_->AddRecord(Record(sequence, "r")).ok());
  }
  ASSERT_TRUE(log_->Claim(Intent(10'000'000'000, "r")).ok());
  ASSERT_TRUE(log_->Claim(Intent(9'999'999'999, "r")).ok());
  ASSERT_TRUE(log_->Claim(Intent(13, "r")).ok());
  EXPECT_THAT(Slots(*log_), ElementsAre("1 r", "2 r", "9 r", "10 r", "11 r", "12 r", "13 claimed",
                                        "9999999999 claimed", "10000000000 claimed"));
}

TEST_F(BucketCommitLogTest, WhatIsNotTheLogsIsLeftAlone) {
  const std::string folder = "lake/night%20ly/p.d.t/";
  for (const char* name : {"", "README", "0000000001.bak", "0000000001/x", "x0000000001",
                           "0000000001.commit", "0000000001.commit.", "-0000000001", "0000000000",
                           "1", "00000000001", "99999999999999999999999"}) {
    bucket_->Put(folder + name, "not ours");
  }
  bucket_->Put("lake/night%20ly/p.d.t2/0000000001", "of another table");
  EXPECT_THAT(Slots(*log_), IsEmpty());
  ASSERT_TRUE(log_->Claim(Intent(1, "r1")).ok());
  EXPECT_THAT(Slots(*log_), ElementsAre("1 claimed"));
}

TEST_F(BucketCommitLogTest, DamagedObjectsAreErrorsThatNameThem) {
  const std::string name = "lake/night%20ly/p.d.t/0000000001";
  for (const char* content : {"", "{", "[]", "{}", R"({"version":99})", R"({"version":"1"})"}) {
    bucket_->Put(name, content);
    bucket_->Put(name + ".commit.r1", content);
    for (const arrow::Status& error :
         {log_->FindIntent("p.d.t", 1).status(), log_->Claim(Intent(1, "r1")).status(),
          log_->Update(Intent(1, "r1"), Intent(1, "r1", "2")).status(),
          log_->Release(Intent(1, "r1")).status(),
          log_->ReadRecord("p.d.t", {.sequence = 1, .run = "r1"}).status(),
          log_->AddRecord(Record(1, "r1")).status()}) {
      EXPECT_EQ(ClassOf(error), ErrorClass::kPermanent) << error;
      EXPECT_THAT(error.message(), HasSubstr("gs://b/" + name));
    }
  }
  const arrow::Status gone = log_->ReadRecord("p.d.t", {.sequence = 2, .run = "r1"}).status();
  EXPECT_THAT(gone.message(), AllOf(HasSubstr("0000000002.commit.r1"), HasSubstr("vanished")));
}

}  // namespace
}  // namespace headrace
