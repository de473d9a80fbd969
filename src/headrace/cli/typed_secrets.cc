#include "headrace/cli/typed_secrets.h"

#include <array>
#include <cctype>
#include <filesystem>
#include <optional>
#include <system_error>

#include "headrace/config/job_words.h"
#include "headrace/config/section.h"
#include "headrace/registry/builtin.h"

namespace headrace {
namespace {

constexpr std::string_view kSet = "--set";
constexpr std::string_view kHiddenValue = "…";

/// Follows the words from left to right: what does the one before say of this one?
class WordReader {
 public:
  /// The assignment that begins with `word`, where it is that of a `--set`.
  std::optional<std::string_view> TakeAssignment(std::string_view word) {
    const bool behind_set = is_behind_set_;
    is_behind_set_ = !behind_set && word == kSet;
    if (behind_set) return word;
    if (!word.starts_with("--set=")) return std::nullopt;
    return word.substr(kSet.size() + 1);
  }

 private:
  bool is_behind_set_ = false;
};

/// What was meant by an assignment that was taken apart by a blank and goes on with `next`; empty
/// where it is complete by itself.
std::string Continued(std::string_view assignment, std::string_view next) {
  const size_t equals = assignment.find('=');
  const std::string begin(assignment);
  if (equals == std::string_view::npos) return begin + "=" + std::string(next);
  const std::string_view value = assignment.substr(equals + 1);
  if (!value.empty() && !value.starts_with('{')) return {};
  return begin + " " + std::string(next);
}

bool SetsSecret(const std::string& assignment, const Section& job) {
  return ShownOverrides(std::array{assignment}, job).front().ends_with(kHiddenValue);
}

/// The job file may stand behind a `--set`, and its name is in every message about it.
bool IsFile(std::string_view word) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::path(word), error);
}

/// An SQL text of a `--set` may hold colons and at signs: it is a URI where it says so.
bool MayHoldPassword(std::string_view assignment) {
  return assignment.find("://") != std::string_view::npos ||
         assignment.find("password=") != std::string_view::npos;
}

bool IsAlphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// A short value is part of many a word: it is hidden where it is one of its own.
bool IsPartOfWord(std::string_view text, size_t at, size_t size) {
  constexpr size_t kShort = 4;
  if (size >= kShort) return false;
  return (at > 0 && IsAlphanumeric(text[at - 1])) ||
         (at + size < text.size() && IsAlphanumeric(text[at + size]));
}

void HideValue(std::string& text, std::string_view value) {
  for (size_t at = text.find(value); at != std::string::npos; at = text.find(value, at + 1)) {
    if (IsPartOfWord(text, at, value.size())) continue;
    text.replace(at, value.size(), kHiddenValue);
    at += kHiddenValue.size() - 1;
  }
}

std::vector<std::string> StrayValues(std::span<const char* const> words) {
  const Section job = JobSection(SourceOptions(), DestinationOptions());
  std::vector<std::string> values;
  WordReader reader;
  std::string_view assignment;
  for (const std::string_view word : words) {
    if (const auto begun = reader.TakeAssignment(word)) {
      assignment = *begun;
    } else if (word.starts_with('-')) {
      assignment = {};
    } else if (!assignment.empty() && !word.empty() && word != "=" && !IsFile(word)) {
      const std::string meant = Continued(assignment, word);
      if (!meant.empty() && SetsSecret(meant, job)) values.emplace_back(word);
    }
  }
  return values;
}

}  // namespace

TypedSecrets::TypedSecrets(std::span<const char* const> words) : stray_values_(StrayValues(words)) {
  WordReader reader;
  for (const std::string_view word : words) {
    const auto assignment = reader.TakeAssignment(word);
    if (!assignment.has_value() || MayHoldPassword(*assignment)) uris_.emplace_back(word);
  }
}

std::string TypedSecrets::Hide(std::string_view text) const {
  std::string hidden(text);
  for (const UriSecret& uri : uris_) hidden = uri.Hide(hidden);
  for (const std::string& value : stray_values_) HideValue(hidden, value);
  return hidden;
}

arrow::Status TypedSecrets::Hide(const arrow::Status& status) const {
  return status.WithMessage(Hide(status.message()));
}

}  // namespace headrace
