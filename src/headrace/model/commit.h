#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/model/checksum.h"
#include "headrace/model/committed_schema.h"
#include "headrace/model/error.h"

namespace headrace {

/// How a run's rows meet what the table already holds (`write:`).
enum class WriteMode { kAppend, kReplace, kErrorIfExists };

std::string_view WriteModeName(WriteMode mode);

/// A file as the commit publishes it.
struct CommittedFile {
  std::string name;
  int64_t bytes = 0;
  int64_t rows = 0;
  Checksum checksum;
  std::string
      digest;  ///< Of its bytes, as in ReceiptFile; empty in records of before there was one.
};

/// Whether one of `files` is called `name`.
bool HasFile(std::span<const CommittedFile> files, std::string_view name);

/// The rows of a cursor that a run loaded: those in [from, to), as WatermarkText writes values.
struct LoadedWindow {
  std::string column;
  std::optional<std::string> from;  ///< None: from the first row on.
  std::string to;

  bool operator==(const LoadedWindow&) const = default;
};

/// Everything that the commit of one table will do: durable in the journal before the first
/// publishing call. The same intent is committed by the same idempotent call, however often.
struct CommitIntent {
  std::string job;
  std::string run;
  std::string table;  ///< TableRef::directory().
  std::string label;  ///< TableRef::label(), for people.
  int epoch = 0;
  WriteMode mode = WriteMode::kReplace;
  int64_t sequence = 1;    ///< One above the table's last commit record when the plan was made.
  std::string staging;     ///< Where the sealed files are.
  std::string target;      ///< Where they will be.
  CommittedSchema schema;  ///< Of the output, for people and for the append check.
  std::string digest;      ///< Hash over names, rows and checksums of `files` (ReceiptsDigest).
  std::optional<std::string> cursor_column;
  std::optional<std::string> watermark;
  std::optional<std::string>
      cursor_timezone;  ///< That the watermark is in, of a cursor without a zone of its own; none
                        ///< in records of before it was kept, and where it is not known.
  std::optional<std::string>
      where_digest;  ///< XXH3-128 of the `where` that chose the rows below the watermark, also of
                     ///< an empty one; none in records of before it was kept.
  std::optional<LoadedWindow>
      window;  ///< Of an incremental load and of a backfill, which has no `cursor_column`; none in
               ///< records of before it was kept, and where the cursor has no value yet.
  std::vector<CommittedFile> files;
  int64_t rows = 0;
  Checksum checksum;
  std::string publication = {};  ///< What the destination needs besides to carry it out, or to know
                                 ///< it again: JSON of its own; empty: nothing.
};

/// The proof of a commit, stored with the data (`_commit.json`). It is the intent and when it was
/// published.
struct CommitRecord {
  CommitIntent intent;
  std::string committed_at;  ///< ISO 8601, UTC.
};

nlohmann::json ToJson(const LoadedWindow& window);
nlohmann::json ToJson(const CommitIntent& intent);
arrow::Result<CommitIntent> CommitIntentFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const CommitRecord& record);
arrow::Result<CommitRecord> CommitRecordFromJson(const nlohmann::json& json);

/// XXH3-128 over `files` in the order of their names, as 32 hexadecimal digits.
/// docs/format/commit.md.
std::string ReceiptsDigest(std::vector<CommittedFile> files);

}  // namespace headrace
