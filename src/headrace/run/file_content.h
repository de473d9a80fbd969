#pragma once

#include <span>
#include <string>
#include <string_view>

#include "headrace/model/receipt.h"

namespace headrace {

/// What the receipts of a table's epoch say of its file `file`, for who looks for the rows of a
/// damaged one: `units 3 to 9, id from 350001 to 499999`. The range is that of `split_column`, or
/// of the first column that has one. Empty where no receipt names the file.
std::string ContentOf(std::string_view file, std::span<const Receipt> receipts,
                      std::string_view split_column);

}  // namespace headrace
