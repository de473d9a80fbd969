#include "headrace/observe/shell_word.h"

#include <algorithm>

namespace headrace {
namespace {

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-/=").find(c) != std::string_view::npos;
}

}  // namespace

std::string ShellWord(std::string_view text) {
  // Some shells take a word that begins with `=` for the path of a command.
  const bool plain = !text.empty() && text.front() != '=' && std::ranges::all_of(text, IsPlain);
  if (plain) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

}  // namespace headrace
