#pragma once

#include <string>
#include <string_view>

namespace headrace {

/// The first word of the SQL condition `where` whose value is another one a moment later (now(),
/// CURRENT_DATE, random(), SQLite's date('now')); empty if there is none. A look at words, not at
/// SQL: a column of such a name counts as well.
std::string MovingWord(std::string_view where);

}  // namespace headrace
