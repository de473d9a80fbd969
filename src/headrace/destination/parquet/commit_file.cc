#include "headrace/destination/parquet/commit_file.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "headrace/destination/parquet/lake_layout.h"
#include "headrace/model/json_object.h"
#include "headrace/model/utc_time.h"

namespace headrace {
namespace {

constexpr int kIndent = 1;

/// The content of `path` by `from_json`; nothing if it is not there.
template <typename Value>
arrow::Result<std::optional<Value>> ReadJsonFile(
    const DurableFs& fs, const std::filesystem::path& path, std::string_view what,
    arrow::Result<Value> (*from_json)(const nlohmann::json&)) {
  ARROW_ASSIGN_OR_RAISE(const auto content, fs.ReadFile(path));
  if (!content.has_value()) return std::nullopt;
  const nlohmann::json json = nlohmann::json::parse(*content, nullptr, /*allow_exceptions=*/false);
  auto value = json.is_discarded() ? PermanentError("is not JSON") : from_json(json);
  if (value.ok()) return std::move(*value);
  return PermanentError("the " + std::string(what) + " " + path.string() +
                            " cannot be read: " + value.status().message(),
                        std::string(kDamagedFileCode));
}

/// Names are UTF-8, or were refused; what else is not is replaced.
std::string Dump(const nlohmann::json& json) { return DumpJson(json, kIndent) + "\n"; }

}  // namespace

arrow::Result<std::optional<CommitRecord>> ReadCommitFile(
    const DurableFs& fs, const std::filesystem::path& run_directory) {
  return ReadJsonFile(fs, run_directory / kCommitFile, "commit record", CommitRecordFromJson);
}

arrow::Result<CommitRecord> WriteCommitFile(DurableFs& fs,
                                            const std::filesystem::path& run_directory,
                                            const CommitIntent& intent) {
  CommitRecord record{.intent = intent,
                      .committed_at = UtcSeconds(std::chrono::system_clock::now())};
  ARROW_RETURN_NOT_OK(fs.WriteFile(run_directory / kCommitFile, Dump(ToJson(record))));
  return record;
}

arrow::Result<std::optional<CommitIntent>> ReadIntentFile(
    const DurableFs& fs, const std::filesystem::path& epoch_directory) {
  return ReadJsonFile(fs, epoch_directory / kIntentFile, "decided commit", CommitIntentFromJson);
}

arrow::Status WriteIntentFile(DurableFs& fs, const std::filesystem::path& epoch_directory,
                              const CommitIntent& intent) {
  return fs.WriteFile(epoch_directory / kIntentFile, Dump(ToJson(intent)));
}

}  // namespace headrace
