#pragma once

#include <cstddef>
#include <string>

#include "headrace/source/source.h"

namespace headrace {

/// The statements that give the role what it lacks, in a block to be copied, each in one line
/// however wide, with an empty line before; empty: it lacks nothing. `helpful`: also what it could
/// do without.
std::string RightsText(const MissingRights& rights, bool helpful, size_t width);

}  // namespace headrace
