#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Figures and text as people read them: in progress lines, plans, reports and tables.
namespace headrace {

/// `1,234,567`.
std::string HumanCount(int64_t count);

/// Powers of 1000 with one decimal below 100: `999 B`, `12.3 MB`, `402 MB`.
std::string HumanBytes(double bytes);

/// `0.42 s`, `7.4 s`, `42 s`, `3 min 05 s`, `2 h 05 min`.
std::string HumanSeconds(double seconds);

/// The same without fractions, rounded up: `1 s`, `42 s`, `3 min 05 s`. For time that is left.
std::string HumanWholeSeconds(double seconds);

/// `52%`; never 0% for more than nothing, never 100% for less than all. `share` is 0 to 1.
std::string HumanPercent(double share);

/// `1 table`, `2 tables`, `1,000 tables`.
std::string HumanNumberOf(int64_t count, std::string_view noun);

/// `about 5,000 rows`; `rows unknown` below 0.
std::string HumanEstimate(int64_t count, std::string_view noun);

/// Columns that UTF-8 `text` takes on a terminal: wide (East Asian, emoji) code points two,
/// combining ones none.
size_t DisplayWidth(std::string_view text);

/// `text` cut to at most `width` columns; what was cut ends in `…`.
std::string TruncateToWidth(std::string_view text, size_t width);

/// `text` with control characters written out (`\n`, `\x1b`), and U+FFFD for bytes that are not
/// UTF-8: one line that cannot command a terminal.
std::string EscapeControls(std::string_view text);

/// The same for a text of several lines: line feeds stay, and a tab becomes two spaces.
std::string PlainLines(std::string_view text);

}  // namespace headrace
