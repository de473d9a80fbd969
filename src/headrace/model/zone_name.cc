#include "headrace/model/zone_name.h"

#include "headrace/model/ascii.h"

namespace headrace {

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
