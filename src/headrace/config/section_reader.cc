#include "headrace/config/section_reader.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "headrace/config/option_type.h"
#include "headrace/config/password_text.h"
#include "headrace/config/secret_reference.h"
#include "headrace/config/unknown_key.h"
#include "headrace/model/ascii.h"
#include "headrace/model/utf8.h"

namespace headrace {
namespace {

constexpr std::string_view kFoldedComment =
    "has, or may have, a comment (--) on one of several lines that YAML joins to one (plain text, "
    "`>` or "
    "quotes), "
    "where it hides what follows: write the text behind `|`, or leave the comment out";

/// Whether `sql` may have a comment that goes to the end of its line. Plain quotes are known here,
/// each dialect has more: behind what may begin one of those (a comment in `/*`, a backslash, `$$`,
/// `[name]`), and where a quote does not end, any `--` may be one.
bool MayHoldLineComment(std::string_view sql) {
  char quote = 0;
  for (size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    const std::string_view two = sql.substr(i, 2);
    const bool is_doubtful = c == '\\' || (quote == 0 && (c == '$' || c == '[' || two == "/*"));
    if (is_doubtful) return sql.find("--", i) != std::string_view::npos;
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"' || c == '`') {
      quote = c;
    } else if (two == "--") {
      return true;
    }
  }
  return quote != 0 && sql.find("--") != std::string_view::npos;
}

constexpr std::string_view kNoFileInSql =
    "${file:…} is for secrets, and plans and logs show this text; use ${NAME}, an environment "
    "variable, for what may be seen";

std::string JoinPath(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : std::string(path) + "." + std::string(key);
}

/// Keys whose values may hold a password: it is hidden there, or is data of the user's own.
bool MayHoldPassword(std::string_view path) {
  constexpr std::array<std::string_view, 4> kKeys = {kUriKey, "password", "where", "query"};
  const std::string_view key = path.substr(path.rfind('.') + 1);
  return std::ranges::find(kKeys, key) != kKeys.end();
}

/// A table of options and whether it is all of them: false where the plug-in is not known.
struct SectionOptions {
  std::vector<OptionSpec> options;
  bool complete = true;
  std::vector<OptionFault> (*faults)(const OptionValues& values) = nullptr;
};

/// Whether passwords may stand in it.
bool HoldsSecrets(const Section& section) {
  const auto any_secret = [](std::span<const OptionSpec> options) {
    return std::ranges::any_of(
        options, [](const OptionSpec& option) { return option.type == OptionType::kSecret; });
  };
  return any_secret(section.options) ||
         std::ranges::any_of(section.plugins, [&](const PluginOptions& plugin) {
           return any_secret(plugin.options);
         });
}

/// Or in a section of it: what a line below one of them holds may be the rest of its last value.
bool IsNearSecrets(const Section& section) {
  return HoldsSecrets(section) || std::ranges::any_of(section.sections, HoldsSecrets);
}

bool IsWithoutValue(const YamlPair& pair) {
  return pair.value.is_null() && pair.value.text.empty();
}

/// Whether `key` looks like one, and not like a part of a text.
bool IsWord(std::string_view key) {
  return std::ranges::all_of(key, [](char c) {
    const char small = LowerAscii(c);
    return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

std::string MissingBlank(std::string_view key) {
  return "a blank is missing behind `" + std::string(key) +
         ":` (what follows is not repeated, it may be a password)";
}

bool IsUnknown(const Section& section, const SectionOptions& known, std::string_view key) {
  return known.complete && FindOption(known.options, key) == nullptr &&
         FindSection(section, key) == nullptr;
}

class SectionReader {
 public:
  SectionReader(const Section& job, const YamlNode& root, const Environment& environment,
                const std::filesystem::path& folder, WantedValues wanted, Problems& problems)
      : job_(job),
        root_(root),
        environment_(environment),
        folder_(folder),
        wanted_(wanted),
        problems_(problems) {}

  SectionValues ReadJob() { return ReadMapping(job_, root_, "", root_.location); }

 private:
  SectionValues ReadMapping(const Section& section, const YamlNode& node, const std::string& path,
                            const Location& location);
  void ReadPair(const Section& section, const SectionOptions& known, const YamlPair& pair,
                SectionValues& into);
  void AddUnknown(const Section& section, const SectionOptions& known, const YamlPair& pair,
                  bool is_rest, const std::string& path);
  void AddNoMapping(const Section& section, const YamlNode& node, const std::string& path);
  void ReadChild(const Section& child, const YamlNode& node, const std::string& path,
                 SectionValues& into);
  void ReadList(const Section& child, const YamlNode& node, const std::string& path,
                SectionValues& into);
  void ReadOption(const OptionSpec& option, const YamlPair& pair, SectionValues& into);
  std::optional<OptionValues::Value> ReadValue(const OptionSpec& option, const YamlNode& node,
                                               const std::string& path);
  std::optional<OptionValues::Value> ReadScalar(const OptionSpec& option, const YamlNode& node,
                                                const std::string& path);
  std::optional<OptionValues::Value> ReadTexts(const OptionSpec& option, const YamlNode& node,
                                               const std::string& path);
  std::optional<std::string> Expand(const OptionSpec& option, const YamlNode& node,
                                    const std::string& path);
  bool IsWanted(std::string_view path) const;
  bool CheckUtf8(std::string_view expanded, const YamlNode& node, const std::string& path);
  void AddMissing(const Section& section, const SectionOptions& known, SectionValues& into);
  SectionOptions OptionsOf(const Section& section, const YamlNode& node) const;
  OptionValues::Value Resolved(const OptionSpec& option, OptionValues::Value value) const;

  const Section& job_;
  const YamlNode& root_;
  const Environment& environment_;
  const std::filesystem::path& folder_;
  const WantedValues wanted_;
  Problems& problems_;
};

/// The section's own options and those of the plug-in that `type` chooses.
SectionOptions SectionReader::OptionsOf(const Section& section, const YamlNode& node) const {
  SectionOptions known = {.options = section.options};
  if (section.plugins.empty()) return known;
  const YamlNode* chooser = section.type_from.empty() ? &node : root_.Find(section.type_from);
  const YamlNode* type = chooser == nullptr ? nullptr : chooser->Find("type");
  const auto name = type == nullptr
                        ? std::string()
                        : ExpandReferences(type->text, environment_, folder_).ValueOr("");
  const PluginOptions* plugin = FindPlugin(section, name);
  known.complete = plugin != nullptr;
  if (plugin != nullptr) {
    if (section.type_from.empty()) known.faults = plugin->faults;
    known.options.insert(known.options.end(), plugin->options.begin(), plugin->options.end());
  }
  return known;
}

SectionValues SectionReader::ReadMapping(const Section& section, const YamlNode& node,
                                         const std::string& path, const Location& location) {
  SectionValues values = {.key = section.key, .path = path, .location = location};
  if (!node.is_mapping() && !node.is_null()) {
    AddNoMapping(section, node, path);
    return values;
  }
  const SectionOptions known = OptionsOf(section, node);
  const bool may_be_cut = node.flow && HoldsSecrets(section);
  bool follows_text = false;
  for (const YamlPair& pair : node.pairs) {
    const bool is_rest = may_be_cut && follows_text && IsWithoutValue(pair);
    follows_text = pair.value.is_scalar() || is_rest;
    if (IsUnknown(section, known, pair.key)) {
      AddUnknown(section, known, pair, is_rest, path);
    } else {
      ReadPair(section, known, pair, values);
    }
  }
  if (known.faults != nullptr) {
    for (const OptionFault& fault : known.faults(values.values)) {
      problems_.Add(values.PlaceOf(fault.key), values.PathOf(fault.key), fault.message);
    }
  }
  AddMissing(section, known, values);
  return values;
}

void SectionReader::ReadPair(const Section& section, const SectionOptions& known,
                             const YamlPair& pair, SectionValues& into) {
  const std::string path = JoinPath(into.path, pair.key);
  if (const OptionSpec* option = FindOption(known.options, pair.key)) {
    into.places.emplace(pair.key, pair.location);
    ReadOption(*option, pair, into);
  } else if (const Section* child = FindSection(section, pair.key)) {
    into.places.emplace(pair.key, pair.location);
    ReadChild(*child, pair.value, path, into);
  }
}

/// The key is repeated unless it may be a password, or a line that holds one. `is_rest`: it follows
/// a value's comma.
void SectionReader::AddUnknown(const Section& section, const SectionOptions& known,
                               const YamlPair& pair, bool is_rest, const std::string& path) {
  const std::string_view meant = KeyWithoutBlank(pair.key, section, known.options, path, job_);
  if (!meant.empty()) return problems_.Add(pair.location, path, MissingBlank(meant));
  const bool is_like = IsLikeKnownKey(pair.key, section, known.options, path, job_);
  if (is_rest && !is_like) return problems_.Add(pair.location, path, kCommaEndsValue);
  const std::string message = UnknownKeyMessage(pair.key, section, known.options, path, job_);
  const bool is_key = IsWord(pair.key) && (is_like || !IsWithoutValue(pair));
  if (IsNearSecrets(section) && !is_key) {
    return problems_.Add(pair.location, path,
                         message + " (it is not repeated, it may belong to a password)");
  }
  problems_.Add(pair.location, Shown(JoinPath(path, pair.key)), message);
}

/// A section of one line whose key lacks its blank is a text.
void SectionReader::AddNoMapping(const Section& section, const YamlNode& node,
                                 const std::string& path) {
  const std::string_view meant =
      node.is_scalar() ? KeyWithoutBlank(node.text, section, section.options, path, job_) : "";
  if (!meant.empty()) return problems_.Add(node.location, path, MissingBlank(meant));
  const bool is_secret = node.is_scalar() && HoldsSecrets(section);
  problems_.Add(
      node.location, path,
      "expected a mapping (key: value); found " +
          (is_secret ? "a text, which is not repeated: it may hold a password" : FoundText(node)));
}

void SectionReader::ReadChild(const Section& child, const YamlNode& node, const std::string& path,
                              SectionValues& into) {
  if (child.is_list) return ReadList(child, node, path, into);
  into.sections.push_back(ReadMapping(child, node, path, node.location));
}

void SectionReader::ReadList(const Section& child, const YamlNode& node, const std::string& path,
                             SectionValues& into) {
  if (!node.is_sequence()) {
    problems_.Add(node.location, path,
                  "expected a list (each entry begins with '- '); found " + FoundText(node));
    return;
  }
  if (node.items.empty()) problems_.Add(node.location, path, "the list is empty");
  for (size_t i = 0; i < node.items.size(); ++i) {
    const YamlNode& item = node.items[i];
    const std::string item_path = path + "[" + std::to_string(i) + "]";
    if (item.is_null()) {
      problems_.Add(item.location, item_path, "the entry is empty");
    } else if (auto entry = ReadMapping(child, item, item_path, item.location); item.is_mapping()) {
      into.list_entries.push_back(std::move(entry));
    }
  }
}

void SectionReader::ReadOption(const OptionSpec& option, const YamlPair& pair,
                               SectionValues& into) {
  const std::string path = JoinPath(into.path, option.key);
  if (!option.refused.empty()) return problems_.Add(pair.location, path, option.refused);
  auto value = ReadValue(option, pair.value, path);
  if (value.has_value()) {
    into.values.Set(std::string(option.key), Resolved(option, *std::move(value)));
  }
}

std::optional<OptionValues::Value> SectionReader::ReadValue(const OptionSpec& option,
                                                            const YamlNode& node,
                                                            const std::string& path) {
  if (node.is_null()) {
    // The overflow policy is called like YAML's null: who writes `on_overflow: null` means the
    // policy.
    const bool is_choice =
        node.text == "null" && ParseOptionText(option, node.text, node.text).ok();
    if (option.type == OptionType::kEnum && is_choice) return node.text;
    if (option.needs_value) {
      problems_.Add(node.location, path, "holds nothing: give it a value, or leave the key out");
    } else if (!option.default_text.empty() || option.required ||
               option.type == OptionType::kEnum) {
      problems_.Add(node.location, path, "expected " + ExpectedOf(option) + "; found nothing");
    }
    return std::nullopt;  // Without a default, nothing is what the key is without being written.
  }
  return option.type == OptionType::kStringList ? ReadTexts(option, node, path)
                                                : ReadScalar(option, node, path);
}

std::optional<OptionValues::Value> SectionReader::ReadScalar(const OptionSpec& option,
                                                             const YamlNode& node,
                                                             const std::string& path) {
  const bool misquoted = node.quoted && !InfoOf(option.type).is_text && !HasReference(node.text);
  if (!node.is_scalar() || misquoted) {
    problems_.Add(node.location, path,
                  "expected " + ExpectedOf(option) + "; found " + FoundText(node) +
                      (misquoted ? " (remove the quotes)" : ""));
    return std::nullopt;
  }
  if (option.is_sql && HasFileReference(node.text)) {
    problems_.Add(node.location, path, kNoFileInSql);
    return std::nullopt;
  }
  const auto text = Expand(option, node, path);
  if (!text.has_value()) return std::nullopt;
  // Also one that comes from elsewhere hides what stands behind it.
  if (option.is_sql && node.folded && MayHoldLineComment(*text)) {
    problems_.Add(node.location, path, kFoldedComment);
    return std::nullopt;
  }
  // A password is given to the server as it is, and to nobody else.
  if (option.type != OptionType::kSecret && !CheckUtf8(*text, node, path)) return std::nullopt;
  auto value = ParseOptionText(option, *text, node.text);
  if (value.ok()) return *std::move(value);
  problems_.Add(node.location, path, value.status().message());
  return std::nullopt;
}

std::optional<OptionValues::Value> SectionReader::ReadTexts(const OptionSpec& option,
                                                            const YamlNode& node,
                                                            const std::string& path) {
  if (!node.is_sequence()) {
    problems_.Add(node.location, path,
                  "expected " + ExpectedOf(option) + ", e.g. [a, b]; found " + FoundText(node));
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const YamlNode& item = node.items[i];
    const std::string item_path = path + "[" + std::to_string(i) + "]";
    if (!item.is_scalar()) {
      problems_.Add(item.location, item_path, "expected text; found " + FoundText(item));
    } else if (auto text = Expand(option, item, item_path);
               text && CheckUtf8(*text, item, item_path)) {
      texts.push_back(*std::move(text));
    }
  }
  return texts;
}

std::optional<std::string> SectionReader::Expand(const OptionSpec& option, const YamlNode& node,
                                                 const std::string& path) {
  const bool is_uri = option.key == kUriKey;
  const auto may_name = [&](TextRange reference) {
    return (option.type != OptionType::kSecret && !is_uri) ||
           MayNameReference(node.text, reference,
                            is_uri ? SecretForm::kUri : SecretForm::kPassword);
  };
  auto text = ExpandReferences(node.text, environment_, folder_, may_name);
  if (!text.ok()) {
    if (IsWanted(path)) problems_.Add(node.location, path, text.status().message());
    return std::nullopt;
  }
  // Servers, files and SQL end a text there, and would take another one for it.
  if (text->find('\0') != std::string::npos) {
    problems_.Add(node.location, path, "holds a NUL character (U+0000), which no name or text can");
    return std::nullopt;
  }
  if (!MayHoldPassword(path) && WithoutPassword(*text) != *text) {
    problems_.Add(node.location, path,
                  "holds a password, which would be shown; the keys for it are source.uri and "
                  "source.password");
    return std::nullopt;
  }
  return *std::move(text);
}

bool SectionReader::IsWanted(std::string_view path) const {
  return !wanted_ || std::ranges::find(*wanted_, path) != wanted_->end();
}

/// The job file is UTF-8, but what a reference in it stands for need not be.
bool SectionReader::CheckUtf8(std::string_view expanded, const YamlNode& node,
                              const std::string& path) {
  if (IsUtf8(expanded)) return true;
  problems_.Add(node.location, path,
                "'" + Shown(node.text) + "' stands for bytes that are not UTF-8");
  return false;
}

OptionValues::Value SectionReader::Resolved(const OptionSpec& option,
                                            OptionValues::Value value) const {
  if (option.type != OptionType::kPath) return value;
  const auto& text = std::get<std::string>(value);
  if (text.find("://") != std::string::npos) return value;
  return (folder_ / text).lexically_normal().string();
}

void SectionReader::AddMissing(const Section& section, const SectionOptions& known,
                               SectionValues& into) {
  for (const OptionSpec& option : known.options) {
    if (into.Wrote(option.key)) continue;
    if (option.required) {
      problems_.Add(into.location, JoinPath(into.path, option.key),
                    "missing. " + std::string(option.doc));
    } else if (!section.inherits && option.refused.empty() && !option.default_text.empty()) {
      auto value = ParseOptionText(option, option.default_text, option.default_text);
      if (value.ok()) {
        into.values.Set(std::string(option.key), Resolved(option, *std::move(value)), true);
      }
    }
  }
  for (const Section& child : section.sections) {
    if (into.Wrote(child.key)) continue;
    const std::string path = JoinPath(into.path, child.key);
    if (child.required) {
      problems_.Add(into.location, path, "missing. " + std::string(child.doc));
    } else if (!child.is_list) {
      into.sections.push_back(
          ReadMapping(child, YamlNode{.location = into.location}, path, into.location));
    }
  }
}

}  // namespace

const Location& SectionValues::PlaceOf(std::string_view option) const {
  const auto place = places.find(option);
  return place == places.end() ? location : place->second;
}

std::string SectionValues::PathOf(std::string_view option) const { return JoinPath(path, option); }

const SectionValues& SectionValues::Child(std::string_view child) const {
  static const SectionValues kNothing;
  for (const SectionValues& section : sections) {
    if (section.key == child) return section;
  }
  return kNothing;
}

std::vector<const SectionValues*> SectionValues::Entries(std::string_view list) const {
  std::vector<const SectionValues*> entries;
  for (const SectionValues& entry : list_entries) {
    if (entry.key == list) entries.push_back(&entry);
  }
  return entries;
}

SectionValues ReadSections(const Section& job, const YamlNode& root, const Environment& environment,
                           const std::filesystem::path& folder, WantedValues wanted,
                           Problems& problems) {
  return SectionReader(job, root, environment, folder, wanted, problems).ReadJob();
}

}  // namespace headrace
