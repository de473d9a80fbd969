#include "headrace/destination/parquet/commit_file.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "headrace/destination/parquet/lake_layout.h"
#include "headrace/model/json_object.h"
#include "headrace/model/utc_time.h"

namespace headrace {
namespace {

constexpr int kIndent = 1;

arrow::Result<CommitRecord> ParseRecord(const std::string& content) {
  const nlohmann::json json = nlohmann::json::parse(content, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return PermanentError("is not JSON");
  return CommitRecordFromJson(json);
}

/// Names from a catalogue may hold bytes that are not UTF-8: they are replaced, not refused.
std::string Dump(const nlohmann::json& json) { return DumpJson(json, kIndent) + "\n"; }

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

arrow::Result<CommitRecord> WriteCommitFile(DurableFs& fs,
                                            const std::filesystem::path& run_directory,
                                            const CommitIntent& intent) {
  CommitRecord record{.intent = intent,
                      .committed_at = UtcSeconds(std::chrono::system_clock::now())};
  ARROW_RETURN_NOT_OK(fs.WriteFile(run_directory / kCommitFile, Dump(ToJson(record))));
  return record;
}

arrow::Status WriteIntentFile(DurableFs& fs, const std::filesystem::path& epoch_directory,
                              const CommitIntent& intent) {
  return fs.WriteFile(epoch_directory / kIntentFile, Dump(ToJson(intent)));
}

}  // namespace headrace
