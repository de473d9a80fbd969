#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Values as BigQuery's JSON writes them: in tabledata.list every value that is neither NULL nor an
/// array nor a RECORD is text. The service documents the type of none of these texts [1]; what is
/// read here is what Google's own clients read [2], and no more. Each returns nothing where the
/// text is no such value, or one that the type cannot hold exactly.
///
///   [1] cloud.google.com/bigquery/docs/reference/rest/v2/tabledata/list
///   [2] github.com/googleapis: python-bigquery, google/cloud/bigquery/_helpers.py;
///       google-cloud-go, bigquery/value.go; google-cloud-ruby, …/bigquery/convert.rb
namespace headrace {

/// BOOLEAN: `true` or `false`.
std::optional<bool> ListedBool(std::string_view text);

/// INTEGER: decimal digits, a minus in front of those of negative ones.
template <typename Integer>
std::optional<Integer> ListedInteger(std::string_view text) {
  Integer value = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto parsed = std::from_chars(begin, end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

/// FLOAT: a number with a point or an exponent or without, `NaN`, `Infinity`, `-Infinity`; also
/// `Inf` and `-Inf`.
std::optional<double> ListedDouble(std::string_view text);

/// FLOAT of a value that was a float before it was stored as a double.
std::optional<float> ListedFloat(std::string_view text);

/// DATE: `2024-01-31`, as days since 1970.
std::optional<int32_t> ListedDate(std::string_view text);

/// TIME: `09:15:00`, one to six digits behind a point or none, as microseconds since midnight.
std::optional<int64_t> ListedTime(std::string_view text);

/// DATETIME: date and time as above with a `T` between them, as microseconds since 1970.
std::optional<int64_t> ListedDatetime(std::string_view text);

/// TIMESTAMP, as microseconds since 1970: an integer is just these, which is the answer to
/// formatOptions.useInt64Timestamp; with a point or an exponent it is a number of seconds (`1.5`,
/// `1.7E9`), which is the answer to those who do not ask. That one is a double, so that the service
/// always writes one of the two; it is not computed as a double here.
std::optional<int64_t> ListedTimestamp(std::string_view text);

/// BYTES: base64 of the standard alphabet, padded.
std::optional<std::string> ListedBytes(std::string_view text);

}  // namespace headrace
