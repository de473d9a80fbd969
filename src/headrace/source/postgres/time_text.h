#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace headrace {

/// What stands for −infinity and infinity, and for years that int64 microseconds do not reach.
inline constexpr int64_t kFarPast = std::numeric_limits<int64_t>::min();
inline constexpr int64_t kFarFuture = std::numeric_limits<int64_t>::max();

/// Microseconds since 1970 of a date, timestamp or timestamptz as the server prints it under
/// DateStyle ISO, in whatever time zone: `2024-01-31`, `2024-01-31 12:00:00.5+05:30`,
/// `4714-11-24 00:00:00 BC`, `-infinity`. Nothing for any other text.
std::optional<int64_t> MicrosOfTimeText(std::string_view text);

/// The same of an array, `{2024-01-31,"2024-01-31 12:00:00+00"}`; empty where one element is no
/// time.
std::vector<int64_t> ParseTimeArray(std::string_view text);

}  // namespace headrace
