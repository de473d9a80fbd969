#include "headrace/model/json_string.h"

#include <array>
#include <utility>

#include "headrace/model/utf8.h"

namespace headrace {
namespace {

constexpr char kUnicodeEscape = 'u';

/// By byte: what is written behind a backslash instead of it; 0: it is written as it is.
constexpr auto kJsonEscapes = [] {
  std::array<char, 256> escapes{};
  for (size_t control = 0; control < 0x20; ++control) escapes[control] = kUnicodeEscape;
  for (const auto& [byte, escape] : {std::pair{'"', '"'},
                                     {'\\', '\\'},
                                     {'\b', 'b'},
                                     {'\f', 'f'},
                                     {'\n', 'n'},
                                     {'\r', 'r'},
                                     {'\t', 't'}}) {
    escapes[static_cast<unsigned char>(byte)] = escape;
  }
  return escapes;
}();

void AppendJsonEscape(unsigned char byte, char escape, std::string& json) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  json += '\\';
  json += escape;
  if (escape == kUnicodeEscape) (((json += "00") += kDigits[byte >> 4U]) += kDigits[byte & 0xFU]);
}

/// `text`: UTF-8.
void AppendEscaped(std::string_view text, std::string& json) {
  size_t written = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const char escape = kJsonEscapes[byte];
    if (escape == 0) continue;
    json.append(text, written, i - written);
    AppendJsonEscape(byte, escape, json);
    written = i + 1;
  }
  json.append(text, written);
}

void AppendRepaired(std::string_view text, std::string& json) {
  while (!text.empty()) {
    const size_t size = Utf8CharacterSize(text);
    if (size == 0) {
      json += kReplacementCharacter;
      text.remove_prefix(1);
    } else {
      AppendEscaped(text.substr(0, size), json);
      text.remove_prefix(size);
    }
  }
}

}  // namespace

void AppendJsonString(std::string_view text, std::string& json) {
  json += '"';
  if (IsUtf8(text)) {
    AppendEscaped(text, json);
  } else {
    AppendRepaired(text, json);
  }
  json += '"';
}

}  // namespace headrace
