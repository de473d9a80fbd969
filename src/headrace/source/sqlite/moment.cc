#include "headrace/source/sqlite/moment.h"

#include <arrow/util/value_parsing.h>

#include <cmath>

#include "headrace/model/civil_time.h"

namespace headrace::sqlite {
namespace {

constexpr int64_t kSecondsPerDay = kMicrosPerDay / kMicrosPerSecond;

/// 0000-01-01 00:00:00 and 9999-12-31 23:59:59.
constexpr int64_t kFirstUnixSecond = -62'167'219'200;
constexpr int64_t kLastUnixSecond = 253'402'300'799;

/// The same moments as Julian days; the second is the first that is too late.
constexpr double kFirstJulianDay = 1'721'059.5;
constexpr double kEndJulianDay = 5'373'484.5;

/// Milliseconds from Julian day 0 to 1970-01-01: 2440587.5 days.
constexpr int64_t kUnixEpochJulianMillis = 210'866'760'000'000;

constexpr size_t kMicrosTextLength = 26;  // 2024-01-01 00:00:00.123456

std::string_view WithoutSurplusZeros(std::string_view text) {
  if (text.size() <= kMicrosTextLength || text[19] != '.') return text;
  const bool digits = text.find_first_not_of("0123456789", 20) == std::string_view::npos;
  const bool zeros = text.find_first_not_of('0', kMicrosTextLength) == std::string_view::npos;
  return digits && zeros ? text.substr(0, kMicrosTextLength) : text;
}

std::optional<int32_t> WholeDays(std::optional<int64_t> micros) {
  if (!micros || *micros % kMicrosPerDay != 0) return std::nullopt;
  return static_cast<int32_t>(*micros / kMicrosPerDay);
}

bool IsUnixSecond(int64_t value) { return value >= kFirstUnixSecond && value <= kLastUnixSecond; }

}  // namespace

std::optional<int64_t> MicrosOfText(std::string_view text) {
  const std::string_view trimmed = WithoutSurplusZeros(text);
  int64_t micros = 0;
  if (!arrow::internal::ParseTimestampISO8601(trimmed.data(), trimmed.size(),
                                              arrow::TimeUnit::MICRO, &micros)) {
    return std::nullopt;
  }
  return micros;
}

std::optional<int64_t> MicrosOfInteger(int64_t value) {
  const auto real = static_cast<double>(value);
  if (!IsUnixSecond(value) || (real >= kFirstJulianDay && real < kEndJulianDay)) {
    return std::nullopt;
  }
  return value * kMicrosPerSecond;
}

std::optional<int64_t> MicrosOfReal(double value) {
  if (value >= kFirstJulianDay && value < kEndJulianDay) {
    const auto julian_millis = static_cast<int64_t>(std::llround(value * 86'400'000.0));
    return (julian_millis - kUnixEpochJulianMillis) * 1'000;
  }
  const bool unix_seconds = value >= kEndJulianDay || value < 0;
  if (!unix_seconds || value < static_cast<double>(kFirstUnixSecond) ||
      value > static_cast<double>(kLastUnixSecond)) {
    return std::nullopt;
  }
  return std::llround(value * static_cast<double>(kMicrosPerSecond));
}

std::optional<int32_t> DaysOfText(std::string_view text) { return WholeDays(MicrosOfText(text)); }

std::optional<int32_t> DaysOfInteger(int64_t value) {
  if (!IsUnixSecond(value) || value % kSecondsPerDay != 0) return std::nullopt;
  return static_cast<int32_t>(value / kSecondsPerDay);
}

std::optional<int32_t> DaysOfReal(double value) { return WholeDays(MicrosOfReal(value)); }

}  // namespace headrace::sqlite
