#include "headrace/destination/bigquery/column_types.h"

#include <arrow/array.h>
#include <arrow/extension/json.h>
#include <arrow/json/from_string.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "headrace/destination/bigquery/column_range.h"
#include "headrace/transform/cast_rule.h"

namespace headrace {
namespace {

using arrow::field;
using TypePtr = std::shared_ptr<arrow::DataType>;

TypePtr Micros() { return arrow::timestamp(arrow::TimeUnit::MICRO); }
TypePtr UtcMicros() { return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"); }
TypePtr Time() { return arrow::time64(arrow::TimeUnit::MICRO); }

TypePtr ListOf(const TypePtr& type, bool nullable = false) {
  return arrow::list(field("item", type, nullable));
}

/// The one column of an output of `type`.
BigQueryColumn ColumnOfType(const TypePtr& type, bool nullable = true,
                            const ColumnWishes& wishes = {}) {
  const auto result = ColumnsOf(*arrow::schema({field("c", type, nullable)}), wishes);
  EXPECT_TRUE(result.ok()) << type->ToString() << ": " << result.status();
  return result.ok() ? result->columns.front() : BigQueryColumn{};
}

std::string ErrorOf(const arrow::FieldVector& fields, const ColumnWishes& wishes = {}) {
  const auto result = ColumnsOf(*arrow::schema(fields), wishes);
  if (result.ok()) return "no error";
  EXPECT_EQ(ClassOf(result.status()), ErrorClass::kUser);
  return result.status().message();
}

std::string NotesOf(const BigQueryColumn& column) {
  std::string text;
  for (const std::string& note : column.notes) text += (text.empty() ? "" : "; ") + note;
  return text;
}

struct TypeCase {
  TypePtr type;
  std::string_view column;  ///< TypeText.
  TypePtr staged;
  bool needs_cast = false;
  std::string_view note = {};
};

TEST(ColumnTypesTest, EveryTypeHasItsColumn) {
  const TypeCase cases[] = {
      {arrow::boolean(), "BOOL", arrow::boolean()},
      {arrow::int8(), "INTEGER", arrow::int16(), true},
      {arrow::int16(), "INTEGER", arrow::int16()},
      {arrow::int32(), "INTEGER", arrow::int32()},
      {arrow::int64(), "INTEGER", arrow::int64()},
      {arrow::uint8(), "INTEGER", arrow::int16(), true},
      {arrow::uint16(), "INTEGER", arrow::int32(), true},
      {arrow::uint32(), "INTEGER", arrow::int64(), true},
      {arrow::uint64(), "NUMERIC(20,0)", arrow::decimal128(20, 0), true},
      {arrow::float16(), "FLOAT", arrow::float32(), true},
      {arrow::float32(), "FLOAT", arrow::float32()},
      {arrow::float64(), "FLOAT", arrow::float64()},
      {arrow::date32(), "DATE", arrow::date32()},
      {arrow::date64(), "DATE", arrow::date32(), true},
      {Time(), "TIME", Time()},
      {arrow::time32(arrow::TimeUnit::SECOND), "TIME", Time(), true},
      {arrow::time64(arrow::TimeUnit::NANO), "TIME", Time(), true},
      {Micros(), "DATETIME", Micros()},
      {UtcMicros(), "TIMESTAMP", UtcMicros()},
      {arrow::timestamp(arrow::TimeUnit::SECOND), "DATETIME", Micros(), true},
      {arrow::timestamp(arrow::TimeUnit::MICRO, "Europe/Berlin"), "TIMESTAMP", UtcMicros(), true},
      {arrow::timestamp(arrow::TimeUnit::NANO, "UTC"), "TIMESTAMP", UtcMicros(), true,
       "microseconds: a value with nanoseconds follows on_overflow"},
      {arrow::utf8(), "STRING", arrow::utf8()},
      {arrow::large_utf8(), "STRING", arrow::utf8(), true},
      {arrow::utf8_view(), "STRING", arrow::utf8(), true},
      {arrow::binary(), "BYTES", arrow::binary()},
      {arrow::large_binary(), "BYTES", arrow::binary(), true},
      {arrow::fixed_size_binary(16), "BYTES", arrow::binary(), true},
      {arrow::dictionary(arrow::int32(), arrow::utf8()), "STRING", arrow::utf8(), true},
  };
  for (const TypeCase& expected : cases) {
    const BigQueryColumn column = ColumnOfType(expected.type);
    EXPECT_EQ(TypeText(column.field), expected.column) << expected.type->ToString();
    EXPECT_EQ(column.staged->ToString(), "c: " + expected.staged->ToString())
        << expected.type->ToString();
    EXPECT_EQ(column.needs_cast, expected.needs_cast) << expected.type->ToString();
    EXPECT_EQ(NotesOf(column), expected.note) << expected.type->ToString();
    EXPECT_FALSE(column.needs_parse_json);
  }
}

struct DecimalCase {
  TypePtr type;
  std::string_view column;
  TypePtr staged;
};

TEST(ColumnTypesTest, DecimalsAreWhatHoldsAllOfTheirDigits) {
  const DecimalCase cases[] = {
      {arrow::decimal128(12, 2), "NUMERIC(12,2)", arrow::decimal128(12, 2)},
      {arrow::decimal128(38, 9), "NUMERIC(38,9)", arrow::decimal128(38, 9)},
      {arrow::decimal128(29, 0), "NUMERIC(29,0)", arrow::decimal128(29, 0)},
      {arrow::decimal128(9, 9), "NUMERIC(9,9)", arrow::decimal128(9, 9)},
      {arrow::decimal128(30, 0), "BIGNUMERIC(30,0)", arrow::decimal128(30, 0)},
      {arrow::decimal256(39, 9), "BIGNUMERIC(39,9)", arrow::decimal256(39, 9)},
      {arrow::decimal128(38, 10), "BIGNUMERIC(38,10)", arrow::decimal128(38, 10)},
      {arrow::decimal256(76, 38), "BIGNUMERIC(76,38)", arrow::decimal256(76, 38)},
      {arrow::decimal128(38, 38), "BIGNUMERIC(38,38)", arrow::decimal128(38, 38)},
      {arrow::decimal256(39, 0), "STRING", arrow::utf8()},
      {arrow::decimal256(39, 39), "STRING", arrow::utf8()},
      {arrow::decimal256(76, 37), "STRING", arrow::utf8()},
      {arrow::decimal256(10, 2), "NUMERIC(10,2)", arrow::decimal128(10, 2)},
      {arrow::decimal32(5, 2), "NUMERIC(5,2)", arrow::decimal128(5, 2)},
      {arrow::decimal64(18, 2), "NUMERIC(18,2)", arrow::decimal128(18, 2)},
      {arrow::decimal128(5, -2), "NUMERIC(7,0)", arrow::decimal128(7, 0)},
      {arrow::decimal128(38, -1), "STRING", arrow::utf8()},
      {arrow::decimal128(3, 5), "NUMERIC(5,5)", arrow::decimal128(5, 5)},
  };
  for (const DecimalCase& expected : cases) {
    const BigQueryColumn column = ColumnOfType(expected.type);
    EXPECT_EQ(TypeText(column.field), expected.column) << expected.type->ToString();
    EXPECT_TRUE(column.staged->type()->Equals(expected.staged)) << expected.type->ToString();
    EXPECT_EQ(column.needs_cast, !expected.staged->Equals(expected.type));
    EXPECT_EQ(NotesOf(column), expected.column == "STRING"
                                   ? "as text: BIGNUMERIC has 38 digits on each side of the point"
                                   : "");
  }
}

TEST(ColumnTypesTest, DigitsAreNotDeclared) {
  EXPECT_EQ(ToJson(ColumnOfType(arrow::decimal128(12, 2)).field),
            nlohmann::json::parse(R"({"name":"c","type":"NUMERIC","mode":"NULLABLE"})"));
}

TEST(ColumnTypesTest, RequiredIsWhatCannotBeNullInTableAndFile) {
  const BigQueryColumn column = ColumnOfType(arrow::int64(), false);
  EXPECT_EQ(TypeText(column.field), "INTEGER REQUIRED");
  EXPECT_FALSE(column.staged->nullable());
}

TEST(ColumnTypesTest, ArraysAreRepeated) {
  const BigQueryColumn column = ColumnOfType(ListOf(arrow::int32()), false);
  EXPECT_EQ(TypeText(column.field), "INTEGER REPEATED");
  EXPECT_EQ(column.staged->ToString(), "c: list<element: int32 not null> not null");
  EXPECT_EQ(NotesOf(column), "");
  EXPECT_FALSE(column.needs_cast);
  for (const TypePtr& type :
       {arrow::large_list(arrow::int32()), arrow::fixed_size_list(arrow::int32(), 3),
        arrow::list_view(arrow::int32())}) {
    EXPECT_EQ(ColumnOfType(type).staged->ToString(), "c: list<element: int32>");
    EXPECT_TRUE(ColumnOfType(type).needs_cast);
  }
}

TEST(ColumnTypesTest, WhatAnArrayDoesNotKeepIsSaid) {
  EXPECT_EQ(NotesOf(ColumnOfType(ListOf(arrow::utf8(), true))),
            "an element that is NULL follows on_overflow; NULL becomes an empty array");
  EXPECT_EQ(NotesOf(ColumnOfType(ListOf(arrow::utf8()))), "NULL becomes an empty array");
  EXPECT_EQ(NotesOf(ColumnOfType(ListOf(arrow::timestamp(arrow::TimeUnit::NANO)), false)),
            "'c[]': microseconds: a value with nanoseconds follows on_overflow");
}

TEST(ColumnTypesTest, StructsAreRecords) {
  const auto type =
      arrow::struct_({field("id", arrow::int64(), false), field("unit price", arrow::uint64()),
                      field("tags", ListOf(arrow::utf8()))});
  const BigQueryColumn column = ColumnOfType(type, false);
  EXPECT_EQ(
      TypeText(column.field),
      "RECORD<id: INTEGER REQUIRED, unit_price: NUMERIC(20,0), tags: STRING REPEATED> REQUIRED");
  EXPECT_EQ(column.staged->ToString(),
            "c: struct<id: int64 not null, unit_price: decimal128(20, 0), tags: list<element: "
            "string not null>> not null");
  EXPECT_TRUE(column.needs_cast);
  EXPECT_EQ(NotesOf(column), "'c.tags': NULL becomes an empty array");
}

TEST(ColumnTypesTest, WithinARepeatedRecordNothingIsRequired) {
  const BigQueryColumn column =
      ColumnOfType(ListOf(arrow::struct_({field("id", arrow::int64(), false)})), false);
  EXPECT_EQ(TypeText(column.field), "RECORD<id: INTEGER> REPEATED");
  EXPECT_EQ(column.staged->ToString(), "c: list<element: struct<id: int64> not null> not null");
}

TEST(ColumnTypesTest, MapsAreRepeatedRecords) {
  const BigQueryColumn column = ColumnOfType(arrow::map(arrow::utf8(), arrow::int32()));
  EXPECT_EQ(TypeText(column.field), "RECORD<key: STRING REQUIRED, value: INTEGER> REPEATED");
  EXPECT_TRUE(column.staged->type()->Equals(arrow::map(arrow::utf8(), arrow::int32())));
  EXPECT_EQ(NotesOf(column), "NULL becomes an empty array");
  EXPECT_FALSE(column.needs_cast);
  EXPECT_EQ(TypeText(ColumnOfType(arrow::map(arrow::utf8(), ListOf(arrow::int32()))).field),
            "RECORD<key: STRING REQUIRED, value: INTEGER REPEATED> REPEATED");
}

TEST(ColumnTypesTest, ExtensionTypesAreTheirStorage) {
  const BigQueryColumn column = ColumnOfType(arrow::extension::json());
  EXPECT_EQ(TypeText(column.field), "STRING");
  EXPECT_EQ(column.staged->ToString(), "c: string");
  EXPECT_TRUE(column.needs_cast);
  EXPECT_EQ(NotesOf(column), "as the values that 'arrow.json' is stored in");
}

TEST(ColumnTypesTest, WhatHasNoColumnIsAnErrorWithAWayOut) {
  EXPECT_EQ(ErrorOf({field("c", arrow::duration(arrow::TimeUnit::SECOND))}),
            "column 'c' has the type duration[s], which BigQuery does not have: load the column as "
            "text (`type: string`)");
  EXPECT_EQ(ErrorOf({field("c", arrow::null())}),
            "column 'c' has the type null, which BigQuery does not have: load the column as text "
            "(`type: string`)");
  EXPECT_EQ(ErrorOf({field("c", ListOf(ListOf(arrow::int32())))}),
            "column 'c' is an array of arrays, which BigQuery does not have: load the column as "
            "JSON text (`type: string`)");
  EXPECT_EQ(ErrorOf({field("c", ListOf(arrow::map(arrow::utf8(), arrow::int32())))}),
            "column 'c' is an array of arrays, which BigQuery does not have: load the column as "
            "JSON text (`type: string`)");
  EXPECT_EQ(ErrorOf({field("c", arrow::struct_({}))}),
            "column 'c' has no fields: load the column as JSON text (`type: string`)");
  const auto deep = ListOf(arrow::struct_({field("m", ListOf(ListOf(arrow::int32())))}));
  EXPECT_EQ(ErrorOf({field("lines", deep)}),
            "column 'lines[].m' is an array of arrays, which BigQuery does not have: load the "
            "column as JSON text (`type: string`)");
  const auto union_type = arrow::dense_union({field("x", arrow::int32())});
  EXPECT_NE(ErrorOf({field("c", arrow::struct_({field("u", union_type)}))}).find("column 'c.u'"),
            std::string::npos);
}

TypePtr Nested(int records) {
  TypePtr type = arrow::int32();
  for (int i = 0; i < records; ++i) type = arrow::struct_({field("r", type)});
  return type;
}

TEST(ColumnTypesTest, LimitsOfTheService) {
  EXPECT_EQ(ErrorOf({field("c", Nested(kMostRecordLevels))}), "no error");
  EXPECT_NE(ErrorOf({field("c", Nested(kMostRecordLevels + 1))}).find("in more than 14 RECORDs"),
            std::string::npos);
  arrow::FieldVector many;
  for (size_t i = 0; i < kMostTableColumns; ++i) {
    many.push_back(field("c" + std::to_string(i), arrow::int32()));
  }
  EXPECT_EQ(ErrorOf(many), "no error");
  many.back() = field("last", Nested(1));
  EXPECT_EQ(ErrorOf(many),
            "10001 columns, nested ones counted: BigQuery takes 10000; list the `columns:` that "
            "are needed");
}

TEST(ColumnTypesTest, JsonIsAWishThatCostsAStagingTable) {
  const BigQueryColumn column = ColumnOfType(arrow::utf8(), false, {.json = {"c"}});
  EXPECT_EQ(TypeText(column.field), "JSON REQUIRED");
  EXPECT_EQ(column.staged->ToString(), "c: string not null");
  EXPECT_TRUE(column.needs_parse_json);
  EXPECT_EQ(column.notes.size(), 1);
  EXPECT_EQ(ErrorOf({field("c", arrow::int32())}, {.json = {"c"}}),
            "column 'c' cannot be JSON: its type is int32, not text");
  EXPECT_EQ(ErrorOf({field("c", ListOf(arrow::utf8()))}, {.json = {"c"}}),
            "column 'c' cannot be JSON: its type is list<item: string not null>, not text");
  EXPECT_EQ(ErrorOf({field("c", arrow::decimal256(76, 0))}, {.json = {"c"}}),
            "column 'c' cannot be JSON: its type is decimal256(76, 0), not text");
  EXPECT_EQ(ErrorOf({field("c", arrow::utf8())}, {.json = {"d"}}),
            "column 'd' is to be JSON, and there is none of this name");
}

TEST(ColumnTypesTest, NamesAreMappedAtEveryDepth) {
  const auto lines = ListOf(arrow::struct_({field("unit price", arrow::int32())}));
  const auto result = ColumnsOf(*arrow::schema(
      {field("id", arrow::int64()), field("order lines", lines),
       field("2nd", arrow::map(arrow::utf8(), arrow::struct_({field("a-b", Time())})))}));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->renamed, (std::vector<RenamedField>{
                                 {"order lines", "order_lines"},
                                 {"order lines[].unit price", "unit_price"},
                                 {"2nd", "_2nd"},
                                 {"2nd[].value.a-b", "a_b"},
                             }));
  EXPECT_EQ(StagedSchema(result->columns)->field_names(),
            (std::vector<std::string>{"id", "order_lines", "_2nd"}));
  EXPECT_FALSE(result->columns[1].needs_cast);
  EXPECT_EQ(ErrorOf({field("c", arrow::struct_({field("a b", Time()), field("a_b", Time())}))}),
            "columns 'c.a b' and 'c.a_b' would be one in BigQuery, 'a_b', which does not tell "
            "capitals from small letters: load the column as JSON text (`type: string`)");
}

TEST(ColumnTypesTest, CommentsAreDescriptions) {
  const auto with_comment = [](const std::string& comment) {
    return ColumnsOf(
               *arrow::schema({field("c", arrow::int32(), true,
                                     arrow::key_value_metadata({"headrace.comment"}, {comment}))}))
        ->columns.front();
  };
  EXPECT_EQ(with_comment("größer").field.description, "größer");
  std::string longest;
  for (size_t i = 0; i < kMostDescriptionCharacters; ++i) longest += "ü";
  EXPECT_EQ(with_comment(longest).field.description, longest);
  EXPECT_TRUE(with_comment(longest).notes.empty());
  const BigQueryColumn cut = with_comment(longest + "!");
  EXPECT_EQ(cut.field.description, longest.substr(0, longest.size() - 2) + "…");
  EXPECT_EQ(NotesOf(cut), "its comment has 1025 characters, of which BigQuery keeps 1024");
}

TEST(ColumnTypesTest, TheSchemaIsTheServicesJson) {
  const auto result = ColumnsOf(*arrow::schema(
      {field("id", arrow::int64(), false),
       field("lines", ListOf(arrow::struct_({field("price", arrow::decimal128(12, 2))})))}));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(SchemaJson(result->columns), nlohmann::json::parse(R"({"fields":[
      {"name":"id","type":"INTEGER","mode":"REQUIRED"},
      {"name":"lines","type":"RECORD","mode":"REPEATED",
       "fields":[{"name":"price","type":"NUMERIC","mode":"NULLABLE"}]}]})"));
  EXPECT_EQ(SchemaJson({}), nlohmann::json::parse(R"({"fields":[]})"));
}

TEST(ColumnTypesTest, TheCastsOfTypesThatSourcesHaveExist) {
  for (const TypePtr& type :
       {arrow::int8(), arrow::float16(), arrow::time32(arrow::TimeUnit::SECOND),
        arrow::time64(arrow::TimeUnit::NANO), arrow::timestamp(arrow::TimeUnit::SECOND),
        arrow::timestamp(arrow::TimeUnit::NANO, "UTC"),
        arrow::timestamp(arrow::TimeUnit::MICRO, "Europe/Berlin"), arrow::large_utf8(),
        arrow::decimal256(76, 0), arrow::decimal256(10, 2)}) {
    const BigQueryColumn column = ColumnOfType(type);
    EXPECT_TRUE(column.needs_cast);
    EXPECT_NE(FindCast(*type, *column.staged->type()), nullptr) << type->ToString();
  }
}

TEST(ColumnRangeTest, DaysAreThoseOfTheCalendar) {
  EXPECT_EQ(CivilTimeOf(kFirstBigQueryMicros).year, 1);
  EXPECT_EQ(CivilTimeOf(kFirstBigQueryMicros - 1).year, 0);
  EXPECT_EQ(CivilTimeOf(kLastBigQueryMicros).year, 9999);
  EXPECT_EQ(CivilTimeOf(kLastBigQueryMicros + 1).year, 10000);
  EXPECT_EQ(FloorDivide(kLastBigQueryMicros, kMicrosPerDay), kLastBigQueryDay);
}

TEST(ColumnRangeTest, TypesThatHoldMoreThanTheirColumn) {
  EXPECT_EQ(HeldRange(*arrow::date32()), (StoredRange{-719'162, 2'932'896}));
  EXPECT_EQ(HeldRange(*Micros()), (StoredRange{kFirstBigQueryMicros, kLastBigQueryMicros}));
  EXPECT_EQ(HeldRange(*UtcMicros()), HeldRange(*Micros()));
  EXPECT_EQ(HeldRange(*Time()), (StoredRange{0, 86'399'999'999}));
  for (const TypePtr& type : {arrow::boolean(), arrow::int64(), arrow::float64(), arrow::utf8(),
                              arrow::binary(), arrow::decimal128(38, 9)}) {
    EXPECT_EQ(HeldRange(*type), std::nullopt) << type->ToString();
  }
}

constexpr StoredRange kHeldDays = {.first = kFirstBigQueryDay, .last = kLastBigQueryDay};
constexpr StoredRange kHeldMicros = {.first = kFirstBigQueryMicros, .last = kLastBigQueryMicros};

HeldValues HeldByColumnOf(const TypePtr& type, bool nullable = true) {
  return HeldBy(ColumnOfType(type, nullable));
}

TEST(ColumnRangeTest, ColumnsHoldWhatTheirTypesAndModesDo) {
  const HeldValues all;
  for (const TypePtr& type : {arrow::boolean(), arrow::int64(), arrow::uint64(), arrow::float64(),
                              arrow::utf8(), arrow::decimal256(76, 38)}) {
    EXPECT_EQ(HeldByColumnOf(type), all) << type->ToString();
    EXPECT_EQ(HeldByColumnOf(type, false), HeldValues{.holds_null = false}) << type->ToString();
  }
  EXPECT_EQ(HeldByColumnOf(arrow::date32()), HeldValues{.range = kHeldDays});
  EXPECT_EQ(HeldByColumnOf(arrow::date64()), HeldValues{.range = kHeldDays});
  EXPECT_EQ(HeldByColumnOf(UtcMicros()), HeldValues{.range = kHeldMicros});
  EXPECT_EQ(HeldByColumnOf(Micros(), false),
            (HeldValues{.range = kHeldMicros, .holds_null = false}));
  EXPECT_EQ(HeldByColumnOf(arrow::time32(arrow::TimeUnit::SECOND)),
            (HeldValues{.range = StoredRange{0, kLastBigQueryTimeOfDay}}));
}

TEST(ColumnRangeTest, ArraysHoldNoNull) {
  for (const bool nullable : {true, false}) {
    EXPECT_EQ(HeldByColumnOf(ListOf(arrow::int32(), nullable)),
              (HeldValues{.children = {{.holds_null = false}}}));
    EXPECT_EQ(HeldByColumnOf(ListOf(Micros(), nullable)),
              (HeldValues{.children = {{.range = kHeldMicros, .holds_null = false}}}));
  }
  EXPECT_FALSE(HeldByColumnOf(ListOf(arrow::int32()), false).holds_null);
}

TEST(ColumnRangeTest, RecordsHoldWhatTheirFieldsDo) {
  const HeldValues all;
  EXPECT_EQ(HeldByColumnOf(arrow::struct_({field("a", arrow::int32())})), all);
  const TypePtr record =
      arrow::struct_({field("n", arrow::int32(), false), field("day", arrow::date32()),
                      field("text", arrow::utf8())});
  EXPECT_EQ(HeldByColumnOf(record),
            (HeldValues{.children = {{.holds_null = false}, {.range = kHeldDays}, {}}}));
  // Within an array fields are NULLABLE.
  EXPECT_EQ(HeldByColumnOf(ListOf(record)),
            (HeldValues{
                .children = {{.holds_null = false, .children = {{}, {.range = kHeldDays}, {}}}}}));
}

TEST(ColumnRangeTest, MapsHoldNoNullForAKey) {
  EXPECT_EQ(
      HeldByColumnOf(arrow::map(arrow::utf8(), arrow::date32())),
      (HeldValues{.children = {{.holds_null = false,
                                .children = {{.holds_null = false}, {.range = kHeldDays}}}}}));
}

TEST(ColumnRangeTest, WhatIsHeldIsLookedForInStagedArrays) {
  const BigQueryColumn column = ColumnOfType(
      ListOf(arrow::struct_({field("day", arrow::date32()), field("n", arrow::int32())}), true));
  const auto values =
      arrow::json::ArrayFromJSONString(
          column.staged->type(), R"([[{"day": 2932896}], null, [], [null], [{"day": 2932897}]])")
          .ValueOrDie();
  EXPECT_EQ(RowsNotHeld(*values, HeldBy(column)), (std::vector<int64_t>{3, 4}));
}

TEST(ColumnRangeTest, SaysWhatMayChange) {
  const auto misfits = [](const TypePtr& type, const ColumnWishes& wishes = {}) {
    return PossibleMisfits(ColumnOfType(type, true, wishes));
  };
  using Misfits = std::vector<PossibleMisfit>;
  EXPECT_EQ(misfits(arrow::int64()), Misfits{});
  EXPECT_EQ(misfits(arrow::date32()), Misfits{});
  EXPECT_EQ(misfits(arrow::decimal256(76, 38)), Misfits{});
  EXPECT_EQ(misfits(arrow::float32()), (Misfits{{"c", Misfit::kNegativeZero}}));
  EXPECT_EQ(misfits(arrow::utf8(), {.json = {"c"}}), (Misfits{{"c", Misfit::kNotJson}}));
  EXPECT_EQ(misfits(ListOf(arrow::int32(), true)), Misfits{});
  EXPECT_EQ(misfits(ListOf(arrow::float64())), (Misfits{{"c[]", Misfit::kNegativeZero}}));
  EXPECT_EQ(misfits(arrow::struct_({field("a b", arrow::float64()), field("n", arrow::int32())})),
            (Misfits{{"c.a_b", Misfit::kNegativeZero}}));
  EXPECT_EQ(misfits(ListOf(arrow::struct_({field("price", arrow::float64())}))),
            (Misfits{{"c[].price", Misfit::kNegativeZero}}));
  EXPECT_EQ(misfits(arrow::map(arrow::utf8(), arrow::float32())),
            (Misfits{{"c[].value", Misfit::kNegativeZero}}));
}

}  // namespace
}  // namespace headrace
