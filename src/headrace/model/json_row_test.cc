#include "headrace/model/json_row.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/extension/uuid.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

namespace headrace {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;
using arrow::TimeUnit;

ArrayPtr ArrayOf(const TypePtr& type, const std::string& values) {
  return arrow::json::ArrayFromJSONString(type, values).ValueOrDie();
}

BatchPtr BatchOfColumn(const ArrayPtr& column) {
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("c", column->type())}),
                                  column->length(), {column});
}

/// The lines of `batch`, each without its line feed, checked to be JSON.
std::vector<std::string> LinesOf(const arrow::RecordBatch& batch) {
  std::string text;
  const auto writer = JsonRowWriter::Make(batch.schema()).ValueOrDie();
  EXPECT_TRUE(writer.AppendLines(batch, text).ok());
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    EXPECT_TRUE(nlohmann::json::accept(lines.back())) << lines.back();
    begin = end + 1;
  }
  return lines;
}

/// What is written for each value of a column.
std::vector<std::string> ValuesOf(const ArrayPtr& column) {
  constexpr std::string_view kFront = R"({"c":)";
  std::vector<std::string> values;
  for (const std::string& line : LinesOf(*BatchOfColumn(column))) {
    EXPECT_TRUE(line.starts_with(kFront) && line.ends_with('}')) << line;
    values.push_back(line.substr(kFront.size(), line.size() - kFront.size() - 1));
  }
  return values;
}

using Texts = std::vector<std::string>;

struct JsonCase {
  TypePtr type;
  std::string values;  ///< As Arrow reads them.
  Texts texts;
};

std::ostream& operator<<(std::ostream& out, const JsonCase& c) {
  return out << c.type->ToString() << " " << c.values;
}

class JsonRowTest : public ::testing::TestWithParam<JsonCase> {
 protected:
  ArrayPtr values_ = ArrayOf(GetParam().type, GetParam().values);
};

TEST_P(JsonRowTest, WritesValues) { EXPECT_EQ(ValuesOf(values_), GetParam().texts); }

TEST_P(JsonRowTest, WritesSlices) {
  const Texts& texts = GetParam().texts;
  for (int64_t first = 0; first <= values_->length(); ++first) {
    EXPECT_EQ(ValuesOf(values_->Slice(first)), Texts(texts.begin() + first, texts.end()));
  }
}

TEST_P(JsonRowTest, WritesSlicesInsideOfLists) {
  const auto offsets = ArrayOf(arrow::int32(), "[0, 0, " + std::to_string(values_->length()) + "]");
  const auto list = *arrow::ListArray::FromArrays(*offsets, *values_);
  std::string expected;
  for (const std::string& text : GetParam().texts) expected += (expected.empty() ? "" : ",") + text;
  EXPECT_EQ(ValuesOf(list->Slice(1)), Texts{"[" + expected + "]"});
}

TEST_P(JsonRowTest, WritesNullAndOtherFieldsOfStructs) {
  const auto structs = *arrow::StructArray::Make(arrow::ArrayVector{values_, values_},
                                                 std::vector<std::string>{"a", "b"});
  for (int64_t i = 0; i < values_->length(); ++i) {
    const std::string& text = GetParam().texts.at(static_cast<size_t>(i));
    std::string expected = R"({"a":)";
    ((expected += text) += R"(,"b":)") += text;
    EXPECT_EQ(ValuesOf(structs->Slice(i, 1)), Texts{expected + "}"});
  }
  const auto null = *arrow::MakeArrayOfNull(structs->type(), 1);
  EXPECT_EQ(ValuesOf(null), Texts{"null"});
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, JsonRowTest,
    ::testing::Values(
        JsonCase{arrow::null(), "[null, null]", {"null", "null"}},
        JsonCase{arrow::boolean(), "[true, null, false]", {"true", "null", "false"}},
        JsonCase{arrow::int8(), "[-128, 127, null, 0]", {"-128", "127", "null", "0"}},
        JsonCase{arrow::int16(), "[-32768, 32767]", {"-32768", "32767"}},
        JsonCase{arrow::int32(), "[-2147483648, 2147483647]", {"-2147483648", "2147483647"}},
        JsonCase{arrow::int64(),
                 "[-9007199254740991, -9007199254740992, 9007199254740991, 9007199254740992, "
                 "-9223372036854775808, 9223372036854775807, null]",
                 {"-9007199254740991", R"("-9007199254740992")", "9007199254740991",
                  R"("9007199254740992")", R"("-9223372036854775808")", R"("9223372036854775807")",
                  "null"}},
        JsonCase{arrow::uint8(), "[0, 255]", {"0", "255"}},
        JsonCase{arrow::uint16(), "[65535]", {"65535"}},
        JsonCase{arrow::uint32(), "[4294967295]", {"4294967295"}},
        JsonCase{arrow::uint64(),
                 "[9007199254740991, 9007199254740992, 18446744073709551615]",
                 {"9007199254740991", R"("9007199254740992")", R"("18446744073709551615")"}},
        JsonCase{arrow::float16(),
                 "[1.5, 65504, NaN, -Inf, null]",
                 {"1.5", "65504", R"("NaN")", R"("-Infinity")", "null"}},
        JsonCase{arrow::float32(),
                 "[0.1, 16777216, 3.4028235e38, 1e-45, -0.0, NaN, Inf, -Inf]",
                 {"0.10000000149011612", "16777216", "3.4028234663852886e+38",
                  "1.401298464324817e-45", "-0.0", R"("NaN")", R"("Infinity")", R"("-Infinity")"}},
        JsonCase{arrow::float64(),
                 "[0.1, 0.0, -0.0, 1e100, 5e-324, 1.7976931348623157e308, 9007199254740993, NaN, "
                 "Inf, -Inf, null]",
                 {"0.1", "0", "-0.0", "1e+100", "5e-324", "1.7976931348623157e+308",
                  "9007199254740992", R"("NaN")", R"("Infinity")", R"("-Infinity")", "null"}}));

INSTANTIATE_TEST_SUITE_P(
    Decimals, JsonRowTest,
    ::testing::Values(
        JsonCase{arrow::decimal32(9, 2),
                 R"(["-9999999.99", "0.05", null])",
                 {R"("-9999999.99")", R"("0.05")", "null"}},
        JsonCase{arrow::decimal64(18, 0),
                 R"(["-999999999999999999", "0"])",
                 {R"("-999999999999999999")", R"("0")"}},
        JsonCase{arrow::decimal128(12, 2),
                 R"(["1.50", "-0.50", "-0.05", "0.00", "100.00"])",
                 {R"("1.50")", R"("-0.50")", R"("-0.05")", R"("0.00")", R"("100.00")"}},
        JsonCase{arrow::decimal128(38, 0),
                 R"(["99999999999999999999999999999999999999",
                     "-99999999999999999999999999999999999999",
                     "9223372036854775808", "-9223372036854775808", "-9223372036854775809"])",
                 {R"("99999999999999999999999999999999999999")",
                  R"("-99999999999999999999999999999999999999")", R"("9223372036854775808")",
                  R"("-9223372036854775808")", R"("-9223372036854775809")"}},
        JsonCase{arrow::decimal128(38, 38),
                 R"(["-0.00000000000000000000000000000000000001"])",
                 {R"("-0.00000000000000000000000000000000000001")"}},
        // More digits behind the point than there are.
        JsonCase{arrow::decimal128(3, 5),
                 R"(["0.00123", "-0.00001"])",
                 {R"("0.00123")", R"("-0.00001")"}},
        JsonCase{
            arrow::decimal256(76, 38),
            R"(["99999999999999999999999999999999999999.99999999999999999999999999999999999999",
                     "-0.00000000000000000000000000000000000001", null])",
            {R"("99999999999999999999999999999999999999.99999999999999999999999999999999999999")",
             R"("-0.00000000000000000000000000000000000001")", "null"}}));

INSTANTIATE_TEST_SUITE_P(
    Times, JsonRowTest,
    ::testing::Values(
        JsonCase{arrow::date32(),
                 "[0, 19753, -719162, 2932896, -719528, 2932897, -719529, -2147483648, 2147483647, "
                 "null]",
                 {R"("1970-01-01")", R"("2024-01-31")", R"("0001-01-01")", R"("9999-12-31")",
                  R"("0000-01-01")", R"("+10000-01-01")", R"("-0001-12-31")", R"("-5877641-06-23")",
                  R"("+5881580-07-11")", "null"}},
        JsonCase{arrow::date64(),
                 "[0, 86400000, -86400000, -1]",
                 {R"("1970-01-01")", R"("1970-01-02")", R"("1969-12-31")", R"("1969-12-31")"}},
        JsonCase{arrow::time32(TimeUnit::SECOND),
                 "[0, 86399, 86400, -1, null]",
                 {R"("00:00:00")", R"("23:59:59")", R"("24:00:00")", R"("-00:00:01")", "null"}},
        JsonCase{arrow::time32(TimeUnit::MILLI),
                 "[1, 86399999]",
                 {R"("00:00:00.001")", R"("23:59:59.999")"}},
        JsonCase{arrow::time64(TimeUnit::MICRO),
                 "[1, 86399999999, -9223372036854775808]",
                 {R"("00:00:00.000001")", R"("23:59:59.999999")", R"("-2562047788:00:54.775808")"}},
        JsonCase{arrow::time64(TimeUnit::NANO),
                 "[1, 1000, 1000000000, 86399999999999]",
                 {R"("00:00:00.000000001")", R"("00:00:00.000001")", R"("00:00:01")",
                  R"("23:59:59.999999999")"}},
        JsonCase{
            arrow::timestamp(TimeUnit::SECOND),
            "[0, -1, -9223372036854775808, 9223372036854775807, null]",
            {R"("1970-01-01T00:00:00")", R"("1969-12-31T23:59:59")",
             R"("-292277022657-01-27T08:29:52")", R"("+292277026596-12-04T15:30:07")", "null"}},
        JsonCase{arrow::timestamp(TimeUnit::MILLI, "UTC"),
                 "[1, -1, 1000]",
                 {R"("1970-01-01T00:00:00.001Z")", R"("1969-12-31T23:59:59.999Z")",
                  R"("1970-01-01T00:00:01Z")"}},
        JsonCase{arrow::timestamp(TimeUnit::MICRO, "UTC"),
                 "[1709210096000001, -62135596800000000, 253402300799999999, "
                 "-9223372036854775808, 9223372036854775807]",
                 {R"("2024-02-29T12:34:56.000001Z")", R"("0001-01-01T00:00:00Z")",
                  R"("9999-12-31T23:59:59.999999Z")", R"("-290308-12-21T19:59:05.224192Z")",
                  R"("+294247-01-10T04:00:54.775807Z")"}},
        JsonCase{arrow::timestamp(TimeUnit::MICRO),
                 "[1709210096000001]",
                 {R"("2024-02-29T12:34:56.000001")"}},
        // Arrow keeps UTC whatever the zone is called.
        JsonCase{arrow::timestamp(TimeUnit::MICRO, "Europe/Zurich"),
                 "[0]",
                 {R"("1970-01-01T00:00:00Z")"}},
        JsonCase{arrow::timestamp(TimeUnit::NANO),
                 "[1, -1, 1000, -1000, -9223372036854775808, 9223372036854775807]",
                 {R"("1970-01-01T00:00:00.000000001")", R"("1969-12-31T23:59:59.999999999")",
                  R"("1970-01-01T00:00:00.000001")", R"("1969-12-31T23:59:59.999999")",
                  R"("1677-09-21T00:12:43.145224192")", R"("2262-04-11T23:47:16.854775807")"}}));

constexpr const char* kStrings =
    R"(["", "é注😀", "a\"b\\c/", "\b\f\n\r\t", "\u0000\u0001\u001f\u007f", "\u2028", null])";

Texts TextsOfStrings() {
  return {R"("")",
          "\"é注😀\"",
          R"("a\"b\\c/")",
          R"("\b\f\n\r\t")",
          "\"\\u0000\\u0001\\u001f\x7F\"",
          "\"\u2028\"",
          "null"};
}

constexpr const char* kBytes = R"(["", "f", "fo", "foo", "foobar", null])";

Texts TextsOfBytes() {
  return {R"("")", R"("Zg==")", R"("Zm8=")", R"("Zm9v")", R"("Zm9vYmFy")", "null"};
}

INSTANTIATE_TEST_SUITE_P(
    Bytes, JsonRowTest,
    ::testing::Values(JsonCase{arrow::utf8(), kStrings, TextsOfStrings()},
                      JsonCase{arrow::large_utf8(), kStrings, TextsOfStrings()},
                      JsonCase{arrow::utf8_view(), kStrings, TextsOfStrings()},
                      JsonCase{arrow::utf8_view(),
                               R"(["longer than twelve bytes", "s"])",
                               {R"("longer than twelve bytes")", R"("s")"}},
                      JsonCase{arrow::binary(), kBytes, TextsOfBytes()},
                      JsonCase{arrow::large_binary(), kBytes, TextsOfBytes()},
                      JsonCase{arrow::binary_view(), kBytes, TextsOfBytes()},
                      JsonCase{
                          arrow::fixed_size_binary(3), R"(["foo", null])", {R"("Zm9v")", "null"}},
                      JsonCase{arrow::fixed_size_binary(0), R"(["", null])", {R"("")", "null"}}));

INSTANTIATE_TEST_SUITE_P(
    Nested, JsonRowTest,
    ::testing::Values(
        JsonCase{arrow::list(arrow::int16()),
                 "[[1, null], null, [], [2]]",
                 {"[1,null]", "null", "[]", "[2]"}},
        JsonCase{arrow::large_list(arrow::utf8()), R"([["a"], null])", {R"(["a"])", "null"}},
        JsonCase{arrow::fixed_size_list(arrow::int64(), 2),
                 "[[1, 2], null, [3, 4]]",
                 {"[1,2]", "null", "[3,4]"}},
        JsonCase{arrow::list(arrow::list(arrow::boolean())),
                 "[[[true], []], [null]]",
                 {"[[true],[]]", "[null]"}},
        JsonCase{arrow::struct_({arrow::field("a", arrow::int8()),
                                 arrow::field("b\"\n", arrow::list(arrow::utf8()))}),
                 R"([{"a": 1, "b\"\n": ["x"]}, null, {"a": null, "b\"\n": null}])",
                 {R"({"a":1,"b\"\n":["x"]})", "null", R"({"a":null,"b\"\n":null})"}},
        JsonCase{arrow::struct_({}), "[{}, null]", {"{}", "null"}},
        JsonCase{arrow::map(arrow::utf8(), arrow::float64()),
                 R"([[["k", 1.5], ["l", null]], []])",
                 {R"([{"key":"k","value":1.5},{"key":"l","value":null}])", "[]"}},
        JsonCase{arrow::dictionary(arrow::int8(), arrow::utf8()),
                 R"(["b", "a", null, "b"])",
                 {R"("b")", R"("a")", "null", R"("b")"}},
        JsonCase{arrow::dictionary(arrow::uint64(), arrow::decimal128(3, 1)),
                 R"(["1.5", "0.1", "1.5"])",
                 {R"("1.5")", R"("0.1")", R"("1.5")"}}));

/// Decimals that Arrow reads from no text.
TEST(JsonRowDecimalTest, NegativeScalesWriteZeros) {
  for (const TypePtr& type : {arrow::decimal128(5, -3), arrow::decimal256(40, -3)}) {
    const auto builder = arrow::MakeBuilder(type).ValueOrDie();
    for (const char* unscaled : {"12", "-12", "0"}) {
      const arrow::Decimal256 value(unscaled);
      const auto scalar = type->id() == arrow::Type::DECIMAL256
                              ? arrow::MakeScalar(type, value).ValueOrDie()
                              : arrow::MakeScalar(type, arrow::Decimal128(unscaled)).ValueOrDie();
      EXPECT_TRUE(builder->AppendScalar(*scalar).ok());
    }
    EXPECT_EQ(ValuesOf(*builder->Finish()), (Texts{R"("12000")", R"("-12000")", R"("0")"}));
  }
}

TEST(JsonRowTextTest, WhatIsNotUtf8IsReplacedByteForByte) {
  arrow::StringBuilder builder;
  for (const std::string_view bytes :
       {"a\xFFz", "\xC3", "\xE6\xB3", "\xED\xA0\x80", "\xC0\x80", "\"\xFF\xC3\xA9\n"}) {
    EXPECT_TRUE(builder.Append(bytes).ok());
  }
  EXPECT_EQ(ValuesOf(*builder.Finish()),
            (Texts{"\"a\uFFFDz\"", "\"\uFFFD\"", "\"\uFFFD\uFFFD\"", "\"\uFFFD\uFFFD\uFFFD\"",
                   "\"\uFFFD\uFFFD\"", "\"\\\"\uFFFDé\\n\""}));
}

TEST(JsonRowNestedTest, ValuesOfDictionariesMayBeNull) {
  const auto dictionary = ArrayOf(arrow::utf8(), R"(["cut off", "a", null])")->Slice(1);
  const auto indices = ArrayOf(arrow::int32(), "[1, 0, null]");
  const auto column = *arrow::DictionaryArray::FromArrays(
      arrow::dictionary(arrow::int32(), arrow::utf8()), indices, dictionary);
  EXPECT_EQ(ValuesOf(column), (Texts{"null", R"("a")", "null"}));
}

TEST(JsonRowNestedTest, ExtensionsAreTheirStorage) {
  const auto storage = ArrayOf(arrow::fixed_size_binary(16), R"(["0123456789abcdef", null])");
  const auto column = arrow::ExtensionType::WrapArray(arrow::extension::uuid(), storage);
  EXPECT_EQ(ValuesOf(column), (Texts{R"("MDEyMzQ1Njc4OWFiY2RlZg==")", "null"}));
}

TEST(JsonRowNestedTest, NamesInsideOfMapsMeanNothing) {
  const auto type = std::make_shared<arrow::MapType>(
      arrow::field("k", arrow::int8(), /*nullable=*/false), arrow::field("v", arrow::boolean()));
  EXPECT_EQ(ValuesOf(ArrayOf(type, "[[[1, true]]]")), Texts{R"([{"key":1,"value":true}])"});
}

TEST(JsonRowNestedTest, ListsOfSlicedElements) {
  const auto offsets = ArrayOf(arrow::int32(), "[0, 1, 3]");
  const auto elements = ArrayOf(arrow::int8(), "[9, 9, 1, 2, 3]")->Slice(2);
  const auto list = *arrow::ListArray::FromArrays(*offsets, *elements);
  EXPECT_EQ(ValuesOf(list), (Texts{"[1]", "[2,3]"}));
  EXPECT_EQ(ValuesOf(list->Slice(1)), Texts{"[2,3]"});
}

TEST(JsonRowNestedTest, AsDeepAsItGoes) {
  constexpr int kDepth = 100;
  TypePtr type = arrow::int8();
  std::string value = "7";
  for (int i = 0; i < kDepth; ++i) {
    type = arrow::struct_({arrow::field("s", arrow::list(type))});
    value.insert(0, R"({"s":[)") += "]}";
  }
  EXPECT_EQ(ValuesOf(ArrayOf(type, "[" + value + "]")), Texts{value});
}

BatchPtr TwoColumns() {
  const auto numbers = ArrayOf(arrow::int32(), "[1, 2, null]");
  const auto texts = ArrayOf(arrow::utf8(), R"(["a", null, "c"])");
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("n", numbers->type()), arrow::field("t\t\xFF", texts->type())}),
      3, {numbers, texts});
}

TEST(JsonRowWriterTest, WritesLines) {
  const BatchPtr batch = TwoColumns();
  const Texts lines = {"{\"n\":1,\"t\\t\uFFFD\":\"a\"}", "{\"n\":2,\"t\\t\uFFFD\":null}",
                       "{\"n\":null,\"t\\t\uFFFD\":\"c\"}"};
  EXPECT_EQ(LinesOf(*batch), lines);
  EXPECT_EQ(LinesOf(*batch->Slice(1, 1)), Texts{lines[1]});
  EXPECT_EQ(LinesOf(*batch->Slice(3)), Texts{});
  EXPECT_EQ(SerializeRow(*batch, 2).ValueOrDie(), lines[2]);
  EXPECT_EQ(SerializeRow(*batch->Slice(1), 1).ValueOrDie(), lines[2]);
}

TEST(JsonRowWriterTest, AppendsToWhatIsThere) {
  const BatchPtr batch = TwoColumns();
  const auto writer = JsonRowWriter::Make(batch->schema()).ValueOrDie();
  std::string json = "before";
  EXPECT_TRUE(writer.AppendRow(*batch, 0, json).ok());
  EXPECT_EQ(json, "before{\"n\":1,\"t\\t\uFFFD\":\"a\"}");
}

TEST(JsonRowWriterTest, ARowWithoutColumns) {
  EXPECT_EQ(LinesOf(*arrow::RecordBatch::Make(arrow::schema({}), 2, arrow::ArrayVector{})),
            (Texts{"{}", "{}"}));
}

TEST(JsonRowWriterTest, RowsThatAreNotThereAreBugs) {
  const BatchPtr batch = TwoColumns();
  const auto writer = JsonRowWriter::Make(batch->schema()).ValueOrDie();
  std::string json;
  for (const int64_t row : {-1, 3}) {
    EXPECT_EQ(ClassOf(writer.AppendRow(*batch, row, json)), ErrorClass::kBug);
  }
  EXPECT_EQ(json, "");
}

TEST(JsonRowWriterTest, BatchesOfAnotherSchemaAreBugs) {
  const auto writer = JsonRowWriter::Make(TwoColumns()->schema()).ValueOrDie();
  const BatchPtr other = BatchOfColumn(ArrayOf(arrow::int8(), "[1]"));
  std::string json;
  EXPECT_EQ(ClassOf(writer.AppendRow(*other, 0, json)), ErrorClass::kBug);
  EXPECT_EQ(ClassOf(writer.AppendLines(*other, json)), ErrorClass::kBug);
  EXPECT_EQ(json, "");
}

TEST(JsonRowWriterTest, AnEqualSchemaIsTheSame) {
  const auto writer = JsonRowWriter::Make(TwoColumns()->schema()).ValueOrDie();
  const BatchPtr batch =
      TwoColumns()->ReplaceSchemaMetadata(arrow::key_value_metadata({"k"}, {"v"}));
  std::string json;
  EXPECT_TRUE(writer.AppendRow(*batch, 0, json).ok());
}

arrow::Status ErrorFor(const arrow::FieldVector& fields) {
  return JsonRowWriter::Make(arrow::schema(fields)).status();
}

TEST(JsonRowWriterTest, TypesWithoutARuleAreBugs) {
  for (const TypePtr& type :
       {arrow::duration(TimeUnit::MICRO), arrow::month_interval(), arrow::day_time_interval(),
        arrow::month_day_nano_interval(), arrow::dense_union({arrow::field("a", arrow::int8())}),
        arrow::run_end_encoded(arrow::int32(), arrow::int8()), arrow::list_view(arrow::int8()),
        arrow::decimal128(3, 1001), arrow::decimal128(3, -1001)}) {
    const arrow::Status error = ErrorFor({arrow::field("c", type)});
    EXPECT_EQ(ClassOf(error), ErrorClass::kBug) << type->ToString();
    EXPECT_EQ(error.message(), "column \"c\": no JSON rule for values of type " + type->ToString());
  }
}

TEST(JsonRowWriterTest, ErrorsNameThePath) {
  const auto lines = arrow::list(
      arrow::struct_({arrow::field("spans", arrow::map(arrow::utf8(), arrow::month_interval()))}));
  EXPECT_EQ(ErrorFor({arrow::field("id", arrow::int8()), arrow::field("lines", lines)}).message(),
            R"(column "lines[].spans[].value": no JSON rule for values of type month_interval)");
}

TEST(JsonRowWriterTest, TwoFieldsOfOneNameAreTheUsersError) {
  const auto twice = {arrow::field("a", arrow::int8()), arrow::field("A", arrow::int8()),
                      arrow::field("a", arrow::utf8())};
  const arrow::Status error = ErrorFor({arrow::field("s", arrow::struct_(twice))});
  EXPECT_EQ(ClassOf(error), ErrorClass::kUser);
  EXPECT_EQ(error.message(),
            R"(column "s.a": a JSON object cannot have a second field of this name)");
  EXPECT_EQ(ClassOf(ErrorFor(twice)), ErrorClass::kUser);
  // Both are U+FFFD.
  EXPECT_EQ(
      ClassOf(ErrorFor({arrow::field("\xFF", arrow::int8()), arrow::field("\xFE", arrow::int8())})),
      ErrorClass::kUser);
}

}  // namespace
}  // namespace headrace
