#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace headrace {

enum class OptionType {
  kString,
  kSecret,  ///< A string that is never shown.
  kInteger,
  kBoolean,
  kBytes,     ///< `256MiB`, `64kB`, or a number of bytes.
  kDuration,  ///< `30s`, `5m`, `1h`, `250ms`; kept as milliseconds.
  kEnum,      ///< One of `choices`.
  kStringList,
  kPath,  ///< A string; relative paths start at the job file's folder. A URL (`s3://…`) stays as it
          ///< is.
  kName,  ///< Names files and runs: letters, digits, `_`, `-` and `.`; at most 64 characters.
  kColumnType,  ///< A type of model/type_name.h; kept as written.
};

/// The longest timeout, of a kDuration in milliseconds: PostgreSQL and SQLite keep theirs in 31
/// bits, which is 24.8 days.
inline constexpr int64_t kLongestTimeout = int64_t{24} * 86'400'000;

/// A value of a kEnum that is known but not built yet, and the sentence that refuses it.
struct RefusedChoice {
  std::string_view value;
  std::string_view sentence;
};

/// One key of the job file. Tables of these drive the parser, the JSON Schema, `headrace init` and
/// the guide. The texts are literals: they outlive every table.
struct OptionSpec {
  std::string_view key;  ///< Name within its section.
  OptionType type = OptionType::kString;
  std::string_view default_text;               ///< As it would be written; empty: none.
  std::string_view doc;                        ///< One sentence.
  std::vector<std::string_view> choices = {};  ///< For kEnum.
  bool required = false;
  std::string_view refused =
      {};  ///< Not empty: the key is known but not built yet; the sentence that refuses it.
  std::vector<RefusedChoice> refused_choices = {};  ///< For kEnum.
  int64_t minimum =
      std::numeric_limits<int64_t>::min();  ///< For kInteger, kBytes (bytes), kDuration (ms).
  int64_t maximum = std::numeric_limits<int64_t>::max();  ///< Likewise.
  std::string_view example =
      {};  ///< A value to show where there is no default. Secrets: a reference, never a value.
  bool is_sql = false;  ///< SQL of the user: plans and logs print it, so `${file:…}` is refused.
  bool needs_value = false;  ///< The key without one is an error, and not as if it were not there:
                             ///< more rows, or tables, would be loaded.
  bool per_table = false;    ///< Of a destination: may also stand in a table's `destination:`.
  bool changes_rows = true;  ///< Of a plug-in: false where no value of it changes what is copied,
                             ///< nor from or to where: it does not count in JobDigest.
};

class OptionValues;

/// A value that is of its type and cannot be used all the same.
struct OptionFault {
  std::string_view key;
  std::string message;  ///< Without the key; it shows no secret.
};

/// The options of one plug-in: `type: <name>` under source or destination.
struct PluginOptions {
  std::string_view type;
  std::string_view doc;
  std::vector<OptionSpec> options;
  /// Of a source: a table's name as it is written there, for the starter job.
  std::string_view example_table = "public.orders";
  /// What is wrong with the values beyond their types, found without connecting to anything; null:
  /// nothing to find. Keys that are wrong already are absent.
  std::vector<OptionFault> (*faults)(const OptionValues& values) = nullptr;
};

/// Parsed values of one section, after defaults and secrets. Reading a key that the table lacks, or
/// with the wrong type, yields nullopt.
class OptionValues {
 public:
  using Value = std::variant<bool, int64_t, std::string, std::vector<std::string>>;

  void Set(std::string key, Value value, bool from_default = false);

  /// Takes over every value of `other`.
  void Overlay(const OptionValues& other);

  std::optional<std::string> String(std::string_view key) const;
  std::optional<int64_t> Integer(
      std::string_view key) const;  ///< Integers, bytes, milliseconds of durations.
  std::optional<bool> Boolean(std::string_view key) const;
  std::vector<std::string> StringList(std::string_view key) const;

  /// The value, of whatever type; null where there is none. Lives until the next Set.
  const Value* Find(std::string_view key) const;

  /// The job file says it, it is not a default.
  bool WasWritten(std::string_view key) const;

 private:
  template <typename T>
  std::optional<T> Get(std::string_view key) const {
    const Value* value = Find(key);
    const T* typed = value == nullptr ? nullptr : std::get_if<T>(value);
    return typed == nullptr ? std::nullopt : std::optional<T>(*typed);
  }

  struct Entry {
    Value value;
    bool from_default = false;
  };
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace headrace
