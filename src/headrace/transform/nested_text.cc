#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "headrace/model/json_object.h"
#include "headrace/transform/cast_rule.h"
#include "headrace/transform/value_kind.h"

namespace headrace {
namespace {

/// The JSON text of each value of an array, `null` included.
using JsonTexts = std::vector<std::string>;

arrow::Result<JsonTexts> JsonTextsOf(const arrow::Array& values);

std::string QuotedJson(const std::string& text) { return DumpJson(nlohmann::json(text)); }

/// Numbers and booleans stand bare where JSON has them; it has neither NaN nor infinity.
bool StandsBare(const arrow::Array& values, const std::string& text) {
  const ValueKind kind = KindOf(*values.type());
  const bool number =
      kind == ValueKind::kInteger || kind == ValueKind::kDecimal ||
      (kind == ValueKind::kFloat && text.find_first_of("0123456789") != std::string::npos);
  return number || kind == ValueKind::kBool;
}

arrow::Result<JsonTexts> ScalarTexts(const arrow::Array& values) {
  const CastFunction cast = FindCast(*values.type(), *arrow::utf8());
  if (cast == nullptr) {
    return arrow::Status::Invalid("values of type ", values.type()->ToString(),
                                  " have no text form");
  }
  ARROW_ASSIGN_OR_RAISE(const auto cast_values, cast(values, arrow::utf8()));
  const auto& text = static_cast<const arrow::StringArray&>(*cast_values);
  JsonTexts texts;
  for (int64_t i = 0; i < text.length(); ++i) {
    std::string value = text.IsNull(i) ? "null" : text.GetString(i);
    texts.push_back(text.IsNull(i) || StandsBare(values, value) ? std::move(value)
                                                                : QuotedJson(value));
  }
  return texts;
}

template <typename List>
arrow::Result<JsonTexts> ListTexts(const arrow::Array& values) {
  const auto& lists = static_cast<const List&>(values);
  JsonTexts texts;
  for (int64_t i = 0; i < lists.length(); ++i) {
    if (lists.IsNull(i)) {
      texts.emplace_back("null");
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const JsonTexts elements, JsonTextsOf(*lists.value_slice(i)));
    std::string text = "[";
    for (const std::string& element : elements) text += (text.size() > 1 ? "," : "") + element;
    texts.push_back(text + "]");
  }
  return texts;
}

arrow::Result<JsonTexts> StructTexts(const arrow::Array& values) {
  const auto& structs = static_cast<const arrow::StructArray&>(values);
  JsonTexts texts(static_cast<size_t>(structs.length()), "{");
  for (int f = 0; f < structs.num_fields(); ++f) {
    ARROW_ASSIGN_OR_RAISE(const JsonTexts fields, JsonTextsOf(*structs.field(f)));
    const std::string name =
        (f > 0 ? "," : "") + QuotedJson(structs.type()->field(f)->name()) + ":";
    for (size_t i = 0; i < texts.size(); ++i) texts[i] += name + fields[i];
  }
  for (size_t i = 0; i < texts.size(); ++i) {
    texts[i] = structs.IsNull(static_cast<int64_t>(i)) ? "null" : texts[i] + "}";
  }
  return texts;
}

arrow::Result<JsonTexts> JsonTextsOf(const arrow::Array& values) {
  switch (values.type_id()) {
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return ListTexts<arrow::ListArray>(values);
    case arrow::Type::LARGE_LIST:
      return ListTexts<arrow::LargeListArray>(values);
    case arrow::Type::FIXED_SIZE_LIST:
      return ListTexts<arrow::FixedSizeListArray>(values);
    case arrow::Type::STRUCT:
      return StructTexts(values);
    default:
      return ScalarTexts(values);
  }
}

}  // namespace

ArrayResult CastNestedToText(const arrow::Array& values,
                             const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(const JsonTexts texts, JsonTextsOf(values));
  arrow::StringBuilder builder;
  for (size_t i = 0; i < texts.size(); ++i) {
    ARROW_RETURN_NOT_OK(values.IsNull(static_cast<int64_t>(i)) ? builder.AppendNull()
                                                               : builder.Append(texts[i]));
  }
  ARROW_ASSIGN_OR_RAISE(const auto text, builder.Finish());
  return arrow::compute::Cast(*text, to);
}

}  // namespace headrace
