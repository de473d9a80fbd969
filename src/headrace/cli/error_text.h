#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// What a person can do about an error of this class, as a sentence; empty where the message itself
/// says it.
std::string_view NextStep(const arrow::Status& error);

/// A width that nothing reaches.
inline constexpr size_t kNoWrap = std::numeric_limits<size_t>::max();

/// `headrace: MESSAGE`, and the next step in a line of its own, wrapped to `width`. Without Arrow's
/// names of error codes, safe for a terminal, without a line feed at the end.
std::string FatalErrorText(const arrow::Status& error, size_t width = kNoWrap);

}  // namespace headrace
