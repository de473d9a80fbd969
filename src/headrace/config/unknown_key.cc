#include "headrace/config/unknown_key.h"

#include <optional>
#include <vector>

#include "headrace/config/nearest.h"

namespace headrace {
namespace {

std::vector<std::string_view> ValidKeys(const Section& section,
                                        std::span<const OptionSpec> options) {
  std::vector<std::string_view> keys;
  for (const OptionSpec& option : options) {
    if (option.refused.empty()) keys.push_back(option.key);
  }
  for (const Section& child : section.sections) keys.push_back(child.key);
  return keys;
}

/// Where a key is known: the path of its section, and its option unless it is a section itself.
struct KnownKey {
  std::string path;
  const OptionSpec* option = nullptr;
  std::string_view type = {};  ///< Of the plug-in whose option it is.
};

/// Looks for keys in the tree of sections.
class KeySearch {
 public:
  /// `with_overrides`: also in the sections of a table that repeat the job's.
  KeySearch(std::string_view key, bool with_overrides)
      : key_(key), with_overrides_(with_overrides) {}

  std::optional<KnownKey> In(const Section& section, const std::string& path) const {
    if (FindSection(section, key_) != nullptr) return KnownKey{path};
    if (const OptionSpec* option = FindOption(section.options, key_)) return KnownKey{path, option};
    for (const PluginOptions& plugin : section.plugins) {
      if (const OptionSpec* option = FindOption(plugin.options, key_)) {
        return KnownKey{path, option, plugin.type};
      }
    }
    return Inside(section, path);
  }

  /// In the sections of `section`.
  std::optional<KnownKey> Inside(const Section& section, const std::string& path) const {
    for (const Section& child : section.sections) {
      if (child.inherits && !with_overrides_) continue;
      const std::string child_path =
          (path.empty() ? "" : path + ".") + std::string(child.key) + (child.is_list ? "[]" : "");
      if (auto found = In(child, child_path)) return found;
    }
    return std::nullopt;
  }

 private:
  std::string_view key_;
  bool with_overrides_;
};

/// Where else the key is valid: below `section` first, then in the job's own sections, then
/// anywhere.
std::optional<KnownKey> FindElsewhere(std::string_view key, const Section& section,
                                      std::string_view path, const Section& job) {
  const bool is_job = section.key.empty();
  if (!is_job) {
    if (auto below = KeySearch(key, true).Inside(section, std::string(path))) return below;
  }
  if (auto own = KeySearch(key, false).In(job, "")) return own;
  return KeySearch(key, true).In(job, "");
}

/// As seen from the section `here`.
std::string PlaceSentence(const KnownKey& known, std::string_view here) {
  const std::string& path = known.path;
  if (path.empty()) return "at the top level";
  if (path.ends_with("[]")) return "in an entry of '" + path.substr(0, path.size() - 2) + "'";
  const bool is_of_other_type = path == here && !known.type.empty();
  return "under '" + path + "'" +
         (is_of_other_type ? " of 'type: " + std::string(known.type) + "'" : "");
}

}  // namespace

std::string_view KeyWithoutBlank(std::string_view text, const Section& section,
                                 std::span<const OptionSpec> options, std::string_view path,
                                 const Section& job) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {};
  std::string_view key = text.substr(0, colon);
  key = key.substr(0, key.find_last_not_of(" \t") + 1);
  if (const std::string_view near = Nearest(key, ValidKeys(section, options)); !near.empty()) {
    return near;
  }
  return FindElsewhere(key, section, path, job).has_value() ? key : std::string_view();
}

bool IsLikeKnownKey(std::string_view key, const Section& section,
                    std::span<const OptionSpec> options, std::string_view path,
                    const Section& job) {
  return !Nearest(key, ValidKeys(section, options)).empty() ||
         FindElsewhere(key, section, path, job).has_value();
}

std::string UnknownKeyMessage(std::string_view key, const Section& section,
                              std::span<const OptionSpec> options, std::string_view path,
                              const Section& job) {
  const auto elsewhere = FindElsewhere(key, section, path, job);
  if (elsewhere.has_value() && elsewhere->option != nullptr &&
      !elsewhere->option->refused.empty()) {
    return std::string(elsewhere->option->refused);
  }
  const auto keys = ValidKeys(section, options);
  const std::string_view nearest = Nearest(key, keys);
  std::string message = "unknown key";
  if (!nearest.empty()) message += "; did you mean '" + std::string(nearest) + "'?";
  if (elsewhere.has_value()) {
    return message + (nearest.empty() ? "; it belongs " : " Or does it belong ") +
           PlaceSentence(*elsewhere, path) + (nearest.empty() ? "" : "?");
  }
  if (!nearest.empty()) return message;
  message += "; known here:";
  for (size_t i = 0; i < keys.size(); ++i) message += (i == 0 ? " " : ", ") + std::string(keys[i]);
  return message;
}

}  // namespace headrace
