#include "headrace/destination/parquet/schema_difference.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include <array>

namespace headrace {
namespace {

/// As a record of this version has the columns, and as one of version 1 has them.
CommittedSchema ListedSchema(const arrow::FieldVector& fields) {
  return CommittedFields(*arrow::schema(fields));
}
CommittedSchema TextSchema(const arrow::FieldVector& fields) {
  return arrow::schema(fields)->ToString();
}

std::string DifferenceFromList(const arrow::FieldVector& table, const arrow::FieldVector& run) {
  return SchemaDifference(ListedSchema(table), *arrow::schema(run));
}
std::string DifferenceFromText(const arrow::FieldVector& table, const arrow::FieldVector& run) {
  return SchemaDifference(TextSchema(table), *arrow::schema(run));
}

constexpr std::array kEitherForm = {DifferenceFromList, DifferenceFromText};

std::shared_ptr<arrow::Field> ListOf(const std::shared_ptr<arrow::DataType>& type,
                                     bool nullable = true) {
  return arrow::field("l", arrow::list(arrow::field("element", type, nullable)));
}

TEST(SchemaDifferenceTest, ShowsOnlyWhatDiffers) {
  const auto a = arrow::field("a", arrow::int64());
  const auto b = arrow::field("b", arrow::utf8());
  for (const auto difference : kEitherForm) {
    EXPECT_EQ(difference({a, b}, {a, b}), "");
    EXPECT_EQ(difference({a, b}, {a, arrow::field("b", arrow::binary())}),
              "\n- b: string\n+ b: binary");
    EXPECT_EQ(difference({a, b}, {b, a}), "\nthe same columns in another order");
    EXPECT_EQ(difference({a}, {a, b}), "\n+ b: string");
    EXPECT_EQ(difference({a, b}, {b}), "\n- a: int64");
  }
}

TEST(SchemaDifferenceTest, WhetherAColumnMayBeNullIsNone) {
  const auto may = arrow::field("a", arrow::int64());
  for (const auto difference : kEitherForm) {
    EXPECT_EQ(difference({may->WithNullable(false)}, {may}), "");
    EXPECT_EQ(difference({may}, {may->WithNullable(false)}), "");
  }
}

TEST(SchemaDifferenceTest, NestedColumnsAreOneLineEach) {
  const auto pair = [](const std::shared_ptr<arrow::DataType>& type) {
    return arrow::field("p", arrow::struct_({arrow::field("x", arrow::int32()), ListOf(type)}),
                        false);
  };
  for (const auto difference : kEitherForm) {
    EXPECT_EQ(difference({ListOf(arrow::int32())}, {ListOf(arrow::int32())}), "");
    EXPECT_EQ(difference({pair(arrow::utf8())}, {pair(arrow::utf8())->WithNullable(true)}), "");
    EXPECT_EQ(difference({pair(arrow::utf8())}, {pair(arrow::int16())}),
              "\n- p: struct<x: int32, l: list<element: string>>"
              "\n+ p: struct<x: int32, l: list<element: int16>>");
    EXPECT_EQ(difference({ListOf(arrow::int32(), false)}, {ListOf(arrow::int32())}),
              "\n- l: list<element: int32 not null>\n+ l: list<element: int32>");
  }
}

TEST(SchemaDifferenceTest, ANameThatBeginsWithABlankIsAName) {
  const auto id = arrow::field("id", arrow::int64());
  const auto before = arrow::field(" x", arrow::int64());
  const auto after = arrow::field(" x", arrow::utf8());
  const auto other = arrow::field("  child", arrow::float64());
  EXPECT_EQ(DifferenceFromList({id, before}, {id, after, other}),
            "\n- \" x\": int64\n+ \" x\": string\n+ \"  child\": double");
  EXPECT_EQ(DifferenceFromText({id, before}, {id, after, other}),
            "\n-  x: int64\n+  x: string\n+   child: double");
}

TEST(SchemaDifferenceTest, AColumnOfVersion1ThatLooksLikeAFieldIsComparedToo) {
  const auto odd = [](const std::shared_ptr<arrow::DataType>& type) {
    return arrow::field("  child 0, x", type);
  };
  EXPECT_EQ(DifferenceFromText({odd(arrow::int32())}, {odd(arrow::int32())}), "");
  EXPECT_EQ(DifferenceFromText({odd(arrow::int32())}, {odd(arrow::utf8())}),
            "\n-   child 0, x: int32\n+   child 0, x: string");
}

TEST(SchemaDifferenceTest, ColumnsThatArrowShowsAlikeAreToldApart) {
  const auto a = arrow::field("a", arrow::int32());
  const auto b = arrow::field("b", arrow::int32());
  const auto both = arrow::field("a: int32\nb", arrow::int32());
  EXPECT_EQ(TextSchema({a, b}), TextSchema({both}));
  EXPECT_EQ(DifferenceFromList({a, b}, {both}),
            "\n- a: int32\n- b: int32\n+ \"a: int32\\x0ab\": int32");
  EXPECT_EQ(DifferenceFromList(
                {arrow::field("p", arrow::struct_({a, b}))},
                {arrow::field("p", arrow::struct_({arrow::field("a: int32, b", arrow::int32())}))}),
            "\n- p: struct<a: int32, b: int32>\n+ p: struct<\"a: int32, b\": int32>");
  EXPECT_EQ(DifferenceFromList({arrow::field("a\xE2\x80\x8B", arrow::int32())}, {a}),
            "\n- \"a\\xe2\\x80\\x8b\": int32\n+ a: int32");
}

}  // namespace
}  // namespace headrace
