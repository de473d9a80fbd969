#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "headrace/model/error.h"

namespace headrace {

/// What people know a row of the batch by, for the words of an error.
using RowNameFunction = std::function<std::string(int64_t row)>;

/// What is said of a value that follows a policy by which it is an error.
struct UnfitWords {
  std::string column;
  std::string value;  ///< As messages show it, with where in the row's value it stands.
  std::string place;  ///< That it does not fit: a type, the destination's column.
  std::string row;
  std::string reason;
  std::string advice;
};

/// Advice where NULL may stand in the place of the value.
inline constexpr const char* kNullWouldLoadIt = "on_overflow: null would load it";

/// An error of class permanent, in the words of the sources, whose own readers follow the same
/// policy.
arrow::Status UnfitError(const UnfitWords& words);

}  // namespace headrace
