#include "headrace/destination/bigquery/bucket_commit_log.h"

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "headrace/model/json_object.h"
#include "headrace/model/percent_coding.h"

namespace headrace {
namespace {

constexpr size_t kSequenceDigits = 10;
constexpr std::string_view kRecordMark = ".commit.";

std::string SequenceName(int64_t sequence) {
  std::string digits = std::to_string(sequence);
  if (digits.size() < kSequenceDigits) digits.insert(0, kSequenceDigits - digits.size(), '0');
  return digits;
}

/// What the name of an object says; nothing where it is none of the log.
struct ParsedName {
  int64_t sequence = 0;
  std::optional<std::string> run;
};

std::optional<ParsedName> ParseName(std::string_view name) {
  ParsedName parsed;
  const auto [end, error] =
      std::from_chars(name.data(), name.data() + name.size(), parsed.sequence);
  const std::string_view digits = name.substr(0, static_cast<size_t>(end - name.data()));
  if (error != std::errc() || parsed.sequence < 1 || digits != SequenceName(parsed.sequence)) {
    return std::nullopt;
  }
  const std::string_view rest = name.substr(digits.size());
  if (rest.empty()) return parsed;
  if (!rest.starts_with(kRecordMark) || rest == kRecordMark) return std::nullopt;
  parsed.run = PercentDecode(rest.substr(kRecordMark.size()));
  return parsed;
}

template <typename Value>
arrow::Result<Value> ParseObject(const GcsObject& object, std::string_view what,
                                 std::string_view text,
                                 arrow::Result<Value> (*from_json)(const nlohmann::json&)) {
  const std::string named = std::string(what) + " " + object.uri();
  ARROW_ASSIGN_OR_RAISE(const auto json, ParseJson(text, named, ErrorClass::kPermanent));
  auto value = from_json(json);
  if (value.ok()) return value;
  return PermanentError(named + " cannot be read: " + value.status().message());
}

class BucketCommitLog final : public CommitLog {
 public:
  BucketCommitLog(const GcsClient& gcs, BucketPrefix staging, const std::string& job,
                  std::stop_token stop)
      : gcs_(gcs), bucket_(std::move(staging.bucket)), stop_(std::move(stop)) {
    folder_ = (staging.prefix.empty() ? "" : staging.prefix + "/") + PercentEncode(job) + "/";
  }

  arrow::Result<std::vector<CommitSlot>> List(const std::string& table) override {
    const std::string folder = folder_ + table + "/";
    ARROW_ASSIGN_OR_RAISE(const auto objects, gcs_.List(bucket_, folder, stop_));
    std::map<int64_t, CommitSlot> slots;
    for (const GcsListedObject& object : objects) {
      const auto name = ParseName(std::string_view(object.name).substr(folder.size()));
      if (!name) continue;
      CommitSlot& slot = slots[name->sequence];
      slot.sequence = name->sequence;
      if (name->run) {
        slot.run = name->run;
      } else {
        slot.is_claimed = true;
      }
    }
    std::vector<CommitSlot> result;
    for (auto& [sequence, slot] : slots) result.push_back(std::move(slot));
    return result;
  }

  arrow::Result<std::optional<CommitIntent>> FindIntent(const std::string& table,
                                                        int64_t sequence) override {
    const GcsObject object = IntentObject(table, sequence);
    ARROW_ASSIGN_OR_RAISE(const auto text, gcs_.Read(object, stop_));
    if (!text) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(CommitIntent intent, ParseIntent(object, *text));
    return std::optional(std::move(intent));
  }

  arrow::Result<CommitRecord> ReadRecord(const std::string& table,
                                         const CommitSlot& slot) override {
    const GcsObject object = RecordObject(table, slot.sequence, slot.run.value_or(""));
    ARROW_ASSIGN_OR_RAISE(const auto text, gcs_.Read(object, stop_));
    if (!text) return PermanentError("the commit record " + object.uri() + " has vanished");
    return ParseObject(object, "the commit record", *text, CommitRecordFromJson);
  }

  arrow::Result<CommitIntent> Claim(const CommitIntent& intent) override {
    const GcsObject object = IntentObject(intent);
    ARROW_ASSIGN_OR_RAISE(const bool written, gcs_.WriteIfAbsent(object, TextOf(intent), stop_));
    if (written) return intent;
    ARROW_ASSIGN_OR_RAISE(auto holder, FindIntent(intent.target, intent.sequence));
    if (holder) return std::move(*holder);
    return TransientError("the decided commit " + object.uri() + " was removed at this moment");
  }

  arrow::Result<std::optional<CommitIntent>> Update(const CommitIntent& before,
                                                    const CommitIntent& intent) override {
    ARROW_ASSIGN_OR_RAISE(const auto own, FindOwn(before));
    if (own) {
      const GcsObject object = IntentObject(intent);
      ARROW_RETURN_NOT_OK(gcs_.ReplaceVersion(object, TextOf(intent), *own, stop_));
    }
    return FindIntent(intent.target, intent.sequence);
  }

  arrow::Result<std::optional<CommitIntent>> Release(const CommitIntent& intent) override {
    ARROW_ASSIGN_OR_RAISE(const auto own, FindOwn(intent));
    if (own) ARROW_RETURN_NOT_OK(gcs_.DeleteVersion(IntentObject(intent), *own, stop_));
    return FindIntent(intent.target, intent.sequence);
  }

  arrow::Result<CommitRecord> AddRecord(const CommitRecord& record) override {
    const CommitIntent& intent = record.intent;
    const GcsObject object = RecordObject(intent.target, intent.sequence, intent.run);
    ARROW_ASSIGN_OR_RAISE(const bool written, gcs_.WriteIfAbsent(object, TextOf(record), stop_));
    if (written) return record;
    return ReadRecord(intent.target, {.sequence = intent.sequence, .run = intent.run});
  }

 private:
  template <typename Value>
  static std::string TextOf(const Value& value) {
    constexpr int kIndent = 1;
    return DumpJson(ToJson(value), kIndent) + "\n";
  }

  static arrow::Result<CommitIntent> ParseIntent(const GcsObject& object, std::string_view text) {
    return ParseObject(object, "the decided commit", text, CommitIntentFromJson);
  }

  /// The generation of the object with which `intent`, as it is here, has its number; none: what
  /// has it is another one, or nobody does. What is changed is that very object: its name may be
  /// another's a moment later.
  arrow::Result<std::optional<std::string>> FindOwn(const CommitIntent& intent) const {
    const GcsObject object = IntentObject(intent);
    ARROW_ASSIGN_OR_RAISE(auto version, gcs_.ReadVersion(object, stop_));
    if (!version) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(const CommitIntent holder, ParseIntent(object, version->content));
    const bool is_own = IsSameIntent(holder, intent) && holder.publication == intent.publication;
    if (!is_own) return std::nullopt;
    return std::move(version->generation);
  }

  GcsObject IntentObject(const CommitIntent& intent) const {
    return IntentObject(intent.target, intent.sequence);
  }

  GcsObject IntentObject(const std::string& table, int64_t sequence) const {
    return {.bucket = bucket_, .name = folder_ + table + "/" + SequenceName(sequence)};
  }

  GcsObject RecordObject(const std::string& table, int64_t sequence, std::string_view run) const {
    GcsObject object = IntentObject(table, sequence);
    object.name += std::string(kRecordMark) + PercentEncode(run);
    return object;
  }

  const GcsClient& gcs_;
  std::string bucket_;
  std::string folder_;  // With a slash at its end.
  std::stop_token stop_;
};

}  // namespace

std::unique_ptr<CommitLog> MakeBucketCommitLog(const GcsClient& gcs, BucketPrefix staging,
                                               const std::string& job, std::stop_token stop) {
  return std::make_unique<BucketCommitLog>(gcs, std::move(staging), job, std::move(stop));
}

}  // namespace headrace
