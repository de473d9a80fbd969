#pragma once

#include <string>

#include "headrace/model/work_unit.h"

namespace headrace {

/// Which rows a unit takes, in a few words: `pages 0 to 511 of events`, `id from 1 to 50000`, `all
/// rows`.
std::string SplitText(const Split& split);

}  // namespace headrace
