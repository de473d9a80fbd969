#include "headrace/destination/parquet/commit_file.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "headrace/destination/parquet/lake_layout.h"

namespace headrace {
namespace {

constexpr int kIndent = 1;

std::string NowIso8601() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

arrow::Result<CommitRecord> ParseRecord(const std::string& content) {
  const nlohmann::json json = nlohmann::json::parse(content, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return PermanentError("is not JSON");
  return CommitRecordFromJson(json);
}

int64_t SequenceOf(const CommitRecord& record) { return record.intent.sequence; }

/// Names from a catalogue may hold bytes that are not UTF-8: they are replaced, not refused.
std::string Dump(const nlohmann::json& json) {
  return json.dump(kIndent, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

}  // namespace

arrow::Result<std::optional<CommitRecord>> ReadCommitFile(
    const DurableFs& fs, const std::filesystem::path& run_directory) {
  const std::filesystem::path path = run_directory / kCommitFile;
  ARROW_ASSIGN_OR_RAISE(const auto content, fs.ReadFile(path));
  if (!content.has_value()) return std::nullopt;
  auto record = ParseRecord(*content);
  if (record.ok()) return std::move(*record);
  return PermanentError("the commit record " + path.string() +
                        " cannot be read: " + record.status().message());
}

namespace {

/// The records in the run directories of a table, in any order.
arrow::Result<std::vector<CommitRecord>> CommitsOf(const DurableFs& fs,
                                                   const std::filesystem::path& table) {
  ARROW_ASSIGN_OR_RAISE(const auto names, fs.List(table));
  std::vector<CommitRecord> records;
  for (const std::string& name : names) {
    if (!name.starts_with("run-")) continue;
    ARROW_ASSIGN_OR_RAISE(auto record, ReadCommitFile(fs, table / name));
    if (record.has_value()) records.push_back(std::move(*record));
  }
  return records;
}

}  // namespace

arrow::Result<CommitRecord> WriteCommitFile(DurableFs& fs,
                                            const std::filesystem::path& run_directory,
                                            const CommitIntent& intent) {
  CommitRecord record{.intent = intent, .committed_at = NowIso8601()};
  ARROW_RETURN_NOT_OK(fs.WriteFile(run_directory / kCommitFile, Dump(ToJson(record))));
  return record;
}

arrow::Status WriteIntentFile(DurableFs& fs, const std::filesystem::path& epoch_directory,
                              const CommitIntent& intent) {
  return fs.WriteFile(epoch_directory / kIntentFile, Dump(ToJson(intent)));
}

arrow::Result<std::optional<CommitRecord>> ReplacementOf(const DurableFs& fs,
                                                         const std::filesystem::path& table,
                                                         int64_t sequence) {
  ARROW_ASSIGN_OR_RAISE(std::vector<CommitRecord> records, CommitsOf(fs, table));
  std::erase_if(records, [&](const CommitRecord& record) {
    return record.intent.mode == WriteMode::kAppend || record.intent.sequence <= sequence;
  });
  const auto first = std::ranges::min_element(records, {}, SequenceOf);
  if (first == records.end()) return std::nullopt;
  return std::move(*first);
}

}  // namespace headrace
