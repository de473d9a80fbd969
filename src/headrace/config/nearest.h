#pragma once

#include <span>
#include <string>
#include <string_view>

namespace headrace {

/// Edits that make one text of the other: insert, delete, replace, swap neighbours ("optimal string
/// alignment"); letters of both cases, `-` and `_` count as equal.
int EditDistance(std::string_view a, std::string_view b);

/// The candidate that `text` is most likely a slip of; empty where none is near (more than a third
/// of it differs).
std::string_view Nearest(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace headrace
