#include "headrace/config/parameters.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "headrace/config/digest.h"
#include "headrace/config/job_words.h"
#include "headrace/config/password_text.h"
#include "headrace/model/xxh3.h"

namespace headrace {
namespace {

constexpr std::string_view kDestinationKey = "destination";

/// Every reference stands for the same word, which is no part of what parts a URI.
std::string WithNeutralReferences(std::string_view text) {
  const Environment neutral = {
      .variable = [](const std::string&) { return std::optional<std::string>("x"); },
      .file = [](const std::filesystem::path&) { return std::string("x"); }};
  return ExpandReferences(text, neutral, {}).ValueOr(std::string(text));
}

/// `value`, which stands between `before` and `after`, without what of it is a password there; none
/// where nothing else is left.
std::optional<std::string> WithoutPasswords(const std::string& before, const std::string& value,
                                            const std::string& after) {
  const std::string text = before + value + after;
  std::string open;
  size_t at = before.size();
  const size_t end = at + value.size();
  for (const TextRange& password : PasswordsIn(text)) {
    const size_t begin = std::clamp(password.begin, at, end);
    open += text.substr(at, begin - at);
    at = std::clamp(password.begin + password.size, begin, end);
  }
  open += text.substr(at, end - at);
  if (open.empty() && !value.empty()) return std::nullopt;
  return open;
}

class ParameterFinder {
 public:
  ParameterFinder(const Environment& environment, const std::filesystem::path& folder)
      : environment_(environment), folder_(folder) {}

  void AddReferences(const YamlNode& node, bool may_hold_password, bool of_destination) {
    if (node.is_scalar()) AddReferencesOf(node.text, may_hold_password, of_destination);
    for (const YamlNode& item : node.items) {
      AddReferences(item, may_hold_password, of_destination);
    }
    for (const YamlPair& pair : node.pairs) {
      AddReferences(pair.value, may_hold_password, of_destination || pair.key == kDestinationKey);
    }
  }

  /// The last one of a name counts, as of `--set`.
  void Add(const std::string& name, std::string_view value, bool of_destination) {
    JobParameter parameter{name, Xxh3Hex128(value), of_destination};
    const auto known = std::ranges::find_if(parameters_, [&](const JobParameter& other) {
      return other.name == name && other.of_destination == of_destination;
    });
    if (known == parameters_.end()) {
      parameters_.push_back(std::move(parameter));
    } else {
      *known = std::move(parameter);
    }
  }

  JobParameters Take() { return std::move(parameters_); }

 private:
  void AddReferencesOf(std::string_view text, bool may_hold_password, bool of_destination) {
    for (const TextRange& reference : ReferencesIn(text)) {
      const std::string_view name = text.substr(reference.begin, reference.size);
      const auto value = ExpandReferences(name, environment_, folder_);
      if (!value.ok()) continue;
      std::optional<std::string> open = *value;
      if (may_hold_password) {
        open =
            WithoutPasswords(WithNeutralReferences(text.substr(0, reference.begin)), *value,
                             WithNeutralReferences(text.substr(reference.begin + reference.size)));
      }
      if (open) Add(std::string(name), *open, of_destination);
    }
  }

  const Environment& environment_;
  const std::filesystem::path& folder_;
  JobParameters parameters_;
};

/// Whether `key` is one of the keys of `path`, but for the name or number of a table.
bool HasKey(std::string_view path, std::string_view key) {
  constexpr std::string_view kBetweenKeys = ".[]";
  constexpr size_t kOfTable = 1;  // `tables[0].…`, `tables.public.…`
  const bool is_of_tables = path.starts_with("tables");
  for (size_t number = 0; !path.empty(); ++number) {
    const size_t end = std::min(path.find_first_of(kBetweenKeys), path.size());
    const bool is_table = is_of_tables && number == kOfTable;
    if (!is_table && path.substr(0, end) == key) return true;
    path.remove_prefix(std::min(path.find_first_not_of(kBetweenKeys, end), path.size()));
  }
  return false;
}

/// How a table is cut changes none of its rows.
bool IsOfPartition(std::string_view path) {
  return HasKey(path, "partition") && !HasKey(path, "nulls");
}

}  // namespace

JobParameters FindParameters(const Section& job, const YamlNode& root,
                             std::span<const std::string> assignments,
                             const Environment& environment, const std::filesystem::path& folder) {
  ParameterFinder finder(environment, folder);
  for (const YamlPair& pair : CountedValues(job, root).pairs) {
    const Section* section = FindSection(job, pair.key);
    const bool may_hold_password = section != nullptr && !section->plugins.empty();
    finder.AddReferences(pair.value, may_hold_password, pair.key == kDestinationKey);
  }
  for (const std::string& assignment : ShownOverrides(assignments, job)) {
    const std::string path = assignment.substr(0, assignment.find('='));
    if (!IsCounted(job, path) || IsOfPartition(path)) continue;
    finder.Add("--set " + path, assignment, HasKey(path, kDestinationKey));
  }
  return finder.Take();
}

}  // namespace headrace
