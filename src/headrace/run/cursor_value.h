#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "headrace/model/commit.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"

/// Values of a cursor that a person or a commit record has written down.
namespace headrace {

/// `value`, or its error with `what`, which names where it is from, and the cursor's type.
arrow::Result<int64_t> NameValue(const Column& column, arrow::Result<int64_t> value,
                                 const std::string& what);

/// The watermark of `intent`, which has one.
arrow::Result<int64_t> WatermarkOf(const Column& column, const CommitIntent& intent);

/// As WatermarkText writes it; none of none.
std::optional<std::string> CursorText(const Column& column, const std::optional<int64_t>& value);

}  // namespace headrace
