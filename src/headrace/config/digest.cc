#include "headrace/config/digest.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "headrace/config/password_text.h"
#include "headrace/config/secret_reference.h"
#include "headrace/model/xxh3.h"

namespace headrace {
namespace {

constexpr std::array<std::string_view, 5> kNotHashed = {"engine", "limits", "logging", "verify",
                                                        "state"};

void AppendText(char kind, std::string_view text, std::string& out) {
  out += kind;
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

/// A form that is the same for every layout of the same values: each value with its kind and size,
/// keys in their order.
void AppendCanonical(const YamlNode& node, std::string& out) {
  if (node.is_null()) return AppendText('n', node.text, out);
  if (node.is_scalar()) return AppendText('s', node.text, out);
  if (node.is_sequence()) {
    AppendText('l', std::to_string(node.items.size()), out);
    for (const YamlNode& item : node.items) AppendCanonical(item, out);
    return;
  }
  std::map<std::string_view, const YamlNode*> sorted;
  for (const YamlPair& pair : node.pairs) sorted.emplace(pair.key, &pair.value);
  AppendText('m', std::to_string(sorted.size()), out);
  for (const auto& [key, value] : sorted) {
    AppendText('k', key, out);
    AppendCanonical(*value, out);
  }
}

/// Does a plug-in of `section` have an option `key` that `holds`?
template <typename Predicate>
bool HasOption(const Section& section, std::string_view key, Predicate holds) {
  return std::ranges::any_of(section.plugins, [&](const PluginOptions& plugin) {
    const OptionSpec* option = FindOption(plugin.options, key);
    return option != nullptr && holds(*option);
  });
}

bool IsSecret(const Section& section, std::string_view key) {
  return HasOption(section, key,
                   [](const OptionSpec& option) { return option.type == OptionType::kSecret; });
}

bool ChangesNoRow(const Section& section, std::string_view key) {
  return HasOption(section, key, [](const OptionSpec& option) { return !option.changes_rows; });
}

/// Removes the keys of plug-ins that change nothing of what is copied.
void RemoveHarmless(const Section& job, YamlNode& root) {
  for (const Section& section : job.sections) {
    YamlNode* node = root.Find(section.key);
    if (node == nullptr || section.plugins.empty()) continue;
    std::erase_if(node->pairs,
                  [&](const YamlPair& pair) { return ChangesNoRow(section, pair.key); });
  }
}

void ResolveReferences(const Environment& environment, const std::filesystem::path& folder,
                       YamlNode& node) {
  if (node.is_scalar() && HasReference(node.text)) {
    node.text = ExpandReferences(node.text, environment, folder).ValueOr(node.text);
  }
  for (YamlNode& item : node.items) ResolveReferences(environment, folder, item);
  for (YamlPair& pair : node.pairs) ResolveReferences(environment, folder, pair.value);
}

/// A URI says where to connect to, besides a password.
void RemoveSecrets(const Section& job, YamlNode& root) {
  for (const Section& section : job.sections) {
    YamlNode* node = root.Find(section.key);
    if (node == nullptr) continue;
    for (YamlPair& pair : node->pairs) {
      if (IsSecret(section, pair.key) && pair.key != kUriKey) pair.value = YamlNode{};
    }
  }
}

/// URIs lose their password alone: another server is another job.
void RemovePasswords(const Section& job, YamlNode& root) {
  for (const Section& section : job.sections) {
    YamlNode* node = root.Find(section.key);
    if (node == nullptr || section.plugins.empty()) continue;
    for (YamlPair& pair : node->pairs) pair.value.text = WithPasswordsRemoved(pair.value.text);
  }
}

bool IsNotHashed(std::string_view key) {
  return std::ranges::find(kNotHashed, key) != kNotHashed.end();
}

}  // namespace

YamlNode CountedValues(const Section& job, const YamlNode& root) {
  YamlNode counted = root;
  std::erase_if(counted.pairs, [](const YamlPair& pair) { return IsNotHashed(pair.key); });
  RemoveHarmless(job, counted);
  RemoveSecrets(job, counted);
  return counted;
}

bool IsCounted(const Section& job, std::string_view path) {
  const size_t end = std::min(path.find_first_of(".["), path.size());
  const std::string_view key = path.substr(0, end);
  const Section* section = FindSection(job, key);
  if (IsNotHashed(key)) return false;
  return section == nullptr || end == path.size() || !ChangesNoRow(*section, path.substr(end + 1));
}

std::string JobDigest(const Section& job, const YamlNode& root, const Environment& environment,
                      const std::filesystem::path& folder) {
  YamlNode hashed = CountedValues(job, root);
  ResolveReferences(environment, folder, hashed);
  RemovePasswords(job, hashed);
  std::string canonical;
  AppendCanonical(hashed, canonical);
  return Xxh3Hex128(canonical);
}

}  // namespace headrace
