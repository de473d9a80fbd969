#include "headrace/destination/parquet/table_content.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "headrace/destination/parquet/commit_file.h"
#include "headrace/destination/parquet/lake_layout.h"
#include "headrace/model/json_object.h"
#include "headrace/model/xxh3.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

/// Version of `_last_commit.json`, docs/format/commit.md.
constexpr int kLastCommitVersion = 1;

bool IsRunFolder(std::string_view name) { return name.starts_with(kRunPrefix); }

std::vector<std::string> RunsAmong(std::span<const std::string> names) {
  std::vector<std::string> runs;
  std::ranges::copy_if(names, std::back_inserter(runs), IsRunFolder);
  return runs;
}

/// Records never change once they are published, so the set of runs decides which is the last.
std::string DigestOfRuns(std::vector<std::string> runs) {
  std::ranges::sort(runs);
  std::string text;
  for (const std::string& run : runs) text += run + "\n";
  return Xxh3Hex128(text);
}

/// The record that `_last_commit.json` names, if it speaks of just these runs. One that cannot be
/// read is like none: it only saves time.
std::optional<CommitRecord> FollowLastCommit(const DurableFs& fs, const fs::path& table,
                                             const std::vector<std::string>& runs) {
  const auto content = fs.ReadFile(table / kLastCommitFile);
  if (!content.ok() || !content->has_value()) return std::nullopt;
  const nlohmann::json json = nlohmann::json::parse(**content, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("version", nlohmann::json()) != kLastCommitVersion ||
      json.value("runs", nlohmann::json()) != DigestOfRuns(runs)) {
    return std::nullopt;
  }
  const nlohmann::json folder = json.value("folder", nlohmann::json());
  if (!folder.is_string() || !std::ranges::binary_search(runs, folder.get<std::string>())) {
    return std::nullopt;
  }
  auto record = ReadCommitFile(fs, table / folder.get<std::string>());
  if (!record.ok() || !record->has_value()) return std::nullopt;
  const bool named = json.value("sequence", nlohmann::json()) == (*record)->intent.sequence;
  return named ? std::move(*record) : std::nullopt;
}

using RecordVisitor = std::function<void(CommitRecord record)>;

/// Returns the folders that have no record.
arrow::Result<std::vector<std::string>> VisitRecords(const DurableFs& fs, const fs::path& table,
                                                     const std::vector<std::string>& runs,
                                                     const RecordVisitor& visit) {
  std::vector<std::string> unrecorded;
  for (const std::string& run : runs) {
    ARROW_ASSIGN_OR_RAISE(auto record, ReadCommitFile(fs, table / run));
    if (record.has_value()) {
      visit(std::move(*record));
    } else {
      unrecorded.push_back(run);
    }
  }
  return unrecorded;
}

/// Whether `name` is `file`, or what a crash left of writing it.
bool IsOrBecomes(std::string_view name, std::string_view file) {
  return name == file || (name.starts_with(file) && name.substr(file.size()) == kHalfWrittenSuffix);
}

/// What lies in `run`, a run's directory, and is not of its commit; the directory itself where no
/// commit made it.
arrow::Result<std::optional<fs::path>> FirstForeignInRun(const DurableFs& fs, const fs::path& run) {
  ARROW_ASSIGN_OR_RAISE(const auto record, ReadCommitFile(fs, run));
  if (!record.has_value()) return run;
  std::set<std::string_view> ours;
  for (const CommittedFile& file : record->intent.files) ours.insert(file.name);
  ARROW_ASSIGN_OR_RAISE(const auto names, fs.List(run));
  for (const std::string& name : names) {
    if (IsOrBecomes(name, kCommitFile)) continue;
    if (!ours.contains(name)) return run / name;
  }
  return std::nullopt;
}

}  // namespace

arrow::Result<TableContent> ReadTableContent(const DurableFs& fs, const fs::path& table) {
  TableContent content;
  ARROW_ASSIGN_OR_RAISE(content.names, fs.List(table));
  const std::vector<std::string> runs = RunsAmong(content.names);
  if (runs.size() > 1) {
    content.found.last = FollowLastCommit(fs, table, runs);
  }
  if (!content.found.last.has_value()) {
    const auto any = [](const CommitRecord&) { return true; };
    ARROW_ASSIGN_OR_RAISE(content.found, FindLastRecord(fs, table, runs, any));
  }
  return content;
}

arrow::Result<LastRecord> FindLastRecord(
    const DurableFs& fs, const fs::path& table, std::span<const std::string> names,
    const std::function<bool(const CommitRecord&)>& is_wanted) {
  LastRecord found;
  std::optional<CommitRecord>& last = found.last;
  ARROW_ASSIGN_OR_RAISE(
      found.unrecorded, VisitRecords(fs, table, RunsAmong(names), [&](CommitRecord record) {
        const bool later = !last.has_value() || record.intent.sequence > last->intent.sequence;
        if (later && is_wanted(record)) last = std::move(record);
      }));
  return found;
}

arrow::Result<AllRecords> ReadRecords(const DurableFs& fs, const fs::path& table,
                                      std::span<const std::string> names) {
  AllRecords all;
  const auto keep = [&](CommitRecord record) { all.records.push_back(std::move(record)); };
  ARROW_ASSIGN_OR_RAISE(all.unrecorded, VisitRecords(fs, table, RunsAmong(names), keep));
  std::ranges::sort(all.records, {},
                    [](const CommitRecord& record) { return record.intent.sequence; });
  return all;
}

arrow::Result<std::set<int64_t>> SequencesOf(const DurableFs& fs, const fs::path& table,
                                             std::span<const std::string> names) {
  std::set<int64_t> sequences;
  const auto note = [&](const CommitRecord& record) { sequences.insert(record.intent.sequence); };
  ARROW_RETURN_NOT_OK(VisitRecords(fs, table, RunsAmong(names), note));
  return sequences;
}

arrow::Result<std::optional<CommitRecord>> ReplacementOf(const DurableFs& fs, const fs::path& table,
                                                         int64_t sequence) {
  ARROW_ASSIGN_OR_RAISE(const auto names, fs.List(table));
  std::optional<CommitRecord> first;
  ARROW_RETURN_NOT_OK(VisitRecords(fs, table, RunsAmong(names), [&](CommitRecord record) {
    const bool replaced =
        record.intent.mode != WriteMode::kAppend && record.intent.sequence > sequence;
    if (replaced && (!first.has_value() || record.intent.sequence < first->intent.sequence)) {
      first = std::move(record);
    }
  }));
  return first;
}

arrow::Status WriteLastCommit(DurableFs& fs, const fs::path& table,
                              std::span<const std::string> names, const CommitIntent& intent) {
  std::vector<std::string> runs = RunsAmong(names);
  runs.push_back(RunFolder(intent.run));
  const nlohmann::json json = {{"version", kLastCommitVersion},
                               {"folder", runs.back()},
                               {"sequence", intent.sequence},
                               {"runs", DigestOfRuns(runs)}};
  if (fs.WriteFile(table / kLastCommitFile, DumpJson(json) + "\n").ok()) return arrow::Status::OK();
  // The older one could speak of the same names, where a run was removed by hand.
  ARROW_ASSIGN_OR_RAISE(const auto left, fs.Stat(table / kLastCommitFile));
  if (!left.has_value() || left->is_directory) return arrow::Status::OK();
  return fs.RemoveAll(table / kLastCommitFile);
}

arrow::Result<bool> HoldsParquet(const DurableFs& fs, const fs::path& path) {
  ARROW_ASSIGN_OR_RAISE(const auto info, fs.Stat(path));
  if (!info.has_value()) return false;
  if (!info->is_directory) return path.extension() == ".parquet";
  ARROW_ASSIGN_OR_RAISE(const auto names, fs.List(path));
  for (const std::string& name : names) {
    ARROW_ASSIGN_OR_RAISE(const bool holds, HoldsParquet(fs, path / name));
    if (holds) return true;
  }
  return false;
}

arrow::Result<std::vector<std::string>> ForeignBesideRuns(const DurableFs& fs,
                                                          const fs::path& table) {
  ARROW_ASSIGN_OR_RAISE(const auto names, fs.List(table));
  std::vector<std::string> foreign;
  for (const std::string& name : names) {
    if (IsRunFolder(name)) {
      const auto record = ReadCommitFile(fs, table / name);
      // Without rights, or where the disk fails, nobody can say whose it is.
      if (!record.ok() && CodeOf(record.status()) != kDamagedFileCode) return record.status();
      const bool own = record.ok() && record->has_value();
      if (own && RunFolder((*record)->intent.run) == name) continue;
    }
    ARROW_ASSIGN_OR_RAISE(const bool is_read, HoldsParquet(fs, table / name));
    if (is_read) foreign.push_back(table / name);
  }
  return foreign;
}

arrow::Result<std::optional<fs::path>> FirstForeign(const DurableFs& fs, const fs::path& table,
                                                    std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (IsOrBecomes(name, kLastCommitFile)) continue;
    std::optional<fs::path> foreign = table / name;
    if (IsRunFolder(name)) {
      ARROW_ASSIGN_OR_RAISE(foreign, FirstForeignInRun(fs, table / name));
    }
    if (!foreign.has_value()) continue;
    // Without the lake's lock, another job's replace may have taken all of this away meanwhile.
    ARROW_ASSIGN_OR_RAISE(const auto there, fs.Stat(*foreign));
    if (there.has_value()) return foreign;
  }
  return std::nullopt;
}

}  // namespace headrace
