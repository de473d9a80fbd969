#include "headrace/model/description.h"

#include <algorithm>

namespace headrace {

const Column* Description::FindColumn(std::string_view name) const {
  const auto found = std::ranges::find(columns, name, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

}  // namespace headrace
