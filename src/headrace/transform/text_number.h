#pragma once

#include <cmath>
#include <string_view>

/// What text says of a number before anybody computes it: where Arrow reads more, or less, than is
/// written.
namespace headrace {

/// Arrow reads `0x1F` as an integer.
inline bool WritesHexadecimal(std::string_view text) {
  return text.find_first_of("xX") != std::string_view::npos;
}

/// Whether `text` writes a number other than zero: a digit before the exponent says so.
inline bool WritesNonZero(std::string_view text) {
  return text.substr(0, text.find_first_of("eE")).find_first_of("123456789") !=
         std::string_view::npos;
}

/// Whether `text` writes a number and not "inf" or "nan".
inline bool WritesNumber(std::string_view text) {
  return text.find_first_of("0123456789") != std::string_view::npos;
}

/// Arrow reads numbers that are too large as infinity, and those that are too small as zero.
inline bool LosesMagnitude(std::string_view text, double value) {
  return WritesNumber(text) && (!std::isfinite(value) || (value == 0 && WritesNonZero(text)));
}

}  // namespace headrace
