#include "headrace/config/job_words.h"

#include <string_view>

#include "headrace/config/password_text.h"
#include "headrace/config/problems.h"
#include "headrace/observe/shell_word.h"

namespace headrace {
namespace {

/// Its password alone is hidden: the rest says which server is meant.
constexpr std::string_view kAddressKey = "uri";
constexpr std::string_view kHidden = "…";

std::string SetWords(const std::vector<std::string>& set) {
  std::string words;
  for (const std::string& assignment : set) words += " --set " + ShellWord(assignment);
  return words;
}

bool IsLoneReference(std::string_view value) {
  return value.starts_with("${") && value.find('}') == value.size() - 1;
}

/// Does an assignment to `key` of `section` (empty: to all of it) set a secret?
bool SetsSecret(const Section& section, std::string_view key, std::string_view value) {
  for (const PluginOptions& plugin : section.plugins) {
    for (const OptionSpec& option : plugin.options) {
      if (option.type != OptionType::kSecret) continue;
      const bool named = key.empty() ? value.find(option.key) != std::string_view::npos
                                     : key == option.key && key != kAddressKey;
      if (named) return true;
    }
  }
  return false;
}

std::string ShownOverride(const std::string& assignment, const Section& job) {
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos) return assignment;
  const std::string_view path = std::string_view(assignment).substr(0, equals);
  const std::string_view value = std::string_view(assignment).substr(equals + 1);
  const size_t dot = path.find('.');
  const Section* section = FindSection(job, path.substr(0, dot));
  if (section == nullptr || section->plugins.empty() || IsLoneReference(value)) return assignment;
  const std::string_view key = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  const std::string shown =
      SetsSecret(*section, key, value) ? std::string(kHidden) : WithoutPassword(value);
  return std::string(path) + "=" + shown;
}

}  // namespace

std::string JobWords::AsArgument() const {
  return (file.empty() ? "" : " " + ShellWord(file)) + SetWords(set);
}

std::string JobWords::AsOption() const {
  return (file.empty() ? "" : " --job " + ShellWord(file)) + SetWords(set);
}

JobWords JobWords::WithUnknownSet(std::string_view key) const {
  JobWords words = *this;
  std::erase_if(words.set, [&](const std::string& assignment) {
    return std::string_view(assignment).substr(0, assignment.find('=')) == key;
  });
  words.set.push_back(std::string(key) + "=…");
  return words;
}

std::string JobWords::AbandonCommand(std::string_view run) const {
  return "headrace abandon " + ShellWord(run) + AsOption();
}

std::vector<std::string> ShownOverrides(std::span<const std::string> assignments,
                                        const Section& job) {
  std::vector<std::string> shown;
  for (const std::string& assignment : assignments) shown.push_back(ShownOverride(assignment, job));
  return shown;
}

}  // namespace headrace
