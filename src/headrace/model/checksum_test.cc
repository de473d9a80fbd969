#include "headrace/model/checksum.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/builder.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <gtest/gtest.h>

#include <ostream>

#include "headrace/model/value_hash.h"

namespace headrace {
namespace {

using SumType = std::shared_ptr<arrow::DataType>;

SumType ListOfInt() { return arrow::list(arrow::int64()); }
SumType IntAndText() {
  return arrow::struct_({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())});
}

std::shared_ptr<arrow::Array> SumArray(const SumType& type, const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

Checksum SumOf(const std::vector<std::shared_ptr<arrow::Array>>& columns) {
  arrow::FieldVector fields;
  for (const auto& column : columns) fields.push_back(arrow::field("c", column->type()));
  const auto batch =
      arrow::RecordBatch::Make(arrow::schema(fields), columns.front()->length(), columns);
  return ChecksumTaker::Make(*batch->schema()).ValueOrDie().Take(*batch).ValueOrDie();
}

Checksum SumOf(const SumType& type, const std::string& json) {
  return SumOf({SumArray(type, json)});
}

std::string Digits(int tens) {
  std::string digits;
  for (int i = 0; i < tens; ++i) digits += "0123456789";
  return digits;
}

/// One value in one column, and the checksum of that table: the test vectors of
/// docs/format/checksum.md.
struct ChecksumVector {
  SumType type;
  std::string json;
  std::string hex;
};

std::ostream& operator<<(std::ostream& out, const ChecksumVector& v) {
  return out << v.type->ToString() << " " << v.json;
}

class ChecksumVectorTest : public ::testing::TestWithParam<ChecksumVector> {};

TEST_P(ChecksumVectorTest, IsAsSpecified) {
  const Checksum checksum = SumOf(GetParam().type, GetParam().json);
  EXPECT_EQ(checksum.ToHex(), GetParam().hex);
  EXPECT_EQ(checksum.rows, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Format, ChecksumVectorTest,
    ::testing::Values(
        ChecksumVector{arrow::int64(), "[null]", "7b476c5a5333d0ec"},
        ChecksumVector{arrow::int64(), "[0]", "d4c1eac9c7908ba7"},
        ChecksumVector{arrow::int64(), "[5]", "16798cc434168c0f"},
        ChecksumVector{arrow::int64(), "[-1]", "c6e64d930ed780ea"},
        ChecksumVector{arrow::int64(), "[9223372036854775807]", "8749ff594b781b75"},
        ChecksumVector{arrow::uint64(), "[18446744073709551615]", "2d61733a0d1407fd"},
        ChecksumVector{arrow::boolean(), "[true]", "ad28eac8bcf9dfa8"},
        ChecksumVector{arrow::decimal128(12, 2), R"(["5.00"])", "16798cc434168c0f"},
        ChecksumVector{arrow::decimal128(12, 2), R"(["12.34"])", "28a9c7714adba493"},
        ChecksumVector{arrow::decimal128(12, 2), R"(["-0.50"])", "89ed8758fed95175"},
        ChecksumVector{arrow::decimal128(38, 2), R"(["123456789012345678901234567890.10"])",
                       "08229c18eee00390"},
        ChecksumVector{arrow::decimal256(76, 0), R"(["-1)" + std::string(60, '0') + R"("])",
                       "f7b699af87e402f2"},
        ChecksumVector{arrow::float64(), "[1.5]", "c98ee2957f20b2b6"},
        ChecksumVector{arrow::float64(), "[-0.0]", "e5aa562640d7355c"},
        ChecksumVector{arrow::float64(), "[NaN]", "e41c97d0ad328587"},
        ChecksumVector{arrow::utf8(), R"([""])", "26671c408f8c0583"},
        ChecksumVector{arrow::utf8(), R"(["headrace"])", "c0d544c08d3da4e6"},
        ChecksumVector{arrow::utf8(), "[\"" + Digits(30) + "\"]", "4a326b00db30eb91"},
        ChecksumVector{arrow::date32(), "[19723]", "d1d44eafeb365f79"},
        ChecksumVector{arrow::time64(arrow::TimeUnit::MICRO), "[86399999999]", "fb9de4d3d510e8c8"},
        ChecksumVector{arrow::timestamp(arrow::TimeUnit::MICRO), "[1704067200000000]",
                       "a484f7aa56209ec3"},
        ChecksumVector{arrow::timestamp(arrow::TimeUnit::NANO), "[1704067200000000001]",
                       "fe2a125f2580dcfa"},
        ChecksumVector{ListOfInt(), "[[]]", "7b476c5a5333d0ec"},
        ChecksumVector{ListOfInt(), "[[1, null]]", "6150a9903bbd5b69"},
        ChecksumVector{IntAndText(), R"([{"a": 1, "b": null}])", "8e1d7fb9789d6215"}));

TEST(ChecksumTest, SeveralRowsAndColumnsAsSpecified) {
  const Checksum checksum = SumOf({SumArray(arrow::int64(), "[1, 2, null]"),
                                   SumArray(arrow::utf8(), R"(["a", null, ""])"),
                                   SumArray(arrow::float64(), "[0.5, -1, null]")});
  EXPECT_EQ(checksum.ToHex(), "b411e93501d4395a");
  EXPECT_EQ(checksum.rows, 3);
}

/// Two physical forms of the same logical values.
struct EqualForms {
  SumType first;
  std::string first_json;
  SumType second;
  std::string second_json;
};

std::ostream& operator<<(std::ostream& out, const EqualForms& f) {
  return out << f.first->ToString() << " and " << f.second->ToString();
}

class ChecksumFormsTest : public ::testing::TestWithParam<EqualForms> {};

TEST_P(ChecksumFormsTest, AreEqual) {
  const EqualForms& forms = GetParam();
  EXPECT_EQ(SumOf(forms.first, forms.first_json), SumOf(forms.second, forms.second_json));
}

constexpr const char* kSmallInts = "[0, 5, -7, null, 100]";
constexpr const char* kNames = R"(["", "a", null, "more than twelve bytes"])";

INSTANTIATE_TEST_SUITE_P(
    Physical, ChecksumFormsTest,
    ::testing::Values(
        EqualForms{arrow::int8(), kSmallInts, arrow::int64(), kSmallInts},
        EqualForms{arrow::int16(), kSmallInts, arrow::int32(), kSmallInts},
        EqualForms{arrow::uint8(), "[200, null]", arrow::int64(), "[200, null]"},
        EqualForms{arrow::uint16(), "[60000]", arrow::uint32(), "[60000]"},
        EqualForms{arrow::uint64(), "[7]", arrow::int8(), "[7]"},
        EqualForms{arrow::boolean(), "[true, false, null]", arrow::int32(), "[1, 0, null]"},
        EqualForms{arrow::int64(), kSmallInts, arrow::decimal128(12, 2),
                   R"(["0.00", "5.00", "-7.00", null, "100.00"])"},
        EqualForms{arrow::decimal128(12, 2), R"(["1.50", "-0.10"])", arrow::decimal256(60, 30),
                   R"(["1.500000000000000000000000000000", "-0.100000000000000000000000000000"])"},
        EqualForms{arrow::decimal128(38, 20), R"(["123456789012345678.10000000000000000000"])",
                   arrow::decimal128(38, 1), R"(["123456789012345678.1"])"},
        EqualForms{arrow::uint64(), "[18446744073709551615]", arrow::decimal128(20, 0),
                   R"(["18446744073709551615"])"},
        EqualForms{arrow::decimal32(9, 2), R"(["-1.50", null])", arrow::decimal64(18, 3),
                   R"(["-1.500", null])"},
        EqualForms{arrow::float32(), "[0.5, NaN, Inf, null, -0.0]", arrow::float64(),
                   "[0.5, NaN, Inf, null, 0.0]"},
        EqualForms{arrow::utf8(), kNames, arrow::large_utf8(), kNames},
        EqualForms{arrow::utf8(), kNames, arrow::utf8_view(), kNames},
        EqualForms{arrow::utf8(), kNames, arrow::binary(), kNames},
        EqualForms{arrow::large_binary(), kNames, arrow::binary_view(), kNames},
        EqualForms{arrow::fixed_size_binary(3), R"(["abc", null])", arrow::utf8(),
                   R"(["abc", null])"},
        EqualForms{arrow::date32(), "[-1, 19723, null]", arrow::date64(),
                   "[-86400000, 1704067200000, null]"},
        EqualForms{arrow::time32(arrow::TimeUnit::SECOND), "[7]",
                   arrow::time64(arrow::TimeUnit::MICRO), "[7000000]"},
        EqualForms{arrow::time32(arrow::TimeUnit::MILLI), "[7]",
                   arrow::time64(arrow::TimeUnit::NANO), "[7000000]"},
        EqualForms{arrow::timestamp(arrow::TimeUnit::SECOND), "[-1, null]",
                   arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[-1000000, null]"},
        EqualForms{arrow::null(), "[null, null]", arrow::int64(), "[null, null]"},
        EqualForms{ListOfInt(), "[[1, 2], [], null, [null]]", arrow::large_list(arrow::int8()),
                   "[[1, 2], null, [], [null]]"},
        EqualForms{arrow::fixed_size_list(arrow::int64(), 2), "[[1, 2], null]", ListOfInt(),
                   "[[1, 2], null]"},
        EqualForms{arrow::map(arrow::utf8(), arrow::int64()), R"([[["k", 1]], []])",
                   arrow::list(arrow::struct_({arrow::field("x", arrow::utf8()),
                                               arrow::field("y", arrow::int64())})),
                   R"([[{"x": "k", "y": 1}], null])"},
        EqualForms{arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["a", "b", null, "a"])",
                   arrow::utf8(), R"(["a", "b", null, "a"])"}));

/// Tables that differ, though a careless sum would not tell them apart.
struct DifferentForms {
  std::vector<std::shared_ptr<arrow::Array>> first;
  std::vector<std::shared_ptr<arrow::Array>> second;
};

TEST(ChecksumTest, WhatDiffersDiffers) {
  const SumType& i64 = arrow::int64();
  const std::vector<DifferentForms> cases = {
      {{SumArray(i64, "[1, 2]"), SumArray(i64, "[3, 4]")},
       {SumArray(i64, "[1, 2]"), SumArray(i64, "[4, 3]")}},  // Values change rows.
      {{SumArray(i64, "[1]"), SumArray(i64, "[2]")},
       {SumArray(i64, "[2]"), SumArray(i64, "[1]")}},  // Columns exchanged.
      {{SumArray(i64, "[0]")}, {SumArray(i64, "[null]")}},
      {{SumArray(arrow::utf8(), R"([""])")}, {SumArray(arrow::utf8(), "[null]")}},
      {{SumArray(i64, "[1, 1]")}, {SumArray(i64, "[2, 0]")}},
      {{SumArray(i64, "[0]")}, {SumArray(arrow::float64(), "[0]")}},
      {{SumArray(ListOfInt(), "[[1, 2]]")}, {SumArray(ListOfInt(), "[[2, 1]]")}},
      {{SumArray(ListOfInt(), "[[1]]")}, {SumArray(ListOfInt(), "[[1, null]]")}},
      {{SumArray(ListOfInt(), "[[1], [2]]")}, {SumArray(ListOfInt(), "[[1, 2], null]")}},
      {{SumArray(IntAndText(), R"([{"a": null, "b": null}])")}, {SumArray(IntAndText(), "[null]")}},
      {{SumArray(arrow::decimal128(5, 2), R"(["1.50"])")},
       {SumArray(arrow::decimal128(5, 2), R"(["15.00"])")}},
      {{SumArray(arrow::utf8(), R"(["ab", "c"])")}, {SumArray(arrow::utf8(), R"(["a", "bc"])")}},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_NE(SumOf(cases[i].first).sum, SumOf(cases[i].second).sum) << "case " << i;
  }
}

TEST(ChecksumTest, DictionariesMayChangeFromBatchToBatch) {
  const SumType type = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto one =
      arrow::json::DictArrayFromJSONString(type, "[0, 1, null]", R"(["a", "b"])").ValueOrDie();
  const auto two =
      arrow::json::DictArrayFromJSONString(type, "[2, 1]", R"(["b", "c", null])").ValueOrDie();
  const auto schema = arrow::schema({arrow::field("c", type)});
  auto taker = ChecksumTaker::Make(*schema).ValueOrDie();
  Checksum sum = taker.Take(*arrow::RecordBatch::Make(schema, 3, {one})).ValueOrDie();
  sum += taker.Take(*arrow::RecordBatch::Make(schema, 2, {two})).ValueOrDie();
  EXPECT_EQ(sum, SumOf(arrow::utf8(), R"(["a", "b", null, null, "c"])"));
}

TEST(ChecksumTest, ListsOfAnyLengthAsSpecified) {
  constexpr int64_t kElements = 10'000;
  const auto elements = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder lists(arrow::default_memory_pool(), elements);
  const ColumnSalt salt = ColumnSalt::At(0);
  uint64_t sum = 0;
  int64_t value = 0;
  for (const int64_t length : {int64_t{1}, kElements, int64_t{0}, int64_t{2047}, int64_t{2049}}) {
    uint64_t word = kListTag;
    ASSERT_TRUE(lists.Append().ok());
    for (int64_t i = 0; i < length; ++i) {
      ASSERT_TRUE(elements->Append(++value).ok());
      word = Mix(word ^ salt.Hash(static_cast<uint64_t>(value)));
    }
    sum += Mix(length == 0 ? salt.null_hash : salt.Hash(word));
  }
  const auto values = lists.Finish().ValueOrDie();
  EXPECT_EQ(SumOf({values}), (Checksum{.sum = sum, .rows = 5}));

  const auto structs = arrow::StructArray::Make(arrow::ArrayVector{values, values},
                                                std::vector<std::string>{"a", "b"})
                           .ValueOrDie();
  Checksum of_rows;
  for (int64_t row = 0; row < 5; ++row) of_rows += SumOf({structs->Slice(row, 1)});
  EXPECT_EQ(SumOf({structs}), of_rows);
}

TEST(ChecksumTest, ElementsOfNullListsDoNotCount) {
  const auto values = SumArray(arrow::list(ListOfInt()), "[[[1], [2, 3]], [[4]], [[5, 6], [7]]]");
  const auto data = values->data()->Copy();
  const std::shared_ptr<arrow::Buffer> valid = arrow::AllocateEmptyBitmap(3).ValueOrDie();
  arrow::bit_util::SetBit(valid->mutable_data(), 0);
  arrow::bit_util::SetBit(valid->mutable_data(), 2);
  data->buffers[0] = valid;
  data->null_count = 1;
  EXPECT_EQ(SumOf({arrow::MakeArray(data)}),
            SumOf(arrow::list(ListOfInt()), "[[[1], [2, 3]], null, [[5, 6], [7]]]"));
}

TEST(ChecksumTest, EmptyBatch) { EXPECT_EQ(SumOf(arrow::utf8(), "[]"), Checksum()); }

TEST(ChecksumTest, TypesWithoutRuleAreRefused) {
  for (const SumType& type : {arrow::month_day_nano_interval(), arrow::decimal128(5, -2)}) {
    const auto taker = ChecksumTaker::Make(*arrow::schema({arrow::field("odd", type)}));
    ASSERT_FALSE(taker.ok());
    EXPECT_EQ(ClassOf(taker.status()), ErrorClass::kBug);
    EXPECT_EQ(taker.status().message(),
              "column \"odd\": no checksum rule for values of type " + type->ToString());
  }
}

TEST(ChecksumTest, BatchesOfAnotherSchemaAreRefused) {
  auto taker =
      ChecksumTaker::Make(*arrow::schema({arrow::field("c", arrow::int64())})).ValueOrDie();
  const auto text = SumArray(arrow::utf8(), R"(["1"])");
  const auto one =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("c", arrow::utf8())}), 1, {text});
  EXPECT_EQ(ClassOf(taker.Take(*one).status()), ErrorClass::kBug);
  const auto none = arrow::RecordBatch::Make(arrow::schema({}), 1, arrow::ArrayVector());
  EXPECT_EQ(ClassOf(taker.Take(*none).status()), ErrorClass::kBug);
}

TEST(ChecksumTest, HexHas16Digits) {
  EXPECT_EQ((Checksum{.sum = 0xF3, .rows = 2}).ToHex(), "00000000000000f3");
  EXPECT_EQ(Checksum::FromHex("00000000000000f3", 2).ValueOrDie(),
            (Checksum{.sum = 0xF3, .rows = 2}));
  for (const char* bad : {"", "f3", "00000000000000g3", "-0000000000000f3", "00000000000000f3 ",
                          "0x000000000000f3"}) {
    EXPECT_FALSE(Checksum::FromHex(bad, 1).ok()) << bad;
  }
}

}  // namespace
}  // namespace headrace
