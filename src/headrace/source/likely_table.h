#pragma once

#include <span>
#include <string>

#include "headrace/model/table_ref.h"

namespace headrace {

/// `; did you mean public.Orders, public.order or sales.orders?`: at most three of `tables`, the
/// nearest first, as a job writes their names; empty where none is near. A slip may be in the name,
/// in the schema or in both; another schema altogether counts where the name is the same.
std::string DidYouMeanTable(const TableRef& wanted, std::span<const TableRef> tables);

}  // namespace headrace
