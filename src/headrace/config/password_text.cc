#include "headrace/config/password_text.h"

#include <algorithm>

#include "headrace/model/percent_coding.h"

namespace headrace {
namespace {

constexpr std::string_view kHiddenPassword = "***";
constexpr std::string_view kBlanks = " \t\r\n";
/// What a parameter's name or its value without quotes cannot hold.
constexpr std::string_view kBetweenParameters = "?& \t\r\n";

bool IsPasswordName(std::string_view name) {
  constexpr std::string_view kPassword = "password";
  std::string plain = PercentDecode(name);
  std::ranges::transform(plain, plain.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return plain.ends_with(kPassword);
}

/// The name whose `=` stands at `equals`, perhaps with blanks before it.
std::string_view NameBefore(std::string_view text, size_t equals) {
  std::string_view name = text.substr(0, equals);
  name = name.substr(0, name.find_last_not_of(kBlanks) + 1);
  return name.substr(name.find_last_of(kBetweenParameters) + 1);
}

bool IsBehindValue(char c) { return c == '&' || kBlanks.find(c) != std::string_view::npos; }

/// Where the value that begins at `begin` ends: behind its closing quote, else before what stands
/// between parameters. A backslash protects the character behind it.
size_t EndOfValue(std::string_view text, size_t begin) {
  const bool quoted = begin < text.size() && text[begin] == '\'';
  for (size_t at = quoted ? begin + 1 : begin; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (quoted ? text[at] == '\'' : IsBehindValue(text[at])) {
      return quoted ? at + 1 : at;
    }
  }
  return text.size();
}

}  // namespace

std::vector<TextRange> PasswordParameters(std::string_view text) {
  std::vector<TextRange> values;
  for (size_t equals = text.find('='); equals != std::string_view::npos;) {
    size_t next = equals + 1;
    if (IsPasswordName(NameBefore(text, equals))) {
      const size_t begin = std::min(text.find_first_not_of(kBlanks, next), text.size());
      next = EndOfValue(text, begin);
      values.push_back({begin, next - begin});
    }
    equals = text.find('=', next);
  }
  return values;
}

std::string WithoutPassword(std::string_view text) {
  std::string hidden(text);
  if (const size_t scheme = hidden.find("://"); scheme != std::string::npos) {
    const size_t colon = hidden.find(':', scheme + 3);
    const size_t at = hidden.rfind('@');
    if (at != std::string::npos && colon < at) {
      hidden.replace(colon + 1, at - colon - 1, kHiddenPassword);
    }
  }
  const std::vector<TextRange> values = PasswordParameters(hidden);
  for (auto value = values.rbegin(); value != values.rend(); ++value) {
    hidden.replace(value->begin, value->size, kHiddenPassword);
  }
  return hidden;
}

}  // namespace headrace
