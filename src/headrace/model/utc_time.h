#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// `2026-01-31T23:59:58Z`: ISO 8601, UTC.
std::string UtcSeconds(std::chrono::system_clock::time_point time);

/// `2026-01-31T23:59:58.000123Z`: ISO 8601, UTC, with microseconds.
std::string UtcTime(std::chrono::system_clock::time_point time);

/// Microseconds since 1970 of what UtcTime wrote; the fraction may be missing, or have one to nine
/// digits, as services write it (RFC 3339): what is below a microsecond is cut off. Class permanent
/// for any other text.
arrow::Result<int64_t> MicrosOfUtcTime(std::string_view text);

}  // namespace headrace
