#include <arrow/extension_type.h>
#include <arrow/type.h>

#include <array>
#include <utility>

#include "headrace/model/json_record_writer.h"
#include "headrace/model/json_value_writer.h"
#include "headrace/model/nested_layout.h"

namespace headrace {
namespace {

/// Lists of any layout; maps too, whose elements are structs.
template <typename Layout>
class ListJson final : public JsonValueWriter {
 public:
  ListJson(const arrow::DataType& type, std::unique_ptr<JsonValueWriter> element)
      : layout_(type), element_(std::move(element)) {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    const Elements elements = layout_.At(data, position);
    const arrow::ArrayData& values = *data.child_data[0];
    json += '[';
    for (int64_t e = elements.first; e < elements.last; ++e) {
      if (e > elements.first) json += ',';
      element_->Append(values, values.offset + e, json);
    }
    json += ']';
  }

  Layout layout_;
  std::unique_ptr<JsonValueWriter> element_;
};

class StructJson final : public JsonValueWriter {
 public:
  explicit StructJson(JsonRecordWriter record) : record_(std::move(record)) {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    record_.Append(data.child_data, position, json);
  }

  JsonRecordWriter record_;
};

/// Dictionary arrays by value, which may be NULL where the index is not.
class DictionaryJson final : public JsonValueWriter {
 public:
  DictionaryJson(const arrow::DictionaryType& type, std::unique_ptr<JsonValueWriter> value)
      : index_width_(type.index_type()->byte_width()), value_(std::move(value)) {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    const arrow::ArrayData& dictionary = *data.dictionary;
    const int64_t index = IndexAt(data, index_width_, position);
    value_->Append(dictionary, dictionary.offset + index, json);
  }

  int index_width_;
  std::unique_ptr<JsonValueWriter> value_;
};

template <typename Layout>
JsonWriterResult MakeListJson(const arrow::DataType& type, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto element, MakeJsonWriter(*type.field(0)->type(), path + "[]"));
  return std::make_unique<ListJson<Layout>>(type, std::move(element));
}

JsonWriterResult MakeStructJson(const arrow::DataType& type, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto record, JsonRecordWriter::Make(type.fields(), path));
  return std::make_unique<StructJson>(std::move(record));
}

/// The type has names of its own for the two fields of an entry, which mean nothing.
JsonWriterResult MakeMapJson(const arrow::DataType& type, const std::string& path) {
  const auto& map = static_cast<const arrow::MapType&>(type);
  const auto entry =
      arrow::struct_({arrow::field("key", map.key_type()), arrow::field("value", map.item_type())});
  return MakeListJson<OffsetElements<int32_t>>(*arrow::list(entry), path);
}

JsonWriterResult MakeDictionaryJson(const arrow::DataType& type, const std::string& path) {
  const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
  ARROW_ASSIGN_OR_RAISE(auto value, MakeJsonWriter(*dictionary.value_type(), path));
  return std::make_unique<DictionaryJson>(dictionary, std::move(value));
}

JsonWriterResult MakeExtensionJson(const arrow::DataType& type, const std::string& path) {
  return MakeJsonWriter(*static_cast<const arrow::ExtensionType&>(type).storage_type(), path);
}

struct NestedJsonRow {
  arrow::Type::type type;
  JsonWriterResult (*make)(const arrow::DataType&, const std::string& path);
};

constexpr std::array<NestedJsonRow, 7> kNestedJsonWriters = {{
    {arrow::Type::LIST, MakeListJson<OffsetElements<int32_t>>},
    {arrow::Type::LARGE_LIST, MakeListJson<OffsetElements<int64_t>>},
    {arrow::Type::FIXED_SIZE_LIST, MakeListJson<FixedElements>},
    {arrow::Type::MAP, MakeMapJson},
    {arrow::Type::STRUCT, MakeStructJson},
    {arrow::Type::DICTIONARY, MakeDictionaryJson},
    {arrow::Type::EXTENSION, MakeExtensionJson},
}};

}  // namespace

JsonWriterResult MakeNestedJsonWriter(const arrow::DataType& type, const std::string& path) {
  for (const NestedJsonRow& row : kNestedJsonWriters) {
    if (row.type == type.id()) return row.make(type, path);
  }
  return nullptr;
}

}  // namespace headrace
