#include "headrace/destination/bigquery/staging_area.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "headrace/destination/bigquery/process_mark.h"
#include "headrace/model/json_object.h"
#include "headrace/model/percent_coding.h"
#include "headrace/model/xxh3.h"

namespace headrace {
namespace {

constexpr std::string_view kScheme = "gs://";
constexpr std::string_view kProcessFile = "_process.json";
constexpr std::string_view kIntentFile = "_intent.json";

/// A name of a job or a run as it is where it is one of a path already: load jobs read these paths,
/// and a `%` in them is nothing to try.
std::string PathPart(const std::string& name) {
  const bool is_plain =
      !name.empty() && name.front() != '.' &&
      name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") ==
          std::string::npos;
  return is_plain ? name : PercentEncode(name);
}

/// 16 hexadecimal digits, by chance.
std::string NewLife() {
  std::random_device random;
  std::uniform_int_distribution<uint64_t> any;
  return HexOf(any(random));
}

int64_t NowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

bool HasName(const GcsListedObject& object, std::string_view name) {
  return object.name.ends_with("/" + std::string(name));
}

}  // namespace

StagingArea::StagingArea(const GcsClient& gcs, std::shared_ptr<FileStore> store,
                         const BucketPrefix& staging, const std::string& job,
                         const std::string& dataset, std::stop_token stop)
    : gcs_(gcs), store_(std::move(store)), bucket_(staging.bucket), stop_(std::move(stop)) {
  if (!staging.prefix.empty()) folder_ = staging.prefix + "/";
  folder_ += std::string(kStagedFolder) + PathPart(job) + "/" + dataset + "/";
}

/// What cannot be removed any more tells others that the process may be at work, until it is idle.
StagingArea::~StagingArea() {
  for (const std::string& run : runs_) (void)RemoveMark(run);
}

/// That of this process alone: another one may have taken the run since.
arrow::Status StagingArea::RemoveMark(const std::string& run) const {
  const GcsObject object = {.bucket = bucket_, .name = RunFolder(run) + std::string(kProcessFile)};
  ARROW_ASSIGN_OR_RAISE(const auto mark, gcs_.ReadVersion(object, {}));
  if (!mark) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const ProcessMark process, ProcessMark::FromJson(mark->content));
  if (!(process == ProcessMark::OfThisProcess())) return arrow::Status::OK();
  return gcs_.DeleteVersion(object, mark->generation, {}).status();
}

std::string StagingArea::RunFolder(const std::string& run) const {
  return folder_ + PathPart(run) + "/";
}

std::string StagingArea::TableFolder(const std::string& run, const std::string& table) const {
  return RunFolder(run) + table + "/";
}

std::filesystem::path StagingArea::PathOf(const std::string& folder) {
  return folder.substr(kScheme.size());
}

/// The front of the names of its objects. A commit may have been decided in another bucket.
arrow::Result<std::string> StagingArea::NameOf(const std::string& folder) const {
  const std::string here = std::string(kScheme) + bucket_ + "/";
  if (folder.starts_with(here)) return folder.substr(here.size()) + "/";
  return UserError("a commit was decided with its files in " + folder +
                   ", and destination.staging is in " + here + ": restore it and run again");
}

arrow::Result<std::string> StagingArea::Begin(const std::string& run, const std::string& table,
                                              int epoch) {
  ARROW_RETURN_NOT_OK(TakeRun(run));
  ARROW_RETURN_NOT_OK(RemoveAll(TableFolder(run, table)));
  return std::string(kScheme) + bucket_ + "/" + TableFolder(run, table) + std::to_string(epoch) +
         "-" + NewLife();
}

/// Of a process elsewhere nothing tells whether it lives: each of the two then loads its own files,
/// and the number of the commit is one's alone.
arrow::Status StagingArea::TakeRun(const std::string& run) {
  if (runs_.contains(run)) return arrow::Status::OK();
  const GcsObject object = {.bucket = bucket_, .name = RunFolder(run) + std::string(kProcessFile)};
  const ProcessMark own = ProcessMark::OfThisProcess();
  ARROW_ASSIGN_OR_RAISE(const auto text, gcs_.Read(object, stop_));
  const auto other = text ? ProcessMark::FromJson(*text) : own;
  if (other.ok() && !(*other == own) && other->IsAlive() == true) {
    return UserError("another process, of pid " + std::to_string(other->pid) + ", is writing run " +
                     run + " to " + std::string(kScheme) + bucket_ + "/" + RunFolder(run) +
                     ": wait for it, or end it");
  }
  ARROW_RETURN_NOT_OK(gcs_.Write(object, own.ToJson(), stop_));
  runs_.insert(run);
  return arrow::Status::OK();
}

arrow::Result<std::string> StagingArea::FindFolder(const std::string& run, const std::string& table,
                                                   int epoch, const std::string& file) const {
  const std::string begin = TableFolder(run, table) + std::to_string(epoch) + "-";
  ARROW_ASSIGN_OR_RAISE(const auto objects, gcs_.List(bucket_, begin, stop_));
  for (const GcsListedObject& object : objects) {
    if (!HasName(object, file)) continue;
    const size_t end = object.name.size() - file.size() - 1;
    return std::string(kScheme) + bucket_ + "/" + object.name.substr(0, end);
  }
  return PermanentError("the staged file " + file + " is not in " + std::string(kScheme) + bucket_ +
                        "/" + begin + "…: nothing was published, run again");
}

arrow::Result<std::vector<GcsListedObject>> StagingArea::List(const std::string& folder) const {
  ARROW_ASSIGN_OR_RAISE(const std::string name, NameOf(folder));
  return gcs_.List(bucket_, name, stop_);
}

arrow::Status StagingArea::MarkDecided(const CommitIntent& intent) const {
  ARROW_ASSIGN_OR_RAISE(const std::string name, NameOf(intent.staging));
  return gcs_.Write({.bucket = bucket_, .name = name + std::string(kIntentFile)},
                    DumpJson(ToJson(intent)), stop_);
}

arrow::Status StagingArea::RemoveFolder(const std::string& folder) const {
  ARROW_ASSIGN_OR_RAISE(const std::string name, NameOf(folder));
  return RemoveAll(name);
}

arrow::Status StagingArea::RemoveEpoch(const std::string& run, const std::string& table,
                                       int epoch) const {
  return RemoveAll(TableFolder(run, table) + std::to_string(epoch) + "-");
}

arrow::Status StagingArea::RemoveAll(const std::string& prefix) const {
  ARROW_ASSIGN_OR_RAISE(const auto objects, gcs_.List(bucket_, prefix, stop_));
  for (const GcsListedObject& object : objects) {
    ARROW_RETURN_NOT_OK(gcs_.Delete({.bucket = bucket_, .name = object.name}, stop_));
  }
  return arrow::Status::OK();
}

arrow::Result<CleanResult> StagingArea::Clean(const std::set<std::string>& keep,
                                              const IsSettled& is_settled) const {
  ARROW_ASSIGN_OR_RAISE(const auto objects, gcs_.List(bucket_, folder_, stop_));
  std::map<std::string, StagedRun> runs;
  for (const GcsListedObject& object : objects) {
    const std::string rest = object.name.substr(folder_.size());
    StagedRun& run = runs[rest.substr(0, rest.find('/'))];
    run.objects.push_back(&object);
    run.newest_micros = std::max(run.newest_micros, object.updated_micros);
  }
  std::set<std::string> kept_parts;
  for (const std::string& run : keep) kept_parts.insert(PathPart(run));
  CleanResult result;
  for (const auto& [part, run] : runs) {
    if (kept_parts.contains(part)) {
      result.kept.push_back("run " + part + " is unfinished");
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const bool at_work, IsAtWork(run));
    if (at_work) {
      result.kept.push_back("run " + part + " is at work, or its process died less than " +
                            std::to_string(kIdle.count()) + " hours ago");
      continue;
    }
    ARROW_RETURN_NOT_OK(CleanRun(part, run, is_settled, result));
  }
  return result;
}

arrow::Result<bool> StagingArea::IsAtWork(const StagedRun& run) const {
  const auto mark = std::ranges::find_if(
      run.objects, [](const auto* object) { return HasName(*object, kProcessFile); });
  if (mark == run.objects.end()) return false;
  ARROW_ASSIGN_OR_RAISE(const auto text,
                        gcs_.Read({.bucket = bucket_, .name = (*mark)->name}, stop_));
  if (!text) return false;
  const auto process = ProcessMark::FromJson(*text);
  if (process.ok()) {
    if (const auto alive = process->IsAlive()) return *alive;
  }
  return std::chrono::microseconds(NowMicros() - run.newest_micros) < kIdle;
}

/// Folders of decided commits that are open stay whole, and the run's mark with them is no loss.
arrow::Status StagingArea::CleanRun(const std::string& part, const StagedRun& run,
                                    const IsSettled& is_settled, CleanResult& result) const {
  std::vector<std::string> open;
  for (const GcsListedObject* object : run.objects) {
    if (!HasName(*object, kIntentFile)) continue;
    ARROW_ASSIGN_OR_RAISE(const auto text,
                          gcs_.Read({.bucket = bucket_, .name = object->name}, stop_));
    if (!text) continue;
    const std::string what = "the decided commit gs://" + bucket_ + "/" + object->name;
    ARROW_ASSIGN_OR_RAISE(const auto json, ParseJson(*text, what, ErrorClass::kPermanent));
    ARROW_ASSIGN_OR_RAISE(const CommitIntent intent, CommitIntentFromJson(json));
    ARROW_ASSIGN_OR_RAISE(const bool settled, is_settled(intent));
    if (settled) continue;
    open.push_back(object->name.substr(0, object->name.size() - kIntentFile.size()));
    result.kept.push_back("run " + part + " has decided a commit of table " + intent.label +
                          ", which is not made yet");
  }
  int64_t removed = 0;
  for (const GcsListedObject* object : run.objects) {
    const auto is_in = [&](const std::string& folder) { return object->name.starts_with(folder); };
    if (std::ranges::any_of(open, is_in)) continue;
    ARROW_RETURN_NOT_OK(gcs_.Delete({.bucket = bucket_, .name = object->name}, stop_));
    result.removed_bytes += object->bytes;
    ++removed;
  }
  result.removed_directories += open.empty() && removed > 0 ? 1 : 0;
  return arrow::Status::OK();
}

}  // namespace headrace
