#include "headrace/destination/parquet/lake_layout.h"

#include <charconv>

#include "headrace/model/percent_coding.h"
#include "headrace/model/table_ref.h"

namespace headrace {
namespace {

std::chrono::seconds SinceEpoch() {
  return std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

std::filesystem::path LakeLayout::StagedRun(std::string_view run) const {
  return staging / PercentEncode(run);
}

std::filesystem::path LakeLayout::StagedEpoch(std::string_view run, std::string_view table,
                                              int epoch) const {
  return StagedTable(run, table) / std::to_string(epoch);
}

std::filesystem::path LakeLayout::Replaced() const { return staging / kReplacedFolder; }

std::string RunFolder(std::string_view run) { return std::string(kRunPrefix) + PercentEncode(run); }

std::filesystem::path RunDirectory(const std::filesystem::path& table, const CommitIntent& intent) {
  return table / RunFolder(intent.run);
}

std::filesystem::path PublishedTable(const CommitIntent& intent) {
  const std::filesystem::path target(intent.target);
  return intent.mode == WriteMode::kAppend ? target.parent_path() : target;
}

std::filesystem::path PublishedRun(const CommitIntent& intent) {
  return RunDirectory(PublishedTable(intent), intent);
}

std::optional<ReplacedName> ReplacedName::Parse(std::string_view name) {
  ReplacedName parsed;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), parsed.seconds);
  if (error != std::errc() || end == name.data() + name.size() || *end != '-') return std::nullopt;
  parsed.run = std::string(end + 1, name.data() + name.size());
  return parsed;
}

ReplacedName ReplacedName::Now(std::string_view run) {
  return {SinceEpoch().count(), PercentEncode(run)};
}

std::chrono::seconds ReplacedName::age() const {
  return SinceEpoch() - std::chrono::seconds(seconds);
}

}  // namespace headrace
