#include "headrace/model/commit.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "headrace/model/json_object.h"
#include "headrace/model/xxh3.h"

namespace headrace {
namespace {

/// Versions of the serialised forms, docs/format/commit.md. A record keeps the one that it was
/// written in.
constexpr int kTextSchemaVersion = 1;
constexpr int kCommitVersion = 2;

constexpr std::array<std::string_view, 3> kWriteModeNames = {"append", "replace",
                                                             "error_if_exists"};

nlohmann::json FileToJson(const CommittedFile& file) {
  nlohmann::json json = {{"name", file.name},
                         {"bytes", file.bytes},
                         {"rows", file.rows},
                         {"checksum", file.checksum.ToHex()}};
  if (!file.digest.empty()) json["digest"] = file.digest;
  return json;
}

arrow::Result<CommittedFile> FileFromJson(const nlohmann::json& json) {
  JsonObject object(json, "file of a commit", ErrorClass::kPermanent);
  CommittedFile file;
  object.Read("name", file.name);
  object.Read("bytes", file.bytes);
  object.ReadChecksum(file.rows, file.checksum);
  std::optional<std::string> digest;
  object.Read("digest", digest);
  file.digest = std::move(digest).value_or("");
  ARROW_RETURN_NOT_OK(object.status());
  return file;
}

void ReadWriteMode(JsonObject& object, WriteMode& mode) {
  std::string name;
  object.Read("mode", name);
  if (!object.status().ok()) return;
  const auto found = std::ranges::find(kWriteModeNames, name);
  if (found == kWriteModeNames.end()) {
    return object.Fail(
        PermanentError(R"(commit: key "mode": this version does not know ")" + name + "\""));
  }
  mode = static_cast<WriteMode>(found - kWriteModeNames.begin());
}

nlohmann::json SchemaToJson(const CommittedSchema& schema) {
  if (const auto* text = std::get_if<std::string>(&schema)) return *text;
  nlohmann::json json = nlohmann::json::array();
  for (const CommittedField& field : std::get<std::vector<CommittedField>>(schema)) {
    json.push_back(ToJson(field));
  }
  return json;
}

void ReadSchema(JsonObject& object, int version, CommittedSchema& schema) {
  if (version == kTextSchemaVersion) return object.Read("schema", schema.emplace<std::string>());
  object.ReadEach("schema", schema.emplace<std::vector<CommittedField>>(), CommittedFieldFromJson);
}

template <typename Value>
nlohmann::json OrNull(const std::optional<Value>& value) {
  return value.has_value() ? nlohmann::json(*value) : nlohmann::json();
}

void ReadWindow(const nlohmann::json& json, JsonObject& intent,
                std::optional<LoadedWindow>& window) {
  if (!json.is_object() || !json.contains("window")) return;
  JsonObject object(json["window"], "window of a commit", ErrorClass::kPermanent);
  window.emplace();
  object.Read("column", window->column);
  object.Read("from", window->from);
  object.Read("to", window->to);
  if (!object.status().ok()) intent.Fail(object.status());
}

}  // namespace

bool HasFile(std::span<const CommittedFile> files, std::string_view name) {
  return std::ranges::find(files, name, &CommittedFile::name) != files.end();
}

std::string_view WriteModeName(WriteMode mode) {
  return kWriteModeNames.at(static_cast<size_t>(mode));
}

nlohmann::json ToJson(const LoadedWindow& window) {
  return {{"column", window.column}, {"from", OrNull(window.from)}, {"to", window.to}};
}

nlohmann::json ToJson(const CommitIntent& intent) {
  const bool is_text = std::holds_alternative<std::string>(intent.schema);
  nlohmann::json json = {{"version", is_text ? kTextSchemaVersion : kCommitVersion},
                         {"job", intent.job},
                         {"run", intent.run},
                         {"table", intent.table},
                         {"label", intent.label},
                         {"epoch", intent.epoch},
                         {"mode", WriteModeName(intent.mode)},
                         {"sequence", intent.sequence},
                         {"staging", intent.staging},
                         {"target", intent.target},
                         {"schema", SchemaToJson(intent.schema)},
                         {"digest", intent.digest},
                         {"cursor_column", OrNull(intent.cursor_column)},
                         {"watermark", OrNull(intent.watermark)},
                         {"rows", intent.rows},
                         {"checksum", intent.checksum.ToHex()},
                         {"files", nlohmann::json::array()}};
  if (intent.cursor_timezone) json["cursor_timezone"] = *intent.cursor_timezone;
  if (intent.where_digest) json["where_digest"] = *intent.where_digest;
  if (intent.window) json["window"] = ToJson(*intent.window);
  if (!intent.publication.empty()) json["publication"] = intent.publication;
  for (const CommittedFile& file : intent.files) json["files"].push_back(FileToJson(file));
  return json;
}

arrow::Result<CommitIntent> CommitIntentFromJson(const nlohmann::json& json) {
  JsonObject object(json, "commit", ErrorClass::kPermanent);
  CommitIntent intent;
  const int version = object.ReadVersion(kTextSchemaVersion, kCommitVersion);
  object.Read("job", intent.job);
  object.Read("run", intent.run);
  object.Read("table", intent.table);
  object.Read("label", intent.label);
  object.Read("epoch", intent.epoch);
  ReadWriteMode(object, intent.mode);
  object.Read("sequence", intent.sequence);
  object.Read("staging", intent.staging);
  object.Read("target", intent.target);
  ReadSchema(object, version, intent.schema);
  object.Read("digest", intent.digest);
  object.Read("cursor_column", intent.cursor_column);
  object.Read("watermark", intent.watermark);
  object.Read("cursor_timezone", intent.cursor_timezone);
  object.Read("where_digest", intent.where_digest);
  ReadWindow(json, object, intent.window);
  object.ReadChecksum(intent.rows, intent.checksum);
  object.ReadEach("files", intent.files, FileFromJson);
  std::optional<std::string> publication;
  object.Read("publication", publication);
  intent.publication = std::move(publication).value_or("");
  ARROW_RETURN_NOT_OK(object.status());
  return intent;
}

nlohmann::json ToJson(const CommitRecord& record) {
  nlohmann::json json = ToJson(record.intent);
  json["committed_at"] = record.committed_at;
  return json;
}

arrow::Result<CommitRecord> CommitRecordFromJson(const nlohmann::json& json) {
  CommitRecord record;
  ARROW_ASSIGN_OR_RAISE(record.intent, CommitIntentFromJson(json));
  JsonObject object(json, "commit", ErrorClass::kPermanent);
  object.Read("committed_at", record.committed_at);
  ARROW_RETURN_NOT_OK(object.status());
  return record;
}

std::string ReceiptsDigest(std::vector<CommittedFile> files) {
  std::ranges::sort(files, {}, &CommittedFile::name);
  std::string text;
  for (const CommittedFile& file : files) {
    text += file.name + "\t" + std::to_string(file.rows) + "\t" + file.checksum.ToHex() + "\n";
  }
  return Xxh3Hex128(text);
}

}  // namespace headrace
