#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "headrace/destination/bigquery/bucket_commit_log.h"
#include "headrace/destination/bigquery/job_runner.h"
#include "headrace/destination/bigquery/load_job.h"
#include "headrace/destination/bigquery/memory_bigquery.h"
#include "headrace/destination/bigquery/memory_bucket.h"
#include "headrace/destination/bigquery/publication.h"
#include "headrace/destination/bigquery/staging_area.h"
#include "headrace/destination/bigquery/table_commit.h"

namespace headrace {

/// Lets one of several processes at a time send a request, in an order that `seed` decides: a
/// process runs from one request to the next while all others wait before theirs.
class Turns {
 public:
  Turns(size_t processes, uint64_t seed) : living_(processes), random_(seed) {}

  void Wait(size_t process) {
    std::unique_lock lock(mutex_);
    waiting_.push_back(process);
    Choose();
    changed_.wait(lock, [&] { return has_turn_ && turn_ == process; });
    has_turn_ = false;
    std::erase(waiting_, process);
  }

  /// The process sends no more requests.
  void Leave() {
    const std::scoped_lock lock(mutex_);
    --living_;
    Choose();
  }

 private:
  void Choose() {
    if (has_turn_ || waiting_.empty() || waiting_.size() < living_) return;
    std::ranges::sort(waiting_);
    turn_ = waiting_[random_() % waiting_.size()];
    has_turn_ = true;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t living_;  // From here on guarded by mutex_.
  std::vector<size_t> waiting_;
  size_t turn_ = 0;
  bool has_turn_ = false;
  std::mt19937_64 random_;
};

/// How long a process lives: it dies with its `last`th request (1, 2, …; 0: never), which the
/// server has carried out or not. What it sends after that does not arrive.
struct Lifetime {
  int last = 0;
  bool arrives = false;
};

/// The network of one process.
class MortalTransport final : public HttpTransport {
 public:
  MortalTransport(std::shared_ptr<HttpTransport> server, std::shared_ptr<int> sent,
                  Lifetime lifetime, Turns* turns, size_t process)
      : server_(std::move(server)),
        sent_(std::move(sent)),
        lifetime_(lifetime),
        turns_(turns),
        process_(process) {}

  arrow::Result<HttpResponse> Send(const HttpRequest& request,
                                   const std::stop_token& stop) override {
    if (turns_ != nullptr) turns_->Wait(process_);
    ++*sent_;
    const bool is_dead = lifetime_.last != 0 && *sent_ >= lifetime_.last;
    if (is_dead && (*sent_ > lifetime_.last || !lifetime_.arrives)) return NoAnswer();
    auto answer = server_->Send(request, stop);
    if (is_dead) return NoAnswer();
    return answer;
  }

 private:
  static arrow::Status NoAnswer() { return TransientError("no answer", "cut"); }

  const std::shared_ptr<HttpTransport> server_;
  const std::shared_ptr<int> sent_;  // By all transports of the process.
  const Lifetime lifetime_;
  Turns* const turns_;
  const size_t process_;
};

/// A bucket and a BigQuery, and decided commits of the job `nightly` for the table `p.d.t`.
class CommitWorld {
 public:
  /// One process that works in it.
  class Process {
   public:
    explicit Process(CommitWorld& world, Lifetime lifetime = {}, Turns* turns = nullptr,
                     size_t number = 0)
        : sent_(std::make_shared<int>(0)),
          gcs_(std::make_shared<MortalTransport>(world.bucket, sent_, lifetime, turns, number),
               MemoryBucket::kRoot),
          client_(std::make_shared<MortalTransport>(world.service, sent_, lifetime, turns, number),
                  MemoryBigQuery::kRoot),
          jobs_(client_, [](auto, const std::stop_token& stop) { return !stop.stop_requested(); }),
          log_(MakeBucketCommitLog(gcs_, kStaging(), "nightly", {})),
          staging_(gcs_, nullptr, kStaging(), "nightly", "p.d", {}) {}

    arrow::Result<CommitRecord> Commit(const CommitIntent& intent) {
      ARROW_ASSIGN_OR_RAISE(TableCommit commit, TableCommit::Make(parts(), intent));
      return commit.Commit();
    }

    arrow::Result<Settlement> Settle(const CommitIntent& intent) {
      ARROW_ASSIGN_OR_RAISE(TableCommit commit, TableCommit::Make(parts(), intent));
      return commit.Settle();
    }

    CommitParts parts() {
      return {.client = client_, .jobs = jobs_, .log = *log_, .staging = staging_, .stop = {}};
    }

    CommitLog& log() { return *log_; }
    int sent() const { return *sent_; }

   private:
    std::shared_ptr<int> sent_;
    GcsClient gcs_;
    BigQueryClient client_;
    JobRunner jobs_;
    std::unique_ptr<CommitLog> log_;
    StagingArea staging_;
  };

  static BucketPrefix kStaging() { return {.bucket = "b", .prefix = "lake"}; }

  /// The commit number `sequence` of `run`, whose two files are staged.
  CommitIntent Decide(const std::string& run, int64_t sequence = 1,
                      WriteMode mode = WriteMode::kAppend) {
    const std::string folder = "lake/.staged/nightly/" + run + "/t/1";
    CommitIntent intent{.job = "nightly",
                        .run = run,
                        .table = "public.t",
                        .label = "public.t",
                        .epoch = 1,
                        .mode = mode,
                        .sequence = sequence,
                        .staging = "gs://b/" + folder,
                        .target = "p.d.t",
                        .schema = {},
                        .digest = "digest of " + run,
                        .files = {},
                        .rows = 10};
    std::vector<std::string> uris;
    for (const char* name : {"part-1-a.parquet", "part-1-b.parquet"}) {
      bucket->Put(folder + "/" + name, "PAR1");
      intent.files.push_back({.name = name, .bytes = 4, .rows = 5});
      uris.push_back(intent.staging + "/" + name);
    }
    Publication publication{
        .project = "p", .dataset = "d", .table = "t", .location = "EU", .makes_table = true};
    publication.makes_dataset = sequence == 1;
    publication.patch = {{"requirePartitionFilter", true}};
    publication.configuration =
        LoadConfiguration({.table = {"p", "d", "t"}, .mode = mode, .is_new = sequence == 1}, uris);
    intent.publication = TextOf(publication);
    return intent;
  }

  /// How often the rows of `intent` are in the table: of each file the same, or -1.
  int TimesLoaded(const CommitIntent& intent) const {
    const auto loaded = service->loaded();
    std::set<int> times;
    for (const CommittedFile& file : intent.files) {
      const auto found = loaded.find(intent.staging + "/" + file.name);
      times.insert(found == loaded.end() ? 0 : found->second);
    }
    return times.size() == 1 ? *times.begin() : -1;
  }

  bool HasRecord(const CommitIntent& intent) const {
    return bucket->Has(NameOf(intent) + ".commit." + intent.run);
  }

  bool IsClaimed(const CommitIntent& intent) const { return bucket->Has(NameOf(intent)); }

  static std::string NameOf(const CommitIntent& intent) {
    const std::string digits = std::to_string(intent.sequence);
    return "lake/nightly/p.d.t/" + std::string(10 - digits.size(), '0') + digits;
  }

  /// The id of the load job of `attempt`.
  static std::string JobId(const CommitIntent& intent, int attempt = 1) {
    return LoadJobId({.job = intent.job,
                      .run = intent.run,
                      .target = intent.target,
                      .epoch = intent.epoch,
                      .attempt = attempt});
  }

  const std::shared_ptr<MemoryBucket> bucket = std::make_shared<MemoryBucket>();
  const std::shared_ptr<MemoryBigQuery> service = std::make_shared<MemoryBigQuery>(*bucket);
};

}  // namespace headrace
