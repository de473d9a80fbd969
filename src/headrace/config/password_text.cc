#include "headrace/config/password_text.h"

#include <algorithm>
#include <optional>
#include <span>

#include "headrace/model/ascii.h"
#include "headrace/model/percent_coding.h"

namespace headrace {
namespace {

constexpr std::string_view kHiddenPassword = "***";
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kScheme = "://";

bool IsPasswordName(std::string_view name) {
  constexpr std::string_view kPassword = "password";
  std::string plain = PercentDecode(name);
  std::ranges::transform(plain, plain.begin(), LowerAscii);
  return plain.ends_with(kPassword);
}

/// How a text that holds parameters takes them apart.
struct Grammar {
  std::string_view before_name;  ///< What a name follows; blanks may stand between it and its `=`.
  bool quotes = false;           ///< Values may be quoted, and end at blanks; else `&` ends them.
};

constexpr Grammar kKeywords = {.before_name = "?& \t\r\n", .quotes = true};
constexpr Grammar kUri = {.before_name = "?&", .quotes = false};

/// The name whose `=` stands at `equals`, perhaps with blanks before it.
std::string_view NameBefore(std::string_view text, size_t equals, const Grammar& grammar) {
  std::string_view name = text.substr(0, equals);
  name = name.substr(0, name.find_last_not_of(kBlanks) + 1);
  return name.substr(name.find_last_of(grammar.before_name) + 1);
}

/// Where the keyword's value that begins at `begin` ends: behind its closing quote, else before the
/// next blank. A backslash protects the character behind it.
size_t EndOfKeywordValue(std::string_view text, size_t begin) {
  const bool quoted = begin < text.size() && text[begin] == '\'';
  for (size_t at = quoted ? begin + 1 : begin; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (quoted ? text[at] == '\'' : kBlanks.find(text[at]) != std::string_view::npos) {
      return quoted ? at + 1 : at;
    }
  }
  return text.size();
}

/// The value of the parameter whose `=` stands at `equals`.
TextRange ValueBehind(std::string_view text, size_t equals, const Grammar& grammar) {
  size_t begin = equals + 1;
  if (!grammar.quotes) return {begin, std::min(text.find('&', begin), text.size()) - begin};
  begin = std::min(text.find_first_not_of(kBlanks, begin), text.size());
  return {begin, EndOfKeywordValue(text, begin) - begin};
}

/// Behind a name's colon that lacks the blank which would make it YAML: a password to the end of
/// the text.
size_t PasswordBehindColon(std::string_view text) {
  constexpr Grammar kLine = {.before_name = kBlanks};
  for (size_t colon = text.find(':'); colon != std::string_view::npos;
       colon = text.find(':', colon + 1)) {
    if (colon + 1 == text.size()) break;
    const std::string_view name = NameBefore(text, colon, kLine);
    const bool is_of_uri = name.find(kScheme) != std::string_view::npos;
    const bool has_blank = kBlanks.find(text[colon + 1]) != std::string_view::npos;
    if (!is_of_uri && !has_blank && IsPasswordName(name)) return colon + 1;
  }
  return text.size();
}

/// Of a URI as libpq takes it apart: what lies between user and host, up to the first `@` that no
/// `/` comes before.
std::optional<TextRange> UserPassword(std::string_view uri) {
  const size_t scheme = uri.find(kScheme);
  if (scheme == std::string_view::npos) return std::nullopt;
  const size_t begin = scheme + kScheme.size();
  const size_t at = uri.find_first_of("@/", begin);
  if (at == std::string_view::npos || uri[at] != '@') return std::nullopt;
  const size_t colon = uri.find(':', begin);
  if (colon > at) return std::nullopt;
  return TextRange{colon + 1, at - colon - 1};
}

/// `text` with `other` in the place of each of `ranges`, which are in order.
std::string WithReplaced(std::string_view text, std::span<const TextRange> ranges,
                         std::string_view other) {
  std::string replaced;
  size_t next = 0;
  for (const TextRange& range : ranges) {
    replaced.append(text.substr(next, range.begin - next)).append(other);
    next = range.begin + range.size;
  }
  return replaced.append(text.substr(next));
}

}  // namespace

std::vector<TextRange> PasswordParameters(std::string_view text) {
  std::vector<TextRange> values;
  const size_t uri = text.find(kScheme);
  for (size_t equals = text.find('='); equals != std::string_view::npos;) {
    const Grammar& grammar = equals > uri ? kUri : kKeywords;
    size_t next = equals + 1;
    if (IsPasswordName(NameBefore(text, equals, grammar))) {
      values.push_back(ValueBehind(text, equals, grammar));
      next = values.back().begin + values.back().size;
    }
    equals = text.find('=', next);
  }
  return values;
}

std::vector<TextRange> PasswordsIn(std::string_view text) {
  std::vector<TextRange> passwords = PasswordParameters(text);
  if (const auto of_user = UserPassword(text)) {
    const auto overlaps = [&](const TextRange& value) {
      return value.begin < of_user->begin + of_user->size;
    };
    std::erase_if(passwords, overlaps);
    passwords.insert(passwords.begin(), *of_user);
  }
  return passwords;
}

std::string WithPasswordsRemoved(std::string_view text) {
  return WithReplaced(text, PasswordsIn(text), "");
}

std::string WithoutPassword(std::string_view text) {
  std::string hidden(text);
  if (const size_t scheme = hidden.find(kScheme); scheme != std::string::npos) {
    const size_t colon = hidden.find(':', scheme + kScheme.size());
    const size_t at = hidden.rfind('@');
    if (at != std::string::npos && colon < at) {
      hidden.replace(colon + 1, at - colon - 1, kHiddenPassword);
    }
  }
  const size_t behind_colon = PasswordBehindColon(hidden);
  if (behind_colon < hidden.size()) {
    hidden.replace(behind_colon, std::string::npos, kHiddenPassword);
  }
  return WithReplaced(hidden, PasswordParameters(hidden), kHiddenPassword);
}

}  // namespace headrace
