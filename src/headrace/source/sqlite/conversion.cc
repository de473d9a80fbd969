#include "headrace/source/sqlite/conversion.h"

#include <algorithm>
#include <array>

namespace headrace::sqlite {

std::optional<bool> BooleanOfText(std::string_view text) {
  static constexpr std::array<std::string_view, 5> kTrue = {"true", "t", "yes", "y", "on"};
  static constexpr std::array<std::string_view, 5> kFalse = {"false", "f", "no", "n", "off"};
  std::string lower(text.substr(0, 6));
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (std::ranges::find(kTrue, lower) != kTrue.end()) return true;
  if (std::ranges::find(kFalse, lower) != kFalse.end()) return false;
  return std::nullopt;
}

}  // namespace headrace::sqlite
