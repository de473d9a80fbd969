#include "headrace/destination/bigquery/listed_rows.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "headrace/destination/bigquery/column_types.h"
#include "headrace/model/checksum.h"

namespace headrace {
namespace {

using arrow::field;
using Json = nlohmann::json;
using testing::HasSubstr;
using Batch = std::shared_ptr<arrow::RecordBatch>;

/// A row or a RECORD of these values.
Json Record(const std::vector<Json>& values) {
  Json cells = Json::array();
  for (const Json& value : values) cells.push_back({{"v", value}});
  return {{"f", cells}};
}

Json Elements(const std::vector<Json>& values) { return Record(values)["f"]; }

Json Page(const std::vector<Json>& rows) { return {{"totalRows", "9"}, {"rows", rows}}; }

TableField Column(std::string name, std::string type, FieldMode mode = FieldMode::kNullable,
                  std::vector<TableField> fields = {}) {
  return {
      .name = std::move(name), .type = std::move(type), .mode = mode, .fields = std::move(fields)};
}

arrow::Result<Batch> Decoded(const std::vector<TableField>& table, const arrow::FieldVector& staged,
                             const Json& page) {
  ARROW_ASSIGN_OR_RAISE(const auto decoder, ListedRowsDecoder::Make(table, *arrow::schema(staged)));
  return decoder.Decode(page);
}

/// The permanent error of it.
std::string ErrorOfRows(const std::vector<TableField>& table, const arrow::FieldVector& staged,
                        const Json& page) {
  const auto result = Decoded(table, staged, page);
  if (result.ok()) return "no error";
  EXPECT_EQ(ClassOf(result.status()), ErrorClass::kPermanent);
  return result.status().message();
}

std::string ErrorOfTable(const std::vector<TableField>& table, const arrow::FieldVector& staged) {
  return ErrorOfRows(table, staged, Json::object());
}

Batch Expected(const arrow::FieldVector& fields, const std::vector<std::string>& columns) {
  arrow::ArrayVector arrays;
  for (size_t i = 0; i < fields.size(); ++i) {
    arrays.push_back(arrow::json::ArrayFromJSONString(fields[i]->type(), columns[i]).ValueOrDie());
  }
  const int64_t rows = arrays.front()->length();
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, std::move(arrays));
}

void ExpectSame(const arrow::Result<Batch>& result, const Batch& expected) {
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE((*result)->ValidateFull().ok()) << (*result)->ValidateFull();
  EXPECT_TRUE((*result)->Equals(*expected, true, arrow::EqualOptions().nans_equal(true)))
      << (*result)->ToString();
}

struct ValueCase {
  std::string_view column;
  std::shared_ptr<arrow::DataType> staged;
  std::vector<Json> listed;
  std::string_view expected;  ///< As ArrayFromJSONString reads it.
};

TEST(ListedRowsTest, EveryTypeIsReadAsItWasStaged) {
  const ValueCase cases[] = {
      {"BOOL", arrow::boolean(), {"true", nullptr, "false"}, "[true, null, false]"},
      {"INTEGER", arrow::int16(), {"-32768", nullptr, "7"}, "[-32768, null, 7]"},
      {"INTEGER", arrow::int32(), {"2147483647", nullptr}, "[2147483647, null]"},
      {"INTEGER",
       arrow::int64(),
       {"-9223372036854775808", nullptr},
       "[-9223372036854775808, null]"},
      {"FLOAT", arrow::float32(), {"0.10000000149011612", nullptr, "NaN"}, "[0.1, null, NaN]"},
      {"FLOAT", arrow::float64(), {"0.1", nullptr, "-0.0", "-Infinity"}, "[0.1, null, -0.0, -Inf]"},
      {"DATE", arrow::date32(), {"0001-01-01", nullptr, "9999-12-31"}, "[-719162, null, 2932896]"},
      {"TIME",
       arrow::time64(arrow::TimeUnit::MICRO),
       {"23:59:59.999999", nullptr, "00:00:00"},
       "[86399999999, null, 0]"},
      {"DATETIME",
       arrow::timestamp(arrow::TimeUnit::MICRO),
       {"9999-12-31T23:59:59.999999", nullptr, "1969-12-31T23:59:59.5"},
       "[253402300799999999, null, -500000]"},
      {"TIMESTAMP",
       arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
       {"-62135596800000000", nullptr, "-0.5", "1.7E9"},
       "[-62135596800000000, null, -500000, 1700000000000000]"},
      {"NUMERIC",
       arrow::decimal128(12, 2),
       {"1.5", nullptr, "-1234567890.12", "1E2"},
       R"(["1.50", null, "-1234567890.12", "100.00"])"},
      {"NUMERIC",
       arrow::decimal128(20, 0),
       {"18446744073709551615", nullptr},
       R"(["18446744073709551615", null])"},
      {"STRING", arrow::utf8(), {"ä", nullptr, ""}, R"(["ä", null, ""])"},
      {"JSON", arrow::utf8(), {R"({"a":1})", nullptr}, R"(["{\"a\":1}", null])"},
      {"GEOGRAPHY", arrow::utf8(), {"POINT(1 2)"}, R"x(["POINT(1 2)"])x"},
      {"BYTES", arrow::binary(), {"Zm9v", nullptr, ""}, R"(["foo", null, ""])"},
  };
  for (const ValueCase& c : cases) {
    SCOPED_TRACE(c.staged->ToString());
    const arrow::FieldVector staged = {field("c", c.staged)};
    std::vector<Json> rows;
    for (const Json& value : c.listed) rows.push_back(Record({value}));
    ExpectSame(Decoded({Column("c", std::string(c.column))}, staged, Page(rows)),
               Expected(staged, {std::string(c.expected)}));
  }
}

TEST(ListedRowsTest, DecimalsOfAllDigits) {
  const std::string nines(38, '9');
  const std::string text = "-" + nines + "." + nines;
  const arrow::FieldVector staged = {field("narrow", arrow::decimal128(38, 38)),
                                     field("wide", arrow::decimal256(76, 38))};
  ExpectSame(Decoded({Column("narrow", "BIGNUMERIC"), Column("wide", "BIGNUMERIC")}, staged,
                     Page({Record({"0." + nines, text})})),
             Expected(staged, {"[\"0." + nines + "\"]", "[\"" + text + "\"]"}));
}

TEST(ListedRowsTest, ColumnsAreFoundByNameAndOthersAreSkipped) {
  const arrow::FieldVector staged = {field("b", arrow::int64()), field("A", arrow::utf8())};
  ExpectSame(
      Decoded({Column("a", "STRING"), Column("other", "INTERVAL"), Column("B", "INTEGER")}, staged,
              Page({Record({"x", "0-0 1 0:0:0", "1"}), Record({"y", nullptr, "2"})})),
      Expected(staged, {"[1, 2]", R"(["x", "y"])"}));
}

TEST(ListedRowsTest, APageMayHaveNoRows) {
  const arrow::FieldVector staged = {field("a", arrow::list(arrow::int64()))};
  const std::vector<TableField> table = {Column("a", "INTEGER", FieldMode::kRepeated)};
  for (const Json& page : {Json::object(), Json{{"rows", nullptr}}, Page({})}) {
    ExpectSame(Decoded(table, staged, page), Expected(staged, {"[]"}));
  }
}

TEST(ListedRowsTest, RecordsAndArraysInOneAnother) {
  const auto price =
      arrow::struct_({field("amount", arrow::decimal128(10, 2), false),
                      field("tags", arrow::list(field("element", arrow::utf8(), false)))});
  const auto line = arrow::struct_({field("id", arrow::int32()), field("price", price)});
  const arrow::FieldVector staged = {field("lines", arrow::list(field("element", line)))};
  const std::vector<TableField> table = {
      Column("lines", "RECORD", FieldMode::kRepeated,
             {Column("price", "RECORD", FieldMode::kNullable,
                     {Column("added", "STRING"), Column("tags", "STRING", FieldMode::kRepeated),
                      Column("Amount", "NUMERIC")}),
              Column("id", "INTEGER")})};
  const Json page = Page({
      Record({Elements({Record({Record({"?", Elements({"a", "b"}), "1.5"}), "1"}),
                        Record({nullptr, nullptr})})}),
      Record({Elements({})}),
      Record({Elements({Record({Record({nullptr, Elements({}), "2"}), "3"})})}),
  });
  ExpectSame(Decoded(table, staged, page), Expected(staged, {R"([
      [{"id": 1, "price": {"amount": "1.50", "tags": ["a", "b"]}}, {"id": null, "price": null}],
      [],
      [{"id": 3, "price": {"amount": "2.00", "tags": []}}]])"}));
}

TEST(ListedRowsTest, MapsAreArraysOfKeysAndValues) {
  const arrow::FieldVector staged = {field("m", arrow::map(arrow::utf8(), arrow::int64()))};
  const std::vector<TableField> table = {
      Column("m", "RECORD", FieldMode::kRepeated,
             {Column("key", "STRING", FieldMode::kRequired), Column("value", "INTEGER")})};
  const Json page = Page(
      {Record({Elements({Record({"a", "1"}), Record({"b", nullptr})})}), Record({Elements({})})});
  ExpectSame(Decoded(table, staged, page), Expected(staged, {R"([[["a", 1], ["b", null]], []])"}));
  EXPECT_THAT(ErrorOfRows(table, staged, Page({Record({Elements({Record({nullptr, "1"})})})})),
              HasSubstr("row 1 of the page: column 'm[].key' is NULL"));
}

Checksum ChecksumOfRows(const arrow::RecordBatch& batch) {
  return ChecksumTaker::Make(*batch.schema()).ValueOrDie().Take(batch).ValueOrDie();
}

/// BigQuery stores it as an empty one.
TEST(ListedRowsTest, ToTheChecksumANullArrayIsAnEmptyOne) {
  const auto deep = arrow::struct_({field("a", arrow::list(arrow::int64())),
                                    field("m", arrow::map(arrow::utf8(), arrow::int64()))});
  const arrow::FieldVector staged = {field("s", deep), field("a", arrow::list(arrow::utf8()))};
  const std::vector<TableField> table = {
      Column("s", "RECORD", FieldMode::kNullable,
             {Column("a", "INTEGER", FieldMode::kRepeated),
              Column("m", "RECORD", FieldMode::kRepeated,
                     {Column("key", "STRING"), Column("value", "INTEGER")})}),
      Column("a", "STRING", FieldMode::kRepeated)};
  for (const Json& none : {Json::array(), Json(nullptr)}) {
    const auto decoded = Decoded(
        table, staged, Page({Record({Record({none, none}), none}), Record({nullptr, none})}));
    ExpectSame(decoded, Expected(staged, {R"([{"a": [], "m": []}, null])", "[[], []]"}));
    EXPECT_EQ(
        ChecksumOfRows(**decoded),
        ChecksumOfRows(*Expected(staged, {R"([{"a": null, "m": null}, null])", "[null, null]"})));
  }
}

TEST(ListedRowsTest, ATableThatCannotHoldWhatWasStaged) {
  const std::vector<TableField> table = {
      Column("a", "INTEGER"), Column("r", "RECORD", FieldMode::kNullable, {Column("x", "STRING")}),
      Column("l", "STRING", FieldMode::kRepeated)};
  EXPECT_EQ(ErrorOfTable(table, {field("b", arrow::int64())}),
            "the table lacks the staged column 'b' (int64)");
  EXPECT_EQ(ErrorOfTable(table, {field("r", arrow::struct_({field("y", arrow::utf8())}))}),
            "the table lacks the staged column 'r.y' (string)");
  EXPECT_EQ(ErrorOfTable(table, {field("a", arrow::utf8())}),
            "column 'a' of the table is INTEGER, which cannot hold the staged string");
  EXPECT_EQ(ErrorOfTable(table, {field("l", arrow::list(arrow::int64()))}),
            "column 'l[]' of the table is STRING, which cannot hold the staged int64");
  EXPECT_THAT(ErrorOfTable(table, {field("l", arrow::utf8())}), HasSubstr("STRING REPEATED"));
  EXPECT_THAT(ErrorOfTable(table, {field("a", arrow::list(arrow::int64()))}), HasSubstr("'a'"));
  EXPECT_THAT(ErrorOfTable(table, {field("l", arrow::list(arrow::list(arrow::utf8())))}),
              HasSubstr("'l[]'"));
  EXPECT_THAT(ErrorOfTable(table, {field("a", arrow::struct_({}))}), HasSubstr("'a'"));
  EXPECT_THAT(ErrorOfTable(table, {field("r", arrow::utf8())}), HasSubstr("RECORD<x: STRING>"));
}

TEST(ListedRowsTest, TimesWithAndWithoutAZoneAreDifferent) {
  const auto utc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const auto naive = arrow::timestamp(arrow::TimeUnit::MICRO);
  EXPECT_THAT(ErrorOfTable({Column("t", "DATETIME")}, {field("t", utc)}), HasSubstr("tz=UTC"));
  EXPECT_THAT(ErrorOfTable({Column("t", "TIMESTAMP")}, {field("t", naive)}), HasSubstr("'t'"));
}

TEST(ListedRowsTest, ErrorsNameTheRowTheColumnAndTheValue) {
  const std::vector<TableField> table = {Column("n", "NUMERIC"), Column("i", "INTEGER")};
  const arrow::FieldVector staged = {field("n", arrow::decimal128(4, 2)),
                                     field("i", arrow::int16(), false)};
  EXPECT_EQ(ErrorOfRows(table, staged, Page({Record({"1", "1"}), Record({"1.005", "1"})})),
            "row 2 of the page: column 'n': the NUMERIC \"1.005\" cannot be read as "
            "decimal128(4, 2)");
  EXPECT_EQ(ErrorOfRows(table, staged, Page({Record({"1", "40000"})})),
            "row 1 of the page: column 'i': the INTEGER \"40000\" cannot be read as int16");
  EXPECT_EQ(ErrorOfRows(table, staged, Page({Record({"1", nullptr})})),
            "row 1 of the page: column 'i' is NULL, which nothing that was staged there is");
  EXPECT_LT(ErrorOfRows(table, staged, Page({Record({"1", std::string(5000, '1')})})).size(), 300);
}

TEST(ListedRowsTest, JsonOfAnotherFormIsAnError) {
  const std::vector<TableField> table = {
      Column("a", "STRING"), Column("r", "RECORD", FieldMode::kNullable, {Column("x", "STRING")}),
      Column("l", "STRING", FieldMode::kRepeated)};
  const arrow::FieldVector staged = {field("a", arrow::utf8()),
                                     field("r", arrow::struct_({field("x", arrow::utf8())})),
                                     field("l", arrow::list(arrow::utf8()))};
  const Json none;
  const Json pages[] = {
      none,
      Json::array(),
      "rows",
      {{"rows", 1}},
      {{"rows", Json::object()}},
      Page({none}),
      Page({Json::array()}),
      Page({Json::object()}),
      Page({{{"f", none}}}),
      Page({{{"f", {{"v", "x"}}}}}),
      Page({Record({"a", none})}),
      Page({Record({"a", none, none, none})}),
      Page({{{"f", {Json::object(), Json::object(), Json::object()}}}}),
      Page({{{"f", {"a", none, none}}}}),
      Page({Record({1, none, none})}),
      Page({Record({true, none, none})}),
      Page({Record({Json::array(), none, none})}),
      Page({Record({none, "x", none})}),
      Page({Record({none, Json::object(), none})}),
      Page({Record({none, Record({}), none})}),
      Page({Record({none, Record({Record({"x"})}), none})}),
      Page({Record({none, none, "x"})}),
      Page({Record({none, none, Json::object()})}),
      Page({Record({none, none, Json::array({"x"})})}),
      Page({Record({none, none, Json::array({Json::array()})})}),
  };
  for (const Json& page : pages) {
    EXPECT_NE(ErrorOfRows(table, staged, page), "no error") << page;
  }
}

/// However deep JSON is, it is followed as far as the columns go.
TEST(ListedRowsTest, DeepJsonIsAnError) {
  constexpr int kLevels = 100'000;
  std::string text = R"({"rows": [{"f": [{"v": )";
  for (int i = 0; i < kLevels; ++i) text += R"([{"v": )";
  text += "null";
  for (int i = 0; i < kLevels; ++i) text += "}]";
  text += "}]}]}";
  EXPECT_THAT(ErrorOfRows({Column("l", "STRING", FieldMode::kRepeated)},
                          {field("l", arrow::list(arrow::utf8()))}, Json::parse(text)),
              HasSubstr("'l[]' has a value that is not written as text"));
}

}  // namespace
}  // namespace headrace
