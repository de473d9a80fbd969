#include "headrace/destination/parquet/parquet_destination.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <utility>

#include "headrace/client/store/store.h"
#include "headrace/destination/decided_commit.h"
#include "headrace/destination/parquet/commit_file.h"
#include "headrace/destination/parquet/lake_cleaner.h"
#include "headrace/destination/parquet/lake_lock.h"
#include "headrace/destination/parquet/lake_probe.h"
#include "headrace/destination/parquet/parquet_options.h"
#include "headrace/destination/parquet/publication.h"
#include "headrace/destination/parquet/schema_difference.h"
#include "headrace/destination/parquet/staged_commit.h"
#include "headrace/destination/parquet/staging_folder.h"
#include "headrace/destination/parquet/table_content.h"
#include "headrace/model/json_object.h"
#include "headrace/model/start_thread.h"
#include "headrace/observe/shell_word.h"
#include "headrace/staging/read_back.h"
#include "headrace/staging/staging_writer.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

/// The key of the job that the columns of `difference` depend on.
std::string_view KeyOf(std::string_view difference) {
  const bool lineage = difference.find("_headrace_run") != std::string_view::npos;
  return lineage ? "`lineage:`" : "`columns:`";
}

/// Source types and comments, column by column, for people who find the file: `headrace.columns` of
/// the footer.
std::string ColumnsJson(const arrow::Schema& schema) {
  nlohmann::json columns = nlohmann::json::object();
  for (const auto& field : schema.fields()) {
    nlohmann::json& column = columns[field->name()] = nlohmann::json::object();
    if (field->metadata() == nullptr) continue;
    for (int64_t i = 0; i < field->metadata()->size(); ++i) {
      constexpr std::string_view kPrefix = "headrace.";
      const std::string& key = field->metadata()->key(i);
      if (key.starts_with(kPrefix)) {
        column[key.substr(kPrefix.size())] = field->metadata()->value(i);
      }
    }
  }
  return DumpJson(columns);
}

/// Every column of a file may be NULL: a source may drop a NOT NULL between two appends, and
/// readers take the first file's word for all of them.
std::shared_ptr<arrow::Schema> FileSchema(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(field->WithNullable(true));
  return arrow::schema(std::move(fields), schema.metadata());
}

ParquetFormat FormatOf(const TableTarget& target, Compression compression) {
  auto metadata = arrow::key_value_metadata(
      {"headrace.job", "headrace.run", "headrace.table", "headrace.columns"},
      {target.job, target.run, target.table.label(), ColumnsJson(*target.schema)});
  return {.schema = FileSchema(*target.schema),
          .compression = compression,
          .metadata = std::move(metadata)};
}

/// Rows without their record, as half a copy of a lake has them: where they end is not known.
arrow::Status CheckRecorded(const DurableFs& fs, const fs::path& table,
                            std::span<const std::string> unrecorded) {
  for (const std::string& run : unrecorded) {
    ARROW_ASSIGN_OR_RAISE(const bool holds, HoldsParquet(fs, table / run));
    if (!holds) continue;
    return UserError(
        (table / run).string() + " holds rows and no " + std::string(kCommitFile) +
            ", which says up to where they are loaded: restore that file, or move "
            "the folder out of the table (what it holds is loaded again where it was the last "
            "window; of an older one by a backfill)",
        "unrecorded_rows");
  }
  return arrow::Status::OK();
}

class ParquetDestination final : public Destination {
 public:
  ParquetDestination(std::shared_ptr<DurableFs> fs, ParquetSettings settings, std::stop_token stop)
      : fs_(std::move(fs)), settings_(std::move(settings)), stop_(std::move(stop)) {}

  std::string endpoint() const override { return settings_.layout.path.string(); }

  arrow::Status Check() override { return CheckLake(*fs_, settings_.layout, stop_); }

  arrow::Result<std::optional<CommitRecord>> LastCommit(const TableRef& table) override {
    ARROW_ASSIGN_OR_RAISE(TableContent content,
                          ReadTableContent(*fs_, settings_.layout.Table(table.directory())));
    return std::move(content.found.last);
  }

  arrow::Result<std::optional<CommitRecord>> LastCursorCommit(const TableRef& table,
                                                              const std::string& job,
                                                              const std::string& cursor) override {
    const fs::path directory = settings_.layout.Table(table.directory());
    ARROW_ASSIGN_OR_RAISE(TableContent content, ReadTableContent(*fs_, directory));
    LastRecord& found = content.found;
    if (found.last.has_value() && !IsOfCursor(*found.last, job, cursor)) {
      const auto is_wanted = [&](const CommitRecord& r) { return IsOfCursor(r, job, cursor); };
      ARROW_ASSIGN_OR_RAISE(found, FindLastRecord(*fs_, directory, content.names, is_wanted));
    }
    ARROW_RETURN_NOT_OK(CheckRecorded(*fs_, directory, found.unrecorded));
    return std::move(found.last);
  }

  arrow::Result<std::vector<CommitRecord>> Commits(const TableRef& table) override {
    const fs::path directory = settings_.layout.Table(table.directory());
    ARROW_ASSIGN_OR_RAISE(const auto names, fs_->List(directory));
    ARROW_ASSIGN_OR_RAISE(AllRecords all, ReadRecords(*fs_, directory, names));
    ARROW_RETURN_NOT_OK(CheckRecorded(*fs_, directory, all.unrecorded));
    return std::move(all.records);
  }

  arrow::Result<std::optional<CommitRecord>> FindCommit(const std::string& job,
                                                        const std::string& run,
                                                        const TableRef& table) override {
    ARROW_ASSIGN_OR_RAISE(
        auto record,
        ReadCommitFile(*fs_, settings_.layout.Table(table.directory()) / RunFolder(run)));
    if (record.has_value() && record->intent.job == job) return record;
    // A table that was replaced since is still the proof that the run committed.
    const fs::path replaced = settings_.layout.ReplacedTable(table.directory());
    ARROW_ASSIGN_OR_RAISE(const auto names, fs_->List(replaced));
    for (const std::string& name : names) {
      ARROW_ASSIGN_OR_RAISE(record, ReadCommitFile(*fs_, replaced / name / RunFolder(run)));
      if (record.has_value() && record->intent.job == job) return record;
    }
    return std::nullopt;
  }

  arrow::Status CheckTarget(const TableTarget& target) override {
    const fs::path table = settings_.layout.Table(target.table.directory());
    ARROW_RETURN_NOT_OK(CheckNoLink(target, table));
    ARROW_ASSIGN_OR_RAISE(const TableContent content, ReadTableContent(*fs_, table));
    ARROW_RETURN_NOT_OK(CheckNotForeign(*fs_, table, content, target.mode));
    ARROW_RETURN_NOT_OK(CheckStaging(*fs_, settings_.layout.staging));
    if (!content.last().has_value()) return arrow::Status::OK();
    if (target.mode == WriteMode::kErrorIfExists) {
      return UserError("table " + target.table.label() + " is there already, in " + table.string() +
                           ", and `write: error_if_exists` asks that it is not: remove it, or "
                           "choose write: replace or append",
                       "EEXIST");
    }
    if (target.mode != WriteMode::kAppend) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(CheckRunIsNew(target, table));
    const std::string difference = SchemaDifference(content.last()->intent.schema, *target.schema);
    if (difference.empty()) return arrow::Status::OK();
    return UserError(
        "table " + target.table.label() + " in " + table.string() +
            " has other columns than this run would append (table: -, run: +):" + difference +
            "\nChange " + std::string(KeyOf(difference)) + " so that they agree, or " +
            // With a cursor a run has the new rows alone, and replaces nothing.
            (target.cursor_column ? "load into another place" : "use write: replace"),
        "schema_mismatch");
  }

  arrow::Status Prepare(const TableTarget& target) override {
    ARROW_RETURN_NOT_OK(CheckTarget(target));
    ARROW_RETURN_NOT_OK(LockRun(target.run));
    ARROW_RETURN_NOT_OK(ProbeOnce(target.run));
    const std::string table = target.table.directory();
    ARROW_RETURN_NOT_OK(RemoveEpochs(settings_.layout.StagedTable(target.run, table), target));
    ARROW_RETURN_NOT_OK(fs_->MakeDirectory(settings_.layout.StagedTable(target.run, table)));
    unsynced_runs_.insert(target.run);
    ARROW_RETURN_NOT_OK(
        fs_->CreateDirectories(settings_.layout.StagedEpoch(target.run, table, target.epoch)));
    return LakeCleaner(*fs_, settings_.layout, {target.run}, settings_.grace, stop_)
        .CleanReplaced(table)
        .status();
  }

  arrow::Result<std::unique_ptr<Writer>> OpenWriter(const TableTarget& target, int worker,
                                                    int serial) override {
    ARROW_ASSIGN_OR_RAISE(const FileSettings files,
                          ReadFileSettings(target.options, settings_.files));
    return MakeStagingWriter(fs_, {.plan_id = target.plan_id,
                                   .directory = settings_.layout.StagedEpoch(
                                       target.run, target.table.directory(), target.epoch),
                                   .file_prefix = FilePrefix(target),
                                   .worker = worker,
                                   .serial = serial,
                                   .format = FormatOf(target, files.compression),
                                   .memory = target.writer_memory,
                                   .target_file_size = files.target_size});
  }

  arrow::Result<CommitIntent> Intend(const TableTarget& target, std::span<const Receipt> receipts,
                                     int64_t sequence) override {
    ARROW_ASSIGN_OR_RAISE(const FileSettings files,
                          ReadFileSettings(target.options, settings_.files));
    ARROW_RETURN_NOT_OK(SyncRun(target.run));
    return StageCommit(*fs_, settings_.layout, target, FormatOf(target, files.compression),
                       receipts, sequence);
  }

  arrow::Result<CommitRecord> Commit(const CommitIntent& intent) override {
    ARROW_RETURN_NOT_OK(CheckOwn(intent));
    ARROW_ASSIGN_OR_RAISE(CommitRecord record,
                          Publication(*fs_, settings_.layout, intent, stop_).Commit());
    return record;
  }

  arrow::Result<Settlement> Settle(const CommitIntent& intent) override {
    ARROW_RETURN_NOT_OK(CheckOwn(intent));
    return Publication(*fs_, settings_.layout, intent, stop_).Settle();
  }

  arrow::Status Discard(const std::string& run, const std::string& table, int epoch) override {
    const LakeLayout& layout = settings_.layout;
    const fs::path directory = layout.StagedRun(run);
    ARROW_ASSIGN_OR_RAISE(const bool ours, IsRun(*fs_, directory));
    if (ours) {
      ARROW_RETURN_NOT_OK(fs_->RemoveAll(layout.StagedEpoch(run, table, epoch)));
      ARROW_RETURN_NOT_OK(fs_->RemoveIfEmpty(layout.StagedTable(run, table)));
    }
    ARROW_RETURN_NOT_OK(RemoveRunIfUnused(*fs_, directory));
    (void)RemoveStagingIfUnused(*fs_, layout.staging);  // Or by Clean.
    return arrow::Status::OK();
  }

  arrow::Status CheckThere() override {
    ARROW_ASSIGN_OR_RAISE(const auto lake, fs_->Stat(settings_.layout.path));
    if (lake.has_value()) return arrow::Status::OK();
    return PermanentError("the lake " + endpoint() +
                              " is not there (is its disk mounted?), which says nothing against "
                              "its files",
                          "ENOENT");
  }

  std::string TargetNow(const CommitIntent& intent) const override {
    const fs::path table = settings_.layout.Table(intent.table);
    return intent.mode == WriteMode::kAppend ? RunDirectory(table, intent) : table;
  }

  std::string NoteOfPlace(const CommitIntent& intent) const override {
    if (TargetNow(intent) == intent.target) return {};
    const std::string written = PublishedTable(intent).parent_path();
    return "read is " + endpoint() + ", the job's destination; the run wrote to " + written +
           " (--set " + ShellWord("destination.path=" + written) + " reads that one)";
  }

  arrow::Result<std::optional<CommitRecord>> ReplacedBy(const CommitRecord& record) override {
    return ReplacementOf(*fs_, settings_.layout.Table(record.intent.table), record.intent.sequence);
  }

  arrow::Result<std::vector<ReadBackResult>> ReadBack(const CommitRecord& record,
                                                      const ReadBackOptions& options,
                                                      std::stop_token stop) override {
    const fs::path table = settings_.layout.Table(record.intent.table);
    const fs::path directory = RunDirectory(table, record.intent);
    ARROW_RETURN_NOT_OK(CheckThere());
    ARROW_RETURN_NOT_OK(CheckHasRun(record.intent, directory));
    std::vector<ReadBackResult> results = ReadFiles(directory, record.intent.files, options, stop);
    if (stop.stop_requested()) return InterruptedError();
    if (arrow::Status status = AddProblemsBeside(record, directory, results); !status.ok()) {
      results.push_back({std::string(kCommitFile), 0, {}, {}, std::move(status)});
    }
    return results;
  }

  arrow::Result<std::vector<std::string>> ReadBesides(const CommitRecord& record) override {
    return ForeignBesideRuns(*fs_, settings_.layout.Table(record.intent.table));
  }

  arrow::Result<CleanResult> Clean(const std::set<std::string>& keep) override {
    return LakeCleaner(*fs_, settings_.layout, keep, settings_.grace, stop_).CleanAll();
  }

 private:
  /// Each thread takes the next file until there is none, or `stop` is stopped. Where the system
  /// has no room for another thread, those that there are read all.
  static std::vector<ReadBackResult> ReadFiles(const fs::path& directory,
                                               std::span<const CommittedFile> files,
                                               const ReadBackOptions& options,
                                               const std::stop_token& stop) {
    std::vector<ReadBackResult> results(files.size());
    std::atomic<size_t> next = 0;
    const auto read_some = [&] {
      for (size_t i = next++; i < files.size() && !stop.stop_requested(); i = next++) {
        results[i] = ReadFile(directory, files[i], options, stop);
      }
    };
    std::vector<std::jthread> others;
    const size_t threads =
        std::min(files.size(), static_cast<size_t>(std::max(1, options.threads)));
    while (others.size() + 1 < threads) {
      std::jthread other = StartThread(read_some);
      if (!other.joinable()) break;
      others.push_back(std::move(other));
    }
    read_some();
    others.clear();  // Waits for them.
    return results;
  }

  static ReadBackResult ReadFile(const fs::path& directory, const CommittedFile& file,
                                 const ReadBackOptions& options, const std::stop_token& stop) {
    auto content =
        ReadParquetFile(directory / file.name, file.bytes,
                        {.with_checksum = options.with_checksum, .on_rows = options.on_rows}, stop);
    if (!content.ok()) return {file.name, 0, {}, {}, content.status()};
    return {file.name,
            content->rows,
            content->checksum,
            std::move(content->problem),
            {},
            std::move(content->digest)};
  }

  /// A lake that another job destination has put in the place of the one that the run wrote to, or
  /// that holds a part of it, need not have all its tables: that says nothing against their files.
  arrow::Status CheckHasRun(const CommitIntent& intent, const fs::path& directory) const {
    if (TargetNow(intent) == intent.target) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto there, fs_->Stat(directory));
    if (there.has_value()) return arrow::Status::OK();
    return PermanentError(directory.parent_path().string() + " holds nothing of run " + intent.run +
                              ", which wrote the table to " + PublishedTable(intent).string(),
                          "ENOENT");
  }

  /// What is wrong in a run's directory beside the files of its record: the record itself, and
  /// files that every reader of the table would read too.
  arrow::Status AddProblemsBeside(const CommitRecord& record, const fs::path& directory,
                                  std::vector<ReadBackResult>& results) const {
    const std::string commit_file(kCommitFile);
    const auto found = ReadCommitFile(*fs_, directory);
    if (!found.ok()) {
      if (CodeOf(found.status()) != kDamagedFileCode) return found.status();
      results.push_back({commit_file, 0, {}, "it is no commit record any more", {}});
    } else if (!found->has_value() || (*found)->intent.digest != record.intent.digest) {
      results.push_back(
          {commit_file, 0, {}, "the record of this commit is not there any more", {}});
    } else if (ToJson((*found)->intent) != ToJson(record.intent)) {
      results.push_back({commit_file, 0, {}, "it is not what the run wrote", {}});
    }
    ARROW_ASSIGN_OR_RAISE(const auto names, fs_->List(directory));
    for (const std::string& name : names) {
      if (HasFile(record.intent.files, name)) continue;
      ARROW_ASSIGN_OR_RAISE(const bool is_read, HoldsParquet(*fs_, directory / name));
      if (!is_read) continue;
      results.push_back({name, 0, {}, "this run did not write it, but readers see its rows", {}});
    }
    return arrow::Status::OK();
  }

  /// A table is published by renames, which would take the link's place, or fail, and leave what it
  /// leads to as it is.
  arrow::Status CheckNoLink(const TableTarget& target, const fs::path& table) const {
    ARROW_ASSIGN_OR_RAISE(const bool is_link, fs_->IsLink(table));
    if (!is_link) return arrow::Status::OK();
    return UserError("the directory of table " + target.table.label() + ", " + table.string() +
                     ", is a symbolic link, and a table is published by renaming directories: put "
                     "the directory itself there, or let destination.path lead to the other place");
  }

  /// The run of this job that FindCommit knows is not prepared again: one that is there is another
  /// job's, or nobody's.
  arrow::Status CheckRunIsNew(const TableTarget& target, const fs::path& table) const {
    const fs::path directory = table / RunFolder(target.run);
    ARROW_ASSIGN_OR_RAISE(const auto there, fs_->Stat(directory));
    if (!there.has_value()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto record, ReadCommitFile(*fs_, directory));
    const std::string whose =
        record.has_value() ? "by job " + record->intent.job : "by something other than headrace";
    return UserError("run id " + target.run + " has been used for table " + target.table.label() +
                         " before, " + whose + ", in " + directory.string() +
                         ": choose another --run-id",
                     "EEXIST");
  }

  /// Staging of one run belongs to one process: `clean` of another sees that it is in use. No
  /// cleaner looks at the new directory before it is locked: staging is theirs one at a time.
  arrow::Status LockRun(const std::string& run) {
    const fs::path directory = settings_.layout.StagedRun(run);
    ARROW_ASSIGN_OR_RAISE(const auto there, fs_->Stat(directory));
    if (there.has_value() && locks_.contains(run)) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const DirectoryLock staging,
                          LockStaging(*fs_, settings_.layout.staging, stop_));
    ARROW_ASSIGN_OR_RAISE(auto lock, MakeAndTryLock(*fs_, directory));
    if (!lock.has_value()) {
      return UserError("another process is writing run " + run + " to " + endpoint() +
                       ": wait for it, or end it");
    }
    ARROW_RETURN_NOT_OK(MarkRun(*fs_, directory));
    locks_.insert_or_assign(run, std::move(*lock));
    return arrow::Status::OK();
  }

  /// Staging counts from the first intent on: all tables that were prepared before share one sync.
  arrow::Status SyncRun(const std::string& run) {
    if (!unsynced_runs_.contains(run)) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(fs_->SyncDirectory(settings_.layout.StagedRun(run)));
    unsynced_runs_.erase(run);
    return arrow::Status::OK();
  }

  /// Removes what the run has staged for a table so far. An epoch has nothing in staging when it
  /// begins; what lies in it all the same was left by a process whose journal is lost. Such a
  /// process may have decided a commit: the proof that it was published, which `_intent.json` is
  /// without the files beside it, goes before the files.
  arrow::Status RemoveEpochs(const fs::path& staged_table, const TableTarget& target) {
    ARROW_ASSIGN_OR_RAISE(const auto epochs, fs_->List(staged_table));
    for (const std::string& name : epochs) {
      const fs::path epoch = staged_table / name;
      ARROW_ASSIGN_OR_RAISE(const auto decided, ReadIntentFile(*fs_, epoch));
      if (decided.has_value() && decided->job != target.job) {
        return UserError("run id " + target.run + " is in use: a run of job " + decided->job +
                             " has a commit of table " + target.table.label() +
                             " under it that is not settled: choose another --run-id, or run "
                             "that job first",
                         "EEXIST");
      }
      if (decided.has_value()) {
        ARROW_RETURN_NOT_OK(fs_->RemoveAll(epoch / kIntentFile));
        ARROW_RETURN_NOT_OK(fs_->SyncDirectory(epoch));
      }
      ARROW_RETURN_NOT_OK(fs_->RemoveAll(epoch));
    }
    return arrow::Status::OK();
  }

  /// What would make the rename of the commit fail is found before a row is read.
  arrow::Status ProbeOnce(const std::string& run) {
    if (probed_) return arrow::Status::OK();
    const fs::path staged = settings_.layout.StagedRun(run);
    arrow::Status status = ProbeLake(*fs_, settings_.layout.path, staged, stop_);
    probed_ = status.ok();
    if (probed_) return status;
    status &= RemoveRunIfUnused(*fs_, staged);
    status &= RemoveStagingIfUnused(*fs_, settings_.layout.staging);
    return status;
  }

  /// An intent is carried out where it was decided, or not at all.
  arrow::Status CheckOwn(const CommitIntent& intent) const {
    const fs::path expected = settings_.layout.Table(intent.table);
    if (PublishedTable(intent) == expected) return arrow::Status::OK();
    return UserError("the commit of table " + intent.label + " (run " + intent.run +
                     ") was decided for " + intent.target + ", but destination.path is now " +
                     endpoint() + ": restore it and run again");
  }

  std::shared_ptr<DurableFs> fs_;
  ParquetSettings settings_;
  std::stop_token stop_;
  bool probed_ = false;
  // Used by the coordinator's thread alone.
  std::map<std::string, DirectoryLock> locks_;  // By run.
  std::set<std::string> unsynced_runs_;         // With folders of tables that may not be durable.
};

}  // namespace

arrow::Result<std::unique_ptr<Destination>> MakeParquetDestination(const OptionValues& options,
                                                                   const DestinationHost& host) {
  return MakeParquetDestination(options, MakeLocalFs(), host);
}

arrow::Result<std::unique_ptr<Destination>> MakeParquetDestination(const OptionValues& options,
                                                                   std::shared_ptr<DurableFs> fs,
                                                                   const DestinationHost& host) {
  ARROW_ASSIGN_OR_RAISE(ParquetSettings settings, ReadParquetSettings(options, host.state));
  return std::make_unique<ParquetDestination>(std::move(fs), std::move(settings), host.stop);
}

}  // namespace headrace
