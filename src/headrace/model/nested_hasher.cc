#include <arrow/array/data.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "headrace/model/column_hasher.h"
#include "headrace/model/nested_layout.h"

namespace headrace {
namespace {

/// Elements hashed at a time: a row may hold millions, whose hashes would take several times their
/// own memory.
constexpr int64_t kElementsPerBlock = 2048;

/// Lists of any layout. An empty list is NULL: not every destination can tell them apart.
template <typename Layout>
class ListHasher final : public ColumnHasher {
 public:
  ListHasher(const arrow::DataType& type, ColumnSalt salt, std::unique_ptr<ColumnHasher> element)
      : ColumnHasher(salt), layout_(type), element_(std::move(element)) {}

  void AddHashes(const arrow::ArrayData& data, int64_t begin, int64_t count,
                 uint64_t* sums) override {
    if (count == 0) return;
    const int64_t first = data.offset + begin;
    const int64_t end = layout_.At(data, first + count - 1).last;
    block_ = {};
    for (int64_t i = 0; i < count; ++i) {
      const Elements elements = layout_.At(data, first + i);
      const bool null = elements.first == elements.last || IsNullAt(data, first + i);
      sums[i] += null ? salt().null_hash : salt().Hash(WordOf(*data.child_data[0], elements, end));
    }
  }

 private:
  /// Elements up to `end` will be asked for, most likely.
  uint64_t WordOf(const arrow::ArrayData& values, const Elements& elements, int64_t end) {
    uint64_t word = kListTag;
    for (int64_t e = elements.first; e < elements.last;) {
      if (e < block_.first || e >= block_.last) HashBlock(values, e, end);
      const int64_t last = std::min(elements.last, block_.last);
      for (; e < last; ++e) word = Mix(word ^ hashes_[static_cast<size_t>(e - block_.first)]);
    }
    return word;
  }

  void HashBlock(const arrow::ArrayData& values, int64_t first, int64_t end) {
    block_ = {first, std::min(end, first + kElementsPerBlock)};
    hashes_.assign(static_cast<size_t>(block_.last - block_.first), 0);
    element_->AddHashes(values, block_.first, block_.last - block_.first, hashes_.data());
  }

  Layout layout_;
  std::unique_ptr<ColumnHasher> element_;
  Elements block_;                // Whose hashes are at hand.
  std::vector<uint64_t> hashes_;  // Of the elements of block_.
};

class StructHasher final : public ColumnHasher {
 public:
  StructHasher(ColumnSalt salt, std::vector<std::unique_ptr<ColumnHasher>> fields)
      : ColumnHasher(salt), fields_(std::move(fields)) {}

  void AddHashes(const arrow::ArrayData& data, int64_t begin, int64_t count,
                 uint64_t* sums) override {
    const int64_t first = data.offset + begin;
    field_sums_.assign(static_cast<size_t>(count), 0);
    for (size_t f = 0; f < fields_.size(); ++f) {
      fields_[f]->AddHashes(*data.child_data[f], first, count, field_sums_.data());
    }
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t word = Mix(field_sums_[static_cast<size_t>(i)]) ^ kStructTag;
      sums[i] += IsNullAt(data, first + i) ? salt().null_hash : salt().Hash(word);
    }
  }

 private:
  std::vector<std::unique_ptr<ColumnHasher>> fields_;
  std::vector<uint64_t> field_sums_;
};

/// Dictionary arrays by value. Each dictionary is hashed once, not once per row.
class DictionaryHasher final : public ColumnHasher {
 public:
  DictionaryHasher(const arrow::DictionaryType& type, ColumnSalt salt,
                   std::unique_ptr<ColumnHasher> value)
      : ColumnHasher(salt),
        index_width_(type.index_type()->byte_width()),
        value_(std::move(value)) {}

  void AddHashes(const arrow::ArrayData& data, int64_t begin, int64_t count,
                 uint64_t* sums) override {
    HashDictionary(data.dictionary);
    const int64_t first = data.offset + begin;
    for (int64_t i = 0; i < count; ++i) {
      sums[i] += IsNullAt(data, first + i)
                     ? salt().null_hash
                     : hashes_[static_cast<size_t>(IndexAt(data, index_width_, first + i))];
    }
  }

 private:
  void HashDictionary(const std::shared_ptr<arrow::ArrayData>& dictionary) {
    if (dictionary == dictionary_) return;
    hashes_.assign(static_cast<size_t>(dictionary->length), 0);
    value_->AddHashes(*dictionary, 0, dictionary->length, hashes_.data());
    dictionary_ = dictionary;
  }

  int index_width_;
  std::unique_ptr<ColumnHasher> value_;
  std::shared_ptr<arrow::ArrayData>
      dictionary_;                // Kept, so that its address is not another dictionary's.
  std::vector<uint64_t> hashes_;  // Of the values of dictionary_.
};

using HasherResult = arrow::Result<std::unique_ptr<ColumnHasher>>;

template <typename Layout>
HasherResult MakeListHasher(const arrow::DataType& type, uint64_t position) {
  ARROW_ASSIGN_OR_RAISE(auto element, MakeColumnHasher(*type.field(0)->type(), 0));
  return std::make_unique<ListHasher<Layout>>(type, ColumnSalt::At(position), std::move(element));
}

HasherResult MakeStructHasher(const arrow::DataType& type, uint64_t position) {
  std::vector<std::unique_ptr<ColumnHasher>> fields;
  for (const auto& field : type.fields()) {
    ARROW_ASSIGN_OR_RAISE(auto hasher, MakeColumnHasher(*field->type(), fields.size()));
    fields.push_back(std::move(hasher));
  }
  return std::make_unique<StructHasher>(ColumnSalt::At(position), std::move(fields));
}

HasherResult MakeDictionaryHasher(const arrow::DataType& type, uint64_t position) {
  const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
  ARROW_ASSIGN_OR_RAISE(auto value, MakeColumnHasher(*dictionary.value_type(), position));
  return std::make_unique<DictionaryHasher>(dictionary, ColumnSalt::At(position), std::move(value));
}

HasherResult MakeExtensionHasher(const arrow::DataType& type, uint64_t position) {
  return MakeColumnHasher(*static_cast<const arrow::ExtensionType&>(type).storage_type(), position);
}

struct NestedRow {
  arrow::Type::type type;
  HasherResult (*make)(const arrow::DataType&, uint64_t);
};

constexpr std::array<NestedRow, 7> kNestedHashers = {{
    {arrow::Type::LIST, MakeListHasher<OffsetElements<int32_t>>},
    {arrow::Type::MAP, MakeListHasher<OffsetElements<int32_t>>},
    {arrow::Type::LARGE_LIST, MakeListHasher<OffsetElements<int64_t>>},
    {arrow::Type::FIXED_SIZE_LIST, MakeListHasher<FixedElements>},
    {arrow::Type::STRUCT, MakeStructHasher},
    {arrow::Type::DICTIONARY, MakeDictionaryHasher},
    {arrow::Type::EXTENSION, MakeExtensionHasher},
}};

}  // namespace

arrow::Result<std::unique_ptr<ColumnHasher>> MakeNestedHasher(const arrow::DataType& type,
                                                              uint64_t position) {
  for (const NestedRow& row : kNestedHashers) {
    if (row.type == type.id()) return row.make(type, position);
  }
  return std::unique_ptr<ColumnHasher>();
}

}  // namespace headrace
