#include "headrace/run/cursor_value.h"

#include "headrace/model/watermark.h"

namespace headrace {

arrow::Result<int64_t> NameValue(const Column& column, arrow::Result<int64_t> value,
                                 const std::string& what) {
  if (value.ok()) return value;
  return value.status().WithMessage(what + ": " + value.status().message() + "; the cursor \"" +
                                    column.name + "\" is " + column.source_type);
}

arrow::Result<int64_t> WatermarkOf(const Column& column, const CommitIntent& intent) {
  return NameValue(column, ParseWatermark(*column.type, *intent.watermark),
                   "the watermark of run " + intent.run);
}

std::optional<std::string> CursorText(const Column& column, const std::optional<int64_t>& value) {
  return value ? std::optional(WatermarkText(*column.type, *value)) : std::nullopt;
}

}  // namespace headrace
