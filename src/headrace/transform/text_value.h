#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace {

/// Days since 1970 of `2024-01-01`, also with the midnight behind it that a timestamp of the day
/// has (`2024-01-01 00:00:00.000`), and of a year with a sign, as casts of dates to text write
/// those before 0 and after 9999: `-0043-03-15`, `+12024-01-01`. Nothing where it is another text,
/// or no day that a date holds.
std::optional<int32_t> DateOfText(std::string_view text);

/// Of `true` and `false`, in letters of either case, `1` and `0`, and PostgreSQL's `t` and `f`.
std::optional<bool> BoolOfText(std::string_view text);

}  // namespace headrace
