#include "headrace/run/moving_where.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "headrace/model/ascii.h"

namespace headrace {
namespace {

constexpr std::array<std::string_view, 12> kMovingWords = {
    "now",       "current_date",          "current_time",    "current_timestamp",
    "localtime", "localtimestamp",        "clock_timestamp", "statement_timestamp",
    "timeofday", "transaction_timestamp", "random",          "gen_random_uuid"};

/// Texts that a time may be written by.
constexpr std::array<std::string_view, 3> kMovingTexts = {"'today'", "'yesterday'", "'tomorrow'"};

bool IsOfWord(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool IsMoving(std::string_view word) {
  return std::ranges::any_of(kMovingWords, [&](std::string_view moving) {
    return std::ranges::equal(word, moving, {}, LowerAscii);
  });
}

}  // namespace

std::string MovingWord(std::string_view where) {
  const std::string lower = LowerAsciiText(where);
  for (const std::string_view text : kMovingTexts) {
    if (lower.find(text) != std::string::npos) return std::string(text);
  }
  while (!where.empty()) {
    const auto* const end = std::ranges::find_if_not(where, IsOfWord);
    const auto size = static_cast<size_t>(end - where.begin());
    const std::string_view word = where.substr(0, size);
    if (IsMoving(word)) return std::string(word);
    where.remove_prefix(std::max<size_t>(size, 1));
  }
  return {};
}

}  // namespace headrace
