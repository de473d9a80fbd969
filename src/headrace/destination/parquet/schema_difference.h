#pragma once

#include <string>
#include <string_view>

namespace headrace {

/// Empty if the two schemas (Arrow's text form, a line per column) are equal; else the columns that
/// only one of them has, a line each: `- ` in front of those of `table` alone, `+ ` in front of
/// those of `run` alone, or that the order differs.
std::string SchemaDifference(std::string_view table, std::string_view run);

}  // namespace headrace
