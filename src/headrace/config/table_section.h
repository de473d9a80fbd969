#pragma once

#include <span>

#include "headrace/config/section.h"

namespace headrace {

/// `tables:`. `destinations`: those whose options a table may override (OptionSpec::per_table).
Section TablesSection(std::span<const PluginOptions> destinations);

}  // namespace headrace
