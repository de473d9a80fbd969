#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headrace {

/// What the names in a condition of the job can mean where a part of its table is read in the
/// table's place, under the table's name.
struct RowNames {
  std::string table;
  std::vector<std::string> columns;       ///< The table's own.
  std::vector<std::string> part_columns;  ///< That parts of it have besides.
};

/// Whether `condition`, SQL of PostgreSQL with standard_conforming_strings, may mean another thing
/// for the rows of a part than for those of the table, because it refers to whole rows (`t::text`,
/// `t.*`, `f(t)`, `t.f`) or to a column that is not the table's. Looks at its words alone, and
/// takes what it is not sure of for such a reference.
bool MayReferToRow(std::string_view condition, const RowNames& names);

}  // namespace headrace
