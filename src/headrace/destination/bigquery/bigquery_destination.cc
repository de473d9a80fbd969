#include "headrace/destination/bigquery/bigquery_destination.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "headrace/client/bigquery/error.h"
#include "headrace/client/google_cloud/google_cloud.h"
#include "headrace/client/http/curl_transport.h"
#include "headrace/client/store/store.h"
#include "headrace/destination/bigquery/answer.h"
#include "headrace/destination/bigquery/bucket_commit_log.h"
#include "headrace/destination/bigquery/bucket_lifecycle.h"
#include "headrace/destination/bigquery/fit_batch.h"
#include "headrace/destination/bigquery/fit_columns.h"
#include "headrace/destination/bigquery/fitting_writer.h"
#include "headrace/destination/bigquery/job_runner.h"
#include "headrace/destination/bigquery/publication.h"
#include "headrace/destination/bigquery/read_table.h"
#include "headrace/destination/bigquery/staging_area.h"
#include "headrace/destination/bigquery/table_commit.h"
#include "headrace/destination/bigquery/table_load.h"
#include "headrace/destination/bigquery/table_name.h"
#include "headrace/destination/decided_commit.h"
#include "headrace/model/percent_coding.h"
#include "headrace/observe/human.h"
#include "headrace/staging/parquet_file.h"
#include "headrace/staging/staging_writer.h"

namespace headrace {
namespace {

using Json = nlohmann::json;

ParquetFormat FormatOf(const TableTarget& target, const TableLoad& load, Compression compression) {
  auto metadata = arrow::key_value_metadata({"headrace.job", "headrace.run", "headrace.table"},
                                            {target.job, target.run, target.table.label()});
  return {.schema = StagedSchema(load.columns),
          .compression = compression,
          .metadata = std::move(metadata)};
}

std::string FilePrefix(const TableTarget& target) { return "part-" + std::to_string(target.epoch); }

/// One epoch of one table of a run.
struct TargetKey {
  std::string run;
  std::string table;
  int epoch = 0;

  auto operator<=>(const TargetKey&) const = default;
};

TargetKey KeyOf(const TableTarget& target) {
  return {.run = target.run, .table = target.table.directory(), .epoch = target.epoch};
}

class BigQueryDestination final : public Destination {
 public:
  BigQueryDestination(GoogleCloud cloud, std::shared_ptr<FileStore> store,
                      BigQuerySettings settings, const DestinationHost& host)
      : cloud_(std::move(cloud)),
        settings_(std::move(settings)),
        stop_(host.stop),
        jobs_(cloud_.bigquery()),
        log_(MakeBucketCommitLog(cloud_.gcs(), *settings_.staging, host.job, host.stop)),
        staging_(cloud_.gcs(), std::move(store), *settings_.staging, host.job,
                 settings_.project + "." + settings_.dataset, host.stop) {}

  std::string endpoint() const override {
    return "BigQuery " + settings_.project + "." + settings_.dataset;
  }

  arrow::Status Check() override {
    ARROW_RETURN_NOT_OK(CheckDataset());
    ARROW_RETURN_NOT_OK(CheckBucket());
    return CheckMayRunJobs();
  }

  arrow::Result<std::vector<std::string>> Shortcomings() override {
    const BucketPrefix& staging = *settings_.staging;
    ARROW_ASSIGN_OR_RAISE(const auto bucket, cloud_.gcs().FindBucket(staging.bucket, stop_));
    if (!bucket) return std::vector<std::string>();
    return LifecycleShortcomings(*bucket, staging);
  }

  arrow::Result<std::optional<CommitRecord>> LastCommit(const TableRef& table) override {
    ARROW_ASSIGN_OR_RAISE(const BigQueryTable target, TargetOf(table));
    ARROW_ASSIGN_OR_RAISE(const auto slots, Recorded(target));
    if (slots.empty()) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(CommitRecord record, log_->ReadRecord(target.label(), slots.back()));
    return std::optional(std::move(record));
  }

  arrow::Result<std::optional<CommitRecord>> LastCursorCommit(const TableRef& table,
                                                              const std::string& job,
                                                              const std::string& cursor) override {
    ARROW_ASSIGN_OR_RAISE(const BigQueryTable target, TargetOf(table));
    std::optional<CommitRecord> last;
    ARROW_RETURN_NOT_OK(ReadBackwards(target, [&](CommitRecord record) {
      if (IsOfCursor(record, job, cursor)) last = std::move(record);
      return !last.has_value();
    }));
    if (!last) {
      ARROW_RETURN_NOT_OK(CheckRecorded(target));
      return last;
    }
    ARROW_ASSIGN_OR_RAISE(const bool is_there, IsTableOf(*last, target));
    return is_there ? last : std::nullopt;
  }

  arrow::Result<std::vector<CommitRecord>> Commits(const TableRef& table) override {
    ARROW_ASSIGN_OR_RAISE(const BigQueryTable target, TargetOf(table));
    ARROW_ASSIGN_OR_RAISE(auto commits, CommitsOf(target));
    if (commits.empty()) return commits;
    ARROW_ASSIGN_OR_RAISE(const bool is_there, IsTableOf(commits.back(), target));
    if (!is_there) commits.clear();
    return commits;
  }

  arrow::Result<std::optional<CommitRecord>> FindCommit(const std::string& job,
                                                        const std::string& run,
                                                        const TableRef& table) override {
    ARROW_ASSIGN_OR_RAISE(const BigQueryTable target, TargetOf(table));
    ARROW_ASSIGN_OR_RAISE(const auto slots, Recorded(target));
    for (const CommitSlot& slot : slots) {
      if (slot.run != run) continue;
      ARROW_ASSIGN_OR_RAISE(CommitRecord record, log_->ReadRecord(target.label(), slot));
      if (record.intent.job == job) return std::optional(std::move(record));
    }
    return std::nullopt;
  }

  arrow::Status FitColumns(const OptionValues& options, WriteMode mode, TablePlan& plan) override {
    ARROW_ASSIGN_OR_RAISE(const BigQueryTable target, TargetOf(plan.table));
    ARROW_RETURN_NOT_OK(TakeName(target, plan.table));
    ARROW_ASSIGN_OR_RAISE(const TableSettings table, ReadTableSettings(options, settings_.table));
    ARROW_ASSIGN_OR_RAISE(TableState state, LookAt(target));
    const LoadRequest request{
        .table = target, .label = plan.table.label(), .mode = mode, .schema = OutputSchema(plan)};
    ARROW_ASSIGN_OR_RAISE(const TableLoad load, DecideLoad(settings_, table, request, state));
    headrace::FitColumns(load, plan);
    plan.into = IntoText(load, settings_.staging->uri());
    created_.insert_or_assign(target.label(), CreationOf(state.table));
    seen_.insert_or_assign(target.label(), std::move(state));
    return arrow::Status::OK();
  }

  arrow::Status CheckTarget(const TableTarget& target) override {
    ARROW_RETURN_NOT_OK(DecideFor(target));
    return CheckOwner(target.table);
  }

  arrow::Status Prepare(const TableTarget& target) override {
    ARROW_ASSIGN_OR_RAISE(TableLoad load, DecideFor(target));
    ARROW_RETURN_NOT_OK(CheckOwner(target.table));
    seen_.erase(load.target.table.label());
    ARROW_ASSIGN_OR_RAISE(load.folder,
                          staging_.Begin(target.run, load.target.table.table, target.epoch));
    Keep(target, std::move(load));
    return arrow::Status::OK();
  }

  arrow::Result<std::unique_ptr<Writer>> OpenWriter(const TableTarget& target, int worker,
                                                    int serial) override {
    ARROW_ASSIGN_OR_RAISE(const auto load, LoadOf(target));
    ARROW_ASSIGN_OR_RAISE(const TableSettings table, SettingsOf(target));
    ARROW_ASSIGN_OR_RAISE(BatchFitter fitter, BatchFitter::Make(target.schema, load->columns));
    ARROW_ASSIGN_OR_RAISE(
        auto writer,
        MakeStagingWriter(staging_.store(), {.plan_id = target.plan_id,
                                             .directory = StagingArea::PathOf(load->folder),
                                             .file_prefix = FilePrefix(target),
                                             .worker = worker,
                                             .serial = serial,
                                             .format = FormatOf(target, *load, table.compression),
                                             .memory = target.writer_memory,
                                             .target_file_size = table.target_file_size}));
    return MakeFittingWriter(std::move(fitter), std::move(writer));
  }

  arrow::Result<CommitIntent> Intend(const TableTarget& target, std::span<const Receipt> receipts,
                                     int64_t sequence) override {
    std::vector<CommittedFile> files = FilesWithRows(receipts);
    ARROW_ASSIGN_OR_RAISE(const auto load, LoadOf(target, files.empty() ? "" : files[0].name));
    const bool needs_file =
        target.mode != WriteMode::kAppend || (sequence == 1 && load->target.is_new);
    if (files.empty() && needs_file) {
      ARROW_ASSIGN_OR_RAISE(files.emplace_back(), StageEmptyFile(target, *load));
    }
    if (files.size() > kMostSourceUris) {
      return UserError("table " + target.table.label() + " has " + std::to_string(files.size()) +
                       " staged files, and a load job takes " + std::to_string(kMostSourceUris) +
                       ": raise destination.target_file_size");
    }
    CommitIntent intent = IntentOf(target, *load, sequence, std::move(files));
    ARROW_RETURN_NOT_OK(staging_.MarkDecided(intent));
    return intent;
  }

  arrow::Result<CommitRecord> Commit(const CommitIntent& intent) override {
    ARROW_ASSIGN_OR_RAISE(TableCommit commit, TableCommit::Make(Parts(), intent));
    ARROW_ASSIGN_OR_RAISE(CommitRecord record, commit.Commit());
    ARROW_ASSIGN_OR_RAISE(const Publication made, PublicationOf(record.intent));
    if (made.table_created) created_.insert_or_assign(intent.target, *made.table_created);
    return record;
  }

  CommitDetails DetailsOf(const CommitRecord& record) const override {
    const auto publication = PublicationOf(record.intent);
    if (!publication.ok() || !publication->loaded) return {};
    const Publication::Loaded& loaded = *publication->loaded;
    return {.text = "by job " + loaded.job_id + ": " +
                    HumanBytes(static_cast<double>(loaded.bytes)) + " in BigQuery, " +
                    HumanCount(loaded.slot_ms) + " slot ms",
            .figures = {{"job_id", loaded.job_id},
                        {"attempt", publication->attempt},
                        {"rows", loaded.rows},
                        {"bytes", loaded.bytes},
                        {"slot_ms", loaded.slot_ms}}};
  }

  arrow::Result<Settlement> Settle(const CommitIntent& intent) override {
    ARROW_ASSIGN_OR_RAISE(TableCommit commit, TableCommit::Make(Parts(), intent));
    return commit.Settle();
  }

  arrow::Result<std::vector<CommitRecord>> SettleDecided(const TableRef& table) override {
    ARROW_ASSIGN_OR_RAISE(const BigQueryTable target, TargetOf(table));
    ARROW_ASSIGN_OR_RAISE(const auto slots, log_->List(target.label()));
    std::vector<CommitRecord> made;
    for (const CommitSlot& slot : slots) {
      if (slot.run || !slot.is_claimed) continue;
      ARROW_ASSIGN_OR_RAISE(const auto intent, log_->FindIntent(target.label(), slot.sequence));
      if (!intent) continue;
      ARROW_ASSIGN_OR_RAISE(TableCommit commit, TableCommit::Make(Parts(), *intent));
      auto record = commit.CommitHeld();
      if (CodeOf(record.status()) == kVoidIntentCode) continue;
      ARROW_ASSIGN_OR_RAISE(made.emplace_back(), std::move(record));
    }
    return made;
  }

  arrow::Result<std::optional<CommitRecord>> ReplacedBy(const CommitRecord& record) override {
    const std::string& target = record.intent.target;
    ARROW_ASSIGN_OR_RAISE(const auto slots, log_->List(target));
    for (const CommitSlot& slot : slots) {
      if (!slot.run || slot.sequence <= record.intent.sequence) continue;
      ARROW_ASSIGN_OR_RAISE(CommitRecord later, log_->ReadRecord(target, slot));
      if (later.intent.mode == WriteMode::kReplace) return std::optional(std::move(later));
    }
    return std::nullopt;
  }

  arrow::Status Discard(const std::string& run, const std::string& table, int epoch) override {
    ARROW_ASSIGN_OR_RAISE(const BigQueryTable target, TargetOf(TableOfDirectory(table)));
    return staging_.RemoveEpoch(run, target.table, epoch);
  }

  arrow::Result<std::vector<ReadBackResult>> ReadBack(const CommitRecord& record,
                                                      const ReadBackOptions& options,
                                                      std::stop_token stop) override {
    if (stop.stop_requested()) return InterruptedError();
    ARROW_ASSIGN_OR_RAISE(const Publication publication, PublicationOf(record.intent));
    ReadBackResult result;
    result.rows = publication.loaded ? publication.loaded->rows : record.intent.rows;
    ARROW_ASSIGN_OR_RAISE(const auto replacement, ReplacedBy(record));
    if (replacement) {
      result.problem = "was replaced by run " + replacement->intent.run;
    } else if (options.with_checksum) {
      ARROW_RETURN_NOT_OK(CompareTable(record, publication, options, stop, result));
    } else {
      ARROW_RETURN_NOT_OK(CountRows(record, publication, stop, result));
    }
    return std::vector<ReadBackResult>{std::move(result)};
  }

  arrow::Result<CleanResult> Clean(const std::set<std::string>& keep) override {
    return staging_.Clean(keep, [this](const CommitIntent& intent) -> arrow::Result<bool> {
      ARROW_ASSIGN_OR_RAISE(const auto slots, log_->List(intent.target));
      return std::ranges::any_of(slots, [&](const CommitSlot& slot) {
        return slot.run && slot.sequence >= intent.sequence;
      });
    });
  }

 private:
  CommitParts Parts() const {
    return {.client = cloud_.bigquery(),
            .jobs = jobs_,
            .log = *log_,
            .staging = staging_,
            .stop = stop_};
  }

  arrow::Result<BigQueryTable> TargetOf(const TableRef& table) const {
    ARROW_ASSIGN_OR_RAISE(std::string name, TableName(settings_.table_template, table));
    return BigQueryTable{
        .project = settings_.project, .dataset = settings_.dataset, .table = std::move(name)};
  }

  /// TableRef::directory() read again; an alias is as good as a name.
  static TableRef TableOfDirectory(const std::string& directory) {
    const size_t dot = directory.find('.');
    TableRef table;
    if (dot != std::string::npos) table.schema = PercentDecode(directory.substr(0, dot));
    table.name = PercentDecode(dot == std::string::npos ? directory : directory.substr(dot + 1));
    return table;
  }

  arrow::Result<TableSettings> SettingsOf(const TableTarget& target) const {
    return ReadTableSettings(target.options, settings_.table);
  }

  /// Slots that have a record.
  arrow::Result<std::vector<CommitSlot>> Recorded(const BigQueryTable& table) const {
    ARROW_ASSIGN_OR_RAISE(auto slots, log_->List(table.label()));
    std::erase_if(slots, [](const CommitSlot& slot) { return !slot.run; });
    return slots;
  }

  /// Calls `take` with the records of the rows that the table has, those since it was replaced the
  /// last time, the last one first, until it returns false.
  arrow::Status ReadBackwards(const BigQueryTable& table,
                              const std::function<bool(CommitRecord record)>& take) const {
    ARROW_ASSIGN_OR_RAISE(auto slots, Recorded(table));
    std::ranges::reverse(slots);
    for (const CommitSlot& slot : slots) {
      ARROW_ASSIGN_OR_RAISE(CommitRecord record, log_->ReadRecord(table.label(), slot));
      const bool is_first = record.intent.mode != WriteMode::kAppend;
      if (!take(std::move(record)) || is_first) break;
    }
    return arrow::Status::OK();
  }

  arrow::Result<std::vector<CommitRecord>> CommitsOf(const BigQueryTable& table) const {
    std::vector<CommitRecord> commits;
    ARROW_RETURN_NOT_OK(ReadBackwards(table, [&](CommitRecord record) {
      commits.push_back(std::move(record));
      return true;
    }));
    std::ranges::reverse(commits);
    return commits;
  }

  /// What the load job has said of itself, and what is there now: no fewer rows than that.
  arrow::Status CountRows(const CommitRecord& record, const Publication& publication,
                          const std::stop_token& stop, ReadBackResult& result) const {
    if (record.intent.rows == 0) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto rows, CountTable(cloud_.bigquery(), TableOf(publication),
                                                      publication.location, stop));
    if (!rows) {
      result.problem = "is gone: there is no such table";
    } else if (*rows < result.rows) {
      result.problem = "is not all there: the table has " + HumanNumberOf(*rows, "row");
    }
    return arrow::Status::OK();
  }

  /// A table of which every row is of the job's commits has the sum of their checksums; of others
  /// nothing tells which rows this commit has loaded.
  arrow::Status CompareTable(const CommitRecord& record, const Publication& publication,
                             const ReadBackOptions& options, const std::stop_token& stop,
                             ReadBackResult& result) const {
    const BigQueryTable table = TableOf(publication);
    ARROW_ASSIGN_OR_RAISE(const auto commits, CommitsOf(table));
    ARROW_ASSIGN_OR_RAISE(const bool are_all, HaveAllRows(commits));
    if (!are_all) {
      result.unread = PermanentError(
          "which rows of " + table.label() +
          " this commit has loaded cannot be told: it had rows before the job's first commit, or "
          "other columns, so that its checksum cannot be compared");
      return arrow::Status::OK();
    }
    Checksum expected;
    for (const CommitRecord& commit : commits) expected += commit.intent.checksum;
    ARROW_ASSIGN_OR_RAISE(const auto found,
                          ChecksumOfTable(cloud_.bigquery(), table, options.on_rows, stop));
    if (!found) {
      result.problem = "is gone: there is no such table";
    } else if (found->rows != expected.rows) {
      result.problem = "is not all that there is: the table has " +
                       HumanNumberOf(found->rows, "row") + ", its commits loaded " +
                       HumanCount(expected.rows);
    } else if (!(*found == expected)) {
      result.problem = "has other values by now: the table's checksum is " + found->ToHex() +
                       ", that of its commits " + expected.ToHex();
    } else {
      result.checksum = record.intent.checksum;
    }
    return arrow::Status::OK();
  }

  /// Whether the first of `commits` made the table or replaced its rows, and all are of the same
  /// columns, without which the hashes of their rows do not add up.
  static arrow::Result<bool> HaveAllRows(const std::vector<CommitRecord>& commits) {
    if (commits.empty()) return false;
    ARROW_ASSIGN_OR_RAISE(const Publication first, PublicationOf(commits.front().intent));
    if (commits.front().intent.mode == WriteMode::kAppend && !first.makes_table) return false;
    return std::ranges::all_of(commits, [&](const CommitRecord& commit) {
      return commit.intent.schema == commits.front().intent.schema;
    });
  }

  static BigQueryTable TableOf(const Publication& publication) {
    return {
        .project = publication.project, .dataset = publication.dataset, .table = publication.table};
  }

  static std::string CreationOf(const std::optional<Json>& table) {
    return table ? TextAt(*table, "/creationTime") : std::string();
  }

  /// Rows without any record of the job, as where its staging prefix is another one now, or a rule
  /// of the bucket has removed them: where they end is not known.
  arrow::Status CheckRecorded(const BigQueryTable& table) {
    ARROW_ASSIGN_OR_RAISE(const auto slots, Recorded(table));
    if (!slots.empty()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto found, cloud_.bigquery().FindTable(table, stop_));
    const int64_t rows = found ? IntegerAt(*found, "/numRows") : 0;
    if (rows == 0) return arrow::Status::OK();
    return UserError(table.label() + " holds " + HumanNumberOf(rows, "row") +
                         " and no commit record of this job lies in " + settings_.staging->uri() +
                         ", which would say up to where they are loaded: restore the records, or "
                         "say by `headrace state set` where the load goes on",
                     "unrecorded_rows");
  }

  /// Whether the table of that name is the one that `record` was made in: one that was dropped has
  /// none of its rows, whatever is there by now. A commit without rows and table has none either.
  arrow::Result<bool> IsTableOf(const CommitRecord& record, const BigQueryTable& table) {
    ARROW_ASSIGN_OR_RAISE(const Publication publication, PublicationOf(record.intent));
    if (!publication.table_created) return true;
    auto created = created_.find(table.label());
    if (created == created_.end()) {
      ARROW_ASSIGN_OR_RAISE(const auto found, cloud_.bigquery().FindTable(table, stop_));
      created = created_.emplace(table.label(), CreationOf(found)).first;
    }
    return created->second == *publication.table_created;
  }

  arrow::Result<TableState> LookAt(const BigQueryTable& table) const {
    TableState state;
    ARROW_ASSIGN_OR_RAISE(state.table, cloud_.bigquery().FindTable(table, stop_));
    if (state.table) return state;
    ARROW_ASSIGN_OR_RAISE(
        state.dataset,
        cloud_.bigquery().FindDataset({.project = table.project, .dataset = table.dataset}, stop_));
    return state;
  }

  arrow::Result<TableLoad> DecideFor(const TableTarget& target) const {
    ARROW_ASSIGN_OR_RAISE(const BigQueryTable table, TargetOf(target.table));
    ARROW_ASSIGN_OR_RAISE(const TableSettings settings, SettingsOf(target));
    const LoadRequest request{.table = table,
                              .label = target.table.label(),
                              .mode = target.mode,
                              .schema = target.schema};
    // What was seen when it was planned is what it was planned for.
    const auto seen = seen_.find(table.label());
    if (seen != seen_.end()) return DecideLoad(settings_, settings, request, seen->second);
    ARROW_ASSIGN_OR_RAISE(const TableState state, LookAt(table));
    return DecideLoad(settings_, settings, request, state);
  }

  /// Two tables of the job in one of BigQuery would replace each other's rows.
  arrow::Status TakeName(const BigQueryTable& target, const TableRef& table) {
    const auto [owner, is_new] = owners_.emplace(target.label(), table);
    if (is_new || owner->second == table) return arrow::Status::OK();
    return OneName(owner->second.label(), table, target);
  }

  /// The same, where the other one is in another run or was in the job before.
  arrow::Status CheckOwner(const TableRef& table) const {
    ARROW_ASSIGN_OR_RAISE(const BigQueryTable target, TargetOf(table));
    ARROW_ASSIGN_OR_RAISE(const auto slots, Recorded(target));
    if (slots.empty()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const CommitRecord last, log_->ReadRecord(target.label(), slots.back()));
    if (last.intent.table == table.directory()) return arrow::Status::OK();
    return OneName(last.intent.label, table, target);
  }

  static arrow::Status OneName(const std::string& owner, const TableRef& table,
                               const BigQueryTable& target) {
    return UserError("tables " + owner + " and " + table.label() + " would both be " +
                     target.label() +
                     " in BigQuery: set destination.table, e.g. '{schema}_{table}'");
  }

  void Keep(const TableTarget& target, TableLoad load) {
    const std::scoped_lock lock(mutex_);
    loads_[KeyOf(target)] = std::make_shared<const TableLoad>(std::move(load));
  }

  /// As Prepare has decided it; where another process did, decided again for what has staged
  /// `file`.
  arrow::Result<std::shared_ptr<const TableLoad>> LoadOf(const TableTarget& target,
                                                         const std::string& file = {}) {
    {
      const std::scoped_lock lock(mutex_);
      const auto found = loads_.find(KeyOf(target));
      if (found != loads_.end()) return found->second;
    }
    ARROW_ASSIGN_OR_RAISE(TableLoad load, DecideFor(target));
    ARROW_ASSIGN_OR_RAISE(
        load.folder, staging_.FindFolder(target.run, load.target.table.table, target.epoch, file));
    auto shared = std::make_shared<const TableLoad>(std::move(load));
    const std::scoped_lock lock(mutex_);
    return loads_.emplace(KeyOf(target), std::move(shared)).first->second;
  }

  arrow::Result<CommittedFile> StageEmptyFile(const TableTarget& target,
                                              const TableLoad& load) const {
    ARROW_ASSIGN_OR_RAISE(const TableSettings settings, SettingsOf(target));
    const auto path = StagingArea::PathOf(load.folder) / (FilePrefix(target) + "-empty.parquet");
    return WriteEmptyFile(*staging_.store(), path, FormatOf(target, load, settings.compression));
  }

  CommitIntent IntentOf(const TableTarget& target, const TableLoad& load, int64_t sequence,
                        std::vector<CommittedFile> files) const {
    const BigQueryTable& table = load.target.table;
    CommitIntent intent =
        DecidedCommit(target, sequence, load.folder, table.label(), std::move(files));
    Publication publication{.project = table.project,
                            .dataset = table.dataset,
                            .table = table.table,
                            .location = load.location,
                            .makes_dataset = load.makes_dataset,
                            .makes_table = load.target.is_new,
                            .table_created = load.table_created};
    std::vector<std::string> uris;
    for (const CommittedFile& file : intent.files) uris.push_back(load.folder + "/" + file.name);
    if (!uris.empty()) {
      publication.configuration = LoadConfiguration(load.target, uris);
      publication.patch = load.patch;
    }
    intent.publication = TextOf(publication);
    return intent;
  }

  arrow::Status CheckDataset() const {
    const BigQueryDataset name{.project = settings_.project, .dataset = settings_.dataset};
    ARROW_ASSIGN_OR_RAISE(const auto dataset, cloud_.bigquery().FindDataset(name, stop_));
    if (!dataset) {
      if (settings_.create == CreatePolicy::kIfNeeded) return arrow::Status::OK();
      return UserError("dataset " + name.project + "." + name.dataset +
                       " is not there, and destination.create is never");
    }
    return arrow::Status::OK();
  }

  arrow::Status CheckBucket() const {
    const BucketPrefix& staging = *settings_.staging;
    ARROW_ASSIGN_OR_RAISE(const auto bucket, cloud_.gcs().FindBucket(staging.bucket, stop_));
    if (!bucket) {
      return UserError("the bucket gs://" + staging.bucket +
                       " of destination.staging is not there, or not ours to see");
    }
    const std::string prefix = staging.prefix.empty() ? "" : staging.prefix + "/";
    const GcsObject probe{.bucket = staging.bucket,
                          .name = prefix + std::string(kStagedFolder) + ".probe"};
    ARROW_RETURN_NOT_OK(cloud_.gcs().Write(probe, "", stop_));
    return cloud_.gcs().Delete(probe, stop_);
  }

  /// A dry run costs nothing and has no id.
  arrow::Status CheckMayRunJobs() const {
    const Json query = {{"dryRun", true},
                        {"query", {{"query", "SELECT 1"}, {"useLegacySql", false}}}};
    return cloud_.bigquery()
        .InsertJob({.project = settings_.project, .location = settings_.location, .id = {}}, query,
                   stop_)
        .status();
  }

  const GoogleCloud cloud_;
  const BigQuerySettings settings_;
  const std::stop_token stop_;
  const JobRunner jobs_;
  const std::unique_ptr<CommitLog> log_;
  StagingArea staging_;
  std::map<std::string, TableRef> owners_;      // By the name in BigQuery.
  std::map<std::string, TableState> seen_;      // Likewise: what tables were planned for,
  std::map<std::string, std::string> created_;  // and when they were made; empty: not there.
  std::mutex mutex_;
  std::map<TargetKey, std::shared_ptr<const TableLoad>> loads_;  // Guarded by mutex_.
};

}  // namespace

arrow::Result<std::unique_ptr<Destination>> MakeBigQueryDestination(const OptionValues& options,
                                                                    const DestinationHost& host) {
  return MakeBigQueryDestination(options, ProcessEnvironment(), host);
}

arrow::Result<std::unique_ptr<Destination>> MakeBigQueryDestination(const OptionValues& options,
                                                                    const Environment& environment,
                                                                    const DestinationHost& host) {
  ARROW_ASSIGN_OR_RAISE(BigQuerySettings settings, ReadBigQuerySettings(options));
  ARROW_ASSIGN_OR_RAISE(
      GoogleCloud cloud,
      GoogleCloud::Open(MakeCurlTransport(), {.credentials_file = settings.credentials_file},
                        environment, host.stop));
  ARROW_ASSIGN_OR_RAISE(const StoreAccess access, cloud.stores());
  ARROW_ASSIGN_OR_RAISE(const FileStoreLocation location,
                        OpenFileStore(settings.staging->uri(), access));
  return std::make_unique<BigQueryDestination>(std::move(cloud), location.store,
                                               std::move(settings), host);
}

}  // namespace headrace
