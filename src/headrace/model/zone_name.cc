#include "headrace/model/zone_name.h"

#include <algorithm>
#include <array>
#include <string>

#include "headrace/model/ascii.h"

namespace headrace {
namespace {

/// The links to Etc/UTC and Etc/GMT in the IANA time zone database (files `etcetera` and
/// `backward`), in small letters and without `etc/`.
constexpr std::array<std::string_view, 9> kNamesOfUtc = {
    "utc", "gmt", "uct", "zulu", "universal", "greenwich", "gmt0", "gmt+0", "gmt-0"};

std::string Normal(std::string_view zone) {
  const std::string small = LowerAsciiText(zone);
  const std::string_view name = std::string_view(small).substr(small.starts_with("etc/") ? 4 : 0);
  return std::ranges::find(kNamesOfUtc, name) != kNamesOfUtc.end() ? "utc" : small;
}

}  // namespace

bool AreOneZone(std::string_view one, std::string_view other) {
  return Normal(one) == Normal(other);
}

bool IsZoneName(std::string_view text) {
  constexpr std::string_view kSigns = "+-";
  size_t sign = text.find_first_of(kSigns);
  while (sign != std::string_view::npos) {
    const std::string_view behind = text.substr(sign + 1);
    const bool is_offset = !behind.empty() && behind.front() >= '0' && behind.front() <= '9';
    if (is_offset && !LowerAsciiText(text.substr(0, sign)).ends_with("etc/gmt")) return false;
    sign = text.find_first_of(kSigns, sign + 1);
  }
  return true;
}

}  // namespace headrace
