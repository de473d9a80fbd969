#pragma once

#include <string>
#include <vector>

#include "headrace/model/table_ref.h"

namespace headrace {

/// Does a person who writes `name`, behind `--only` say, mean `table`? By its label, its directory,
/// its name in another spelling, or by wildcards that match it; without a schema they are for any.
bool IsNamed(const TableRef& table, const std::string& name);

/// Names in a sentence, however many there are: `a, b, c and 4 more`.
std::string SomeNames(const std::vector<std::string>& names);

}  // namespace headrace
