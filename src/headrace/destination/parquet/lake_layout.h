#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "headrace/model/commit.h"

namespace headrace {

/// Where things lie (docs/format/commit.md):
///
// clang-format off
///   <path>/<table>/run-<run>/{*.parquet, _commit.json}         what readers see
///   <path>/<table>/_last_commit.json                           which run was the last
///   <staging>/<run>/<table>/<epoch>/*.parquet                  files being written, and sealed ones
///   <staging>/<run>/<table>/<epoch>/_intent.json               a commit is decided
///   <staging>/<run>/<table>/<epoch>/table/run-<run>/…          what the commit will publish
///   <staging>/.replaced/<table>/<seconds since 1970>-<run>/    a table that the commit of <run> replaced
// clang-format on
///
/// Run ids are percent-encoded; table directories are so already. Names that begin with a dot are
/// thus never runs.
struct LakeLayout {
  std::filesystem::path path;
  std::filesystem::path staging;

  std::filesystem::path Table(std::string_view table) const { return path / table; }
  std::filesystem::path StagedRun(std::string_view run) const;
  std::filesystem::path StagedTable(std::string_view run, std::string_view table) const {
    return StagedRun(run) / table;
  }
  std::filesystem::path StagedEpoch(std::string_view run, std::string_view table, int epoch) const;
  std::filesystem::path Replaced() const;
  std::filesystem::path ReplacedTable(std::string_view table) const { return Replaced() / table; }
};

inline constexpr std::string_view kCommitFile = "_commit.json";
inline constexpr std::string_view kLastCommitFile = "_last_commit.json";
inline constexpr std::string_view kRunPrefix = "run-";
inline constexpr std::string_view kIntentFile = "_intent.json";
inline constexpr std::string_view kReplacedFolder = ".replaced";
inline constexpr std::string_view kPublicationFolder = "table";

/// `run-<run>`: the directory of one run's files in a table.
std::string RunFolder(std::string_view run);

/// The directory in `table` (staged or published) that holds the files of `intent`.
std::filesystem::path RunDirectory(const std::filesystem::path& table, const CommitIntent& intent);

/// The published directory of `intent`'s files.
std::filesystem::path PublishedRun(const CommitIntent& intent);

/// The table directory that `intent` publishes into, or is.
std::filesystem::path PublishedTable(const CommitIntent& intent);

/// The name of a replaced table, and its parts.
struct ReplacedName {
  int64_t seconds = 0;  ///< Since 1970: when it was replaced.
  std::string run;      ///< Percent-encoded.

  std::string ToString() const { return std::to_string(seconds) + "-" + run; }
  static std::optional<ReplacedName> Parse(std::string_view name);

  /// Of a table that `run` replaces now.
  static ReplacedName Now(std::string_view run);
  std::chrono::seconds age() const;  ///< Since it was replaced.
};

}  // namespace headrace
