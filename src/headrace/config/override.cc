#include "headrace/config/override.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace headrace {
namespace {

/// The rest of a key path, taken apart from its left end.
class KeyPath {
 public:
  explicit KeyPath(std::string_view text) : text_(text), rest_(text) {}

  bool done() const { return rest_.empty(); }
  std::string_view text() const { return text_; }
  /// What was taken so far.
  std::string taken() const { return std::string(text_.substr(0, text_.size() - rest_.size())); }

  /// A key up to the next `.` or `[`, with a `.` before it unless it is the first; empty where
  /// there is none.
  std::string_view TakeKey() {
    if (rest_.size() < text_.size()) {
      if (!rest_.starts_with('.')) return {};
      rest_.remove_prefix(1);
    }
    return Take(std::min(rest_.find_first_of(".["), rest_.size()));
  }

  /// `[number]`.
  std::optional<size_t> TakeIndex() {
    if (!rest_.starts_with('[')) return std::nullopt;
    size_t index = 0;
    const auto [end, error] = std::from_chars(rest_.data() + 1, rest_.data() + rest_.size(), index);
    const auto used = static_cast<size_t>(end - rest_.data());
    if (error != std::errc() || used >= rest_.size() || rest_[used] != ']') return std::nullopt;
    Take(used + 1);
    return index;
  }

  /// Does the rest begin with `.name` as a whole?
  bool StartsWithName(std::string_view name) const {
    if (name.empty() || !rest_.starts_with('.') || !rest_.substr(1).starts_with(name)) return false;
    const std::string_view after = rest_.substr(1 + name.size());
    return after.empty() || after.front() == '.' || after.front() == '[';
  }
  void TakeName(std::string_view name) { Take(1 + name.size()); }

 private:
  std::string_view Take(size_t size) {
    const std::string_view part = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return part;
  }

  std::string_view text_;
  std::string_view rest_;
};

class OverrideTarget {
 public:
  OverrideTarget(YamlNode& root, Problems& problems) : root_(root), problems_(problems) {}

  /// The node that `path` names, made where it is missing; null, and a problem, where that cannot
  /// be.
  YamlNode* Find(KeyPath path) {
    YamlNode* node = &root_;
    while (node != nullptr && !path.done()) {
      node = node->is_sequence() ? Entry(*node, path) : Value(*node, path);
    }
    return node;
  }

 private:
  YamlNode* Fail(const KeyPath& path, std::string_view message) {
    problems_.Add({}, Shown(path.text()), message);
    return nullptr;
  }

  YamlNode* Value(YamlNode& mapping, KeyPath& path) {
    const std::string parent = path.taken();
    const std::string_view key = path.TakeKey();
    if (key.empty()) {
      return Fail(path, "expected KEY=VALUE, e.g. engine.workers.max=4 or tables[0].write=append");
    }
    if (mapping.is_null()) {
      mapping = {.kind = YamlNode::Kind::kMapping, .location = mapping.location};
    }
    if (!mapping.is_mapping()) {
      return Fail(path, "'" + Shown(parent) + "' holds no keys, it is " +
                            (mapping.is_scalar() ? "one value" : FoundText(mapping)));
    }
    for (YamlPair& pair : mapping.pairs) {
      if (pair.key != key) continue;
      if (path.done()) pair.location = {};
      return &pair.value;
    }
    mapping.pairs.push_back({std::string(key), {}, {}});
    return &mapping.pairs.back().value;
  }

  YamlNode* Entry(YamlNode& list, KeyPath& path) {
    const std::string taken = path.taken();
    if (const auto index = path.TakeIndex()) {
      if (*index < list.items.size()) return &list.items[*index];
      if (list.items.empty()) return Fail(path, "'" + taken + "' has no entries");
      return Fail(path, "there is no entry " + std::to_string(*index) +
                            ": the first is [0], the last [" +
                            std::to_string(list.items.size() - 1) + "]");
    }
    YamlNode* best = nullptr;
    std::string_view best_name;
    for (YamlNode& item : list.items) {
      for (const std::string_view key : {"name", "as"}) {
        const YamlNode* name = item.Find(key);
        if (name == nullptr || !path.StartsWithName(name->text) ||
            name->text.size() <= best_name.size()) {
          continue;
        }
        best = &item;
        best_name = name->text;
      }
    }
    if (best == nullptr) {
      return Fail(path, "no entry of '" + path.taken() + "' has this name; " + Names(list));
    }
    path.TakeName(best_name);
    return best;
  }

  static std::string Names(const YamlNode& list) {
    std::string names;
    for (const YamlNode& item : list.items) {
      const YamlNode* name = item.Find("name") != nullptr ? item.Find("name") : item.Find("as");
      if (name != nullptr) names += (names.empty() ? "its entries are " : ", ") + name->text;
    }
    return names.empty() ? "none of its entries has one" : names;
  }

  YamlNode& root_;
  Problems& problems_;
};

/// Whether `text` is how YAML writes that there is no value.
bool SaysNothing(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return true;
  text = text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
  return IsNullWord(text);
}

void Apply(std::string_view assignment, YamlNode& root, Problems& problems) {
  const size_t equals = assignment.find('=');
  const std::string_view path = assignment.substr(0, equals);
  if (equals == std::string_view::npos || path.empty()) {
    return problems.Add({}, Shown(path),
                        "expected KEY=VALUE, e.g. engine.workers.max=4 or tables[0].write=append");
  }
  const std::string_view text = assignment.substr(equals + 1);
  auto value = ParseYamlValue(text, Shown(path), problems);
  if (value.has_value() && value->is_null() && !SaysNothing(text)) {
    // A tag, an anchor, a comment: of a filter the rows that it leaves out would be loaded.
    return problems.Add(
        {}, Shown(path),
        "there is no value: put text that begins with '!', '&', '#', '---' or '...' "
        "in quotes");
  }
  YamlNode* target = OverrideTarget(root, problems).Find(KeyPath(path));
  if (value.has_value() && target != nullptr) *target = *std::move(value);
}

}  // namespace

void ApplyOverrides(std::span<const std::string> assignments, YamlNode& root, Problems& problems) {
  for (const std::string& assignment : assignments) Apply(assignment, root, problems);
}

}  // namespace headrace
