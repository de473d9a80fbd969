#include "headrace/observe/shell_word.h"

#include <algorithm>
#include <array>

#include "headrace/model/utf8.h"

namespace headrace {
namespace {

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-/=").find(c) != std::string_view::npos;
}

/// Bytes of the character that `text` begins with if a terminal shows it as it is; else 0.
size_t ShownSize(std::string_view text) {
  const size_t size = Utf8CharacterSize(text);
  return size == 0 || IsInvisible(text.substr(0, size)) ? 0 : size;
}

bool IsShown(std::string_view text) {
  while (!text.empty()) {
    const size_t size = ShownSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

struct NamedEscape {
  char byte;
  std::string_view escape;
};

constexpr std::array<NamedEscape, 5> kNamedEscapes = {
    {{'\n', "\\n"}, {'\t', "\\t"}, {'\r', "\\r"}, {'\\', "\\\\"}, {'\'', "\\'"}}};

std::string EscapeOf(char byte) {
  const auto* const named = std::ranges::find(kNamedEscapes, byte, &NamedEscape::byte);
  if (named != kNamedEscapes.end()) return std::string(named->escape);
  const auto value = static_cast<unsigned char>(byte);
  // All three digits: a digit that follows is none of its own.
  std::string escape = "\\";
  for (const unsigned shift : {6U, 3U, 0U}) {
    escape += static_cast<char>('0' + (value >> shift & 7U));
  }
  return escape;
}

/// POSIX.1-2024, 2.2.4.
std::string DollarQuoted(std::string_view text) {
  std::string word = "$'";
  while (!text.empty()) {
    const size_t shown = ShownSize(text);
    if (shown == 0 || text.front() == '\\' || text.front() == '\'') {
      word += EscapeOf(text.front());
      text.remove_prefix(1);
    } else {
      word += text.substr(0, shown);
      text.remove_prefix(shown);
    }
  }
  return word + "'";
}

}  // namespace

std::string ShellWord(std::string_view text) {
  if (!IsShown(text)) return DollarQuoted(text);
  // Some shells take a word that begins with `=` for the path of a command.
  const bool plain = !text.empty() && text.front() != '=' && std::ranges::all_of(text, IsPlain);
  if (plain) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

}  // namespace headrace
