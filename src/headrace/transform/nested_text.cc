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
#include "headrace/transform/unfit_rows.h"
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
  /// Whether the value has a text form, and all that is inside of it.
  virtual bool Fits(int64_t row) const = 0;
  /// Of a value that fits.
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
  /// `unfit`: rows of values without a text form, which are NULL in `values`.
  ScalarWriter(ArrayPtr values, CastFunction cast, std::vector<int64_t> unfit)
      : values_(std::move(values)),
        kind_(KindOf(*values_->type())),
        cast_(cast),
        unfit_(std::move(unfit)) {}

  bool Fits(int64_t row) const override { return !std::ranges::binary_search(unfit_, row); }

  arrow::Status Write(int64_t row, JsonText& text) override {
    const int64_t end = texts_ == nullptr ? first_ : first_ + texts_->length();
    if (row < first_ || row >= end) ARROW_RETURN_NOT_OK(CastFrom(row));
    const int64_t i = row - first_;
    if (texts_->IsNull(i)) return text.Add("null");
    const std::string_view value = texts_->GetView(i);
    return StandsBare(kind_, value) ? text.Add(value) : text.Add(QuotedJson(value));
  }

 private:
  static constexpr int64_t kBlock = 1024;

  arrow::Status CastFrom(int64_t row) {
    ARROW_ASSIGN_OR_RAISE(auto texts, cast_(*values_->Slice(row, kBlock), arrow::utf8()));
    texts_ = std::static_pointer_cast<arrow::StringArray>(std::move(texts));
    first_ = row;
    return arrow::Status::OK();
  }

  ArrayPtr values_;
  ValueKind kind_;
  CastFunction cast_;
  std::vector<int64_t> unfit_;
  std::shared_ptr<arrow::StringArray> texts_;  // Of the values from first_.
  int64_t first_ = 0;
};

template <typename List>
class ListWriter final : public JsonWriter {
 public:
  /// `element`: of the elements from the first list's first one.
  ListWriter(ArrayPtr values, JsonWriterPtr element)
      : values_(std::move(values)), element_(std::move(element)) {}

  bool Fits(int64_t row) const override {
    if (values_->IsNull(row)) return true;
    const Run elements = ElementsOf(row);
    for (int64_t e = elements.first; e < elements.end; ++e) {
      if (!element_->Fits(e)) return false;
    }
    return true;
  }

  arrow::Status Write(int64_t row, JsonText& text) override {
    if (values_->IsNull(row)) return text.Add("null");
    const Run elements = ElementsOf(row);
    ARROW_RETURN_NOT_OK(text.Add("["));
    for (int64_t e = elements.first; e < elements.end; ++e) {
      if (e > elements.first) ARROW_RETURN_NOT_OK(text.Add(","));
      ARROW_RETURN_NOT_OK(element_->Write(e, text));
    }
    return text.Add("]");
  }

 private:
  struct Run {
    int64_t first = 0;
    int64_t end = 0;
  };

  Run ElementsOf(int64_t row) const {
    const auto& lists = static_cast<const List&>(*values_);
    const int64_t first = lists.value_offset(row) - lists.value_offset(0);
    return {.first = first, .end = first + lists.value_length(row)};
  }

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

  bool Fits(int64_t row) const override {
    return values_->IsNull(row) ||
           std::ranges::all_of(fields_, [&](const Field& field) { return field.value->Fits(row); });
  }

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

/// Those of the lists alone, which may be a small part of what they were cut from.
template <typename List>
ArrayPtr ElementsOf(const List& lists) {
  if (lists.length() == 0) return lists.values()->Slice(0, 0);
  const int64_t last = lists.length() - 1;
  const int64_t first = lists.value_offset(0);
  return lists.values()->Slice(first, lists.value_offset(last) + lists.value_length(last) - first);
}

template <typename List>
arrow::Result<JsonWriterPtr> MakeListWriter(ArrayPtr values) {
  ARROW_ASSIGN_OR_RAISE(auto element,
                        MakeJsonWriter(ElementsOf(static_cast<const List&>(*values))));
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
  std::vector<int64_t> unfit_rows;
  if (const UnfitFunction unfit = FindUnfit(*values->type(), *arrow::utf8())) {
    ARROW_ASSIGN_OR_RAISE(unfit_rows, unfit(*values, *arrow::utf8()));
  }
  if (!unfit_rows.empty()) {
    ARROW_ASSIGN_OR_RAISE(values, WithNulls(*values, unfit_rows));
  }
  return std::make_unique<ScalarWriter>(std::move(values), cast, std::move(unfit_rows));
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
    if (!writer->Fits(row)) return arrow::Status::Invalid("a part of it has no text form");
    ARROW_RETURN_NOT_OK(text.Begin());
    ARROW_RETURN_NOT_OK(writer->Write(row, text));
  }
  ARROW_ASSIGN_OR_RAISE(const auto texts, text.Finish());
  return arrow::compute::Cast(*texts, to);
}

UnfitResult UnfitNestedForText(const arrow::Array& values, const arrow::DataType& /*to*/) {
  ARROW_ASSIGN_OR_RAISE(const auto writer, MakeJsonWriter(arrow::MakeArray(values.data())));
  return RowsThatDoNot(values, [&](int64_t row) { return writer->Fits(row); });
}

}  // namespace headrace
