#pragma once

#include <string_view>

namespace headrace {

/// Whether `text` may be the name of a time zone, rather than an offset as people write it:
/// `+02:00`, `UTC-5`. SQL servers read those as POSIX rules, in which a positive number lies west
/// of Greenwich: the other way around from what is meant. Of the names in the time zone database
/// only `Etc/GMT+5` and its like have a sign before a digit. Does not know which names there are.
bool IsZoneName(std::string_view text);

/// Whether two names are of one zone, as far as names tell: in any case, and UTC under each of its
/// own.
bool AreOneZone(std::string_view one, std::string_view other);

}  // namespace headrace
