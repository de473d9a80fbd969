#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/config/problems.h"

namespace headrace {

struct YamlPair;

/// Bounds of one document, aliases counted as what they stand for. A job of 10,000 tables has about
/// 60,000 values.
inline constexpr size_t kMostYamlBytes = size_t{1} << 20;
inline constexpr size_t kMostYamlNodes = 100'000;
inline constexpr size_t kMostYamlDepth = 32;

/// A YAML value with the place it came from. Aliases and merge keys are resolved; keys of a mapping
/// are unique.
struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMapping };

  Kind kind = Kind::kNull;
  Location location = {};
  std::string text = {};  ///< Of a scalar. Of a null: "null" if the word was written, else empty.
  bool quoted = false;    ///< A scalar in quotes, a block or `!!str`: text, whatever it looks like.
  bool folded = false;    ///< A scalar of several lines that YAML has joined.
  std::vector<YamlNode> items;  ///< Of a sequence.
  std::vector<YamlPair> pairs;  ///< Of a mapping, in the order of the file.
  bool flow = false;            ///< A mapping in { }, where a comma ends a value without quotes.

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_sequence() const { return kind == Kind::kSequence; }
  bool is_mapping() const { return kind == Kind::kMapping; }

  /// The value of `key` in a mapping, or null. Lives as long as this node is not changed.
  const YamlNode* Find(std::string_view key) const;
  YamlNode* Find(std::string_view key);
};

/// Whether a plain scalar is null: the words of the core schema (YAML 1.2.2, 10.3.2), or none.
bool IsNullWord(std::string_view text);

/// What to say of a key in { } that has no value and may be the rest of one, a password say: its
/// text is not repeated.
inline constexpr std::string_view kCommaEndsValue =
    "a comma in { } ends a value: quote a value that holds one (what follows the comma is not "
    "repeated, it may belong to a password)";

struct YamlPair {
  std::string key;
  Location location;  ///< Of the key.
  YamlNode value;
};

/// Reads one YAML 1.2 document. What is wrong goes to `problems`: text that is not YAML yields
/// nothing; other faults (a key given twice, tags, beyond the bounds) yield a tree without them. An
/// empty text is a null.
std::optional<YamlNode> ParseYaml(std::string_view text, Problems& problems);

/// Reads the right side of a `--set`: the same, without a place in the file; `path` names it in
/// messages.
std::optional<YamlNode> ParseYamlValue(std::string_view text, std::string_view path,
                                       Problems& problems);

/// A node as messages name it: `a list`, `a mapping`, `nothing`, `'yes'`, `the text '5'`.
std::string FoundText(const YamlNode& node);

}  // namespace headrace
