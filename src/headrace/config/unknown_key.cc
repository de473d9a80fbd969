#include "headrace/config/unknown_key.h"

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
};

std::optional<KnownKey> FindInside(const Section& section, const std::string& path,
                                   std::string_view key);

std::optional<KnownKey> FindIn(const Section& section, const std::string& path,
                               std::string_view key) {
  if (FindSection(section, key) != nullptr) return KnownKey{path};
  if (const OptionSpec* option = FindOption(section.options, key)) return KnownKey{path, option};
  for (const PluginOptions& plugin : section.plugins) {
    if (const OptionSpec* option = FindOption(plugin.options, key)) return KnownKey{path, option};
  }
  return FindInside(section, path, key);
}

/// Looks into the sections of `section`, the nearest first.
std::optional<KnownKey> FindInside(const Section& section, const std::string& path,
                                   std::string_view key) {
  for (const Section& child : section.sections) {
    const std::string child_path =
        (path.empty() ? "" : path + ".") + std::string(child.key) + (child.is_list ? "[]" : "");
    if (auto found = FindIn(child, child_path, key)) return found;
  }
  return std::nullopt;
}

std::string PlaceSentence(const std::string& path) {
  if (path.empty()) return "at the top level";
  if (path.ends_with("[]")) return "in an entry of '" + path.substr(0, path.size() - 2) + "'";
  return "under '" + path + "'";
}

}  // namespace

std::string UnknownKeyMessage(std::string_view key, const Section& section,
                              std::span<const OptionSpec> options, std::string_view path,
                              const Section& job) {
  auto elsewhere = FindInside(section, std::string(path), key);
  if (!elsewhere.has_value()) elsewhere = FindIn(job, "", key);
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
           PlaceSentence(elsewhere->path) + (nearest.empty() ? "" : "?");
  }
  if (!nearest.empty()) return message;
  message += "; known here:";
  for (size_t i = 0; i < keys.size(); ++i) message += (i == 0 ? " " : ", ") + std::string(keys[i]);
  return message;
}

}  // namespace headrace
