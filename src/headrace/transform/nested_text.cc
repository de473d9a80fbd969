#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/model/json_object.h"
#include "headrace/transform/cast_rule.h"
#include "headrace/transform/value_kind.h"

namespace headrace {
namespace {

/// The text that is being written: more of its last value.
class JsonText {
 public:
  arrow::Status Begin() { return builder_.Append(std::string_view()); }
  arrow::Status AppendNull() { return builder_.AppendNull(); }
  arrow::Status Add(std::string_view text) { return builder_.ExtendCurrent(text); }
  ArrayResult Finish() { return builder_.Finish(); }

 private:
  arrow::StringBuilder builder_;
};

/// Writes the values of one array as JSON, `null` included.
class JsonWriter {
 public:
  JsonWriter() = default;
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;
  virtual ~JsonWriter() = default;
  virtual arrow::Status Write(int64_t row, JsonText& text) = 0;
};

using ArrayPtr = std::shared_ptr<arrow::Array>;
using JsonWriterPtr = std::unique_ptr<JsonWriter>;

arrow::Result<JsonWriterPtr> MakeJsonWriter(ArrayPtr values);

std::string QuotedJson(std::string_view text) { return DumpJson(nlohmann::json(text)); }

/// Numbers and booleans stand bare where JSON has them; it has neither NaN nor infinity.
bool StandsBare(ValueKind kind, std::string_view text) {
  const bool number =
      kind == ValueKind::kInteger || kind == ValueKind::kDecimal ||
      (kind == ValueKind::kFloat && text.find_first_of("0123456789") != std::string_view::npos);
  return number || kind == ValueKind::kBool;
}

/// Casts a block of values at a time: the texts of all of them might take many times their memory.
class ScalarWriter final : public JsonWriter {
 public:
  ScalarWriter(ArrayPtr values, CastFunction cast)
      : values_(std::move(values)), kind_(KindOf(*values_->type())), cast_(cast) {}

  arrow::Status Write(int64_t row, JsonText& text) override {
    if (row < first_ || row >= first_ + length_) ARROW_RETURN_NOT_OK(CastFrom(row));
    const auto& texts = static_cast<const arrow::StringArray&>(*texts_);
    const int64_t i = row - first_;
    if (texts.IsNull(i)) return text.Add("null");
    const std::string_view value = texts.GetView(i);
    return StandsBare(kind_, value) ? text.Add(value) : text.Add(QuotedJson(value));
  }

 private:
  static constexpr int64_t kBlock = 1024;

  /// Values inside of what is NULL are never asked for and may have no text form: a block ends
  /// before them.
  arrow::Status CastFrom(int64_t row) {
    int64_t count = std::min(kBlock, values_->length() - row);
    auto texts = cast_(*values_->Slice(row, count), arrow::utf8());
    while (!texts.ok() && count > 1) {
      count /= 2;
      texts = cast_(*values_->Slice(row, count), arrow::utf8());
    }
    ARROW_ASSIGN_OR_RAISE(texts_, std::move(texts));
    first_ = row;
    length_ = count;
    return arrow::Status::OK();
  }

  ArrayPtr values_;
  ValueKind kind_;
  CastFunction cast_;
  ArrayPtr texts_;  // Of the values from first_.
  int64_t first_ = 0;
  int64_t length_ = 0;
};

template <typename List>
class ListWriter final : public JsonWriter {
 public:
  ListWriter(ArrayPtr values, JsonWriterPtr element)
      : values_(std::move(values)), element_(std::move(element)) {}

  arrow::Status Write(int64_t row, JsonText& text) override {
    const auto& lists = static_cast<const List&>(*values_);
    if (lists.IsNull(row)) return text.Add("null");
    const int64_t first = lists.value_offset(row);
    const int64_t end = first + lists.value_length(row);
    ARROW_RETURN_NOT_OK(text.Add("["));
    for (int64_t e = first; e < end; ++e) {
      if (e > first) ARROW_RETURN_NOT_OK(text.Add(","));
      ARROW_RETURN_NOT_OK(element_->Write(e, text));
    }
    return text.Add("]");
  }

 private:
  ArrayPtr values_;
  JsonWriterPtr element_;
};

class StructWriter final : public JsonWriter {
 public:
  struct Field {
    std::string name;  ///< With everything that stands between the values.
    JsonWriterPtr value;
  };

  StructWriter(ArrayPtr values, std::vector<Field> fields)
      : values_(std::move(values)), fields_(std::move(fields)) {}

  arrow::Status Write(int64_t row, JsonText& text) override {
    if (values_->IsNull(row)) return text.Add("null");
    for (const Field& field : fields_) {
      ARROW_RETURN_NOT_OK(text.Add(field.name));
      ARROW_RETURN_NOT_OK(field.value->Write(row, text));
    }
    return text.Add(fields_.empty() ? "{}" : "}");
  }

 private:
  ArrayPtr values_;
  std::vector<Field> fields_;
};

template <typename List>
arrow::Result<JsonWriterPtr> MakeListWriter(ArrayPtr values) {
  ARROW_ASSIGN_OR_RAISE(auto element, MakeJsonWriter(static_cast<const List&>(*values).values()));
  return std::make_unique<ListWriter<List>>(std::move(values), std::move(element));
}

arrow::Result<JsonWriterPtr> MakeStructWriter(ArrayPtr values) {
  const auto& structs = static_cast<const arrow::StructArray&>(*values);
  std::vector<StructWriter::Field> fields;
  for (int f = 0; f < structs.num_fields(); ++f) {
    ARROW_ASSIGN_OR_RAISE(auto value, MakeJsonWriter(structs.field(f)));
    const std::string& name = structs.type()->field(f)->name();
    fields.push_back({(f > 0 ? "," : "{") + QuotedJson(name) + ":", std::move(value)});
  }
  return std::make_unique<StructWriter>(std::move(values), std::move(fields));
}

arrow::Result<JsonWriterPtr> MakeScalarWriter(ArrayPtr values) {
  const CastFunction cast = FindCast(*values->type(), *arrow::utf8());
  if (cast == nullptr) {
    return arrow::Status::Invalid("values of type ", values->type()->ToString(),
                                  " have no text form");
  }
  return std::make_unique<ScalarWriter>(std::move(values), cast);
}

arrow::Result<JsonWriterPtr> MakeJsonWriter(ArrayPtr values) {
  switch (values->type_id()) {
    case arrow::Type::LIST:
    case arrow::Type::MAP:
      return MakeListWriter<arrow::ListArray>(std::move(values));
    case arrow::Type::LARGE_LIST:
      return MakeListWriter<arrow::LargeListArray>(std::move(values));
    case arrow::Type::FIXED_SIZE_LIST:
      return MakeListWriter<arrow::FixedSizeListArray>(std::move(values));
    case arrow::Type::STRUCT:
      return MakeStructWriter(std::move(values));
    default:
      return MakeScalarWriter(std::move(values));
  }
}

}  // namespace

ArrayResult CastNestedToText(const arrow::Array& values,
                             const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(const auto writer, MakeJsonWriter(arrow::MakeArray(values.data())));
  JsonText text;
  for (int64_t row = 0; row < values.length(); ++row) {
    if (values.IsNull(row)) {
      ARROW_RETURN_NOT_OK(text.AppendNull());
      continue;
    }
    ARROW_RETURN_NOT_OK(text.Begin());
    ARROW_RETURN_NOT_OK(writer->Write(row, text));
  }
  ARROW_ASSIGN_OR_RAISE(const auto texts, text.Finish());
  return arrow::compute::Cast(*texts, to);
}

}  // namespace headrace
