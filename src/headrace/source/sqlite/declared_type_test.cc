#include "headrace/source/sqlite/declared_type.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include "headrace/client/sqlite/database.h"

namespace headrace::sqlite {
namespace {

struct DeclaredCase {
  std::string_view declared;
  std::shared_ptr<arrow::DataType> type;  ///< Null: a sample decides.
};

class DeclaredTypeTest : public testing::TestWithParam<DeclaredCase> {};

TEST_P(DeclaredTypeTest, Maps) {
  const DeclaredMapping mapping = MapDeclaredType(GetParam().declared);
  if (GetParam().type == nullptr) {
    EXPECT_EQ(mapping.type, nullptr) << mapping.type->ToString();
    return;
  }
  ASSERT_NE(mapping.type, nullptr);
  EXPECT_TRUE(mapping.type->Equals(GetParam().type)) << mapping.type->ToString();
}

INSTANTIATE_TEST_SUITE_P(
    Affinities, DeclaredTypeTest,
    testing::Values(DeclaredCase{"INTEGER", arrow::int64()}, DeclaredCase{"int", arrow::int64()},
                    DeclaredCase{"UNSIGNED BIG INT", arrow::int64()},
                    DeclaredCase{"TINYINT(1)", arrow::int64()},
                    DeclaredCase{"FLOATING POINT", arrow::int64()},
                    DeclaredCase{"VARCHAR(20)", arrow::utf8()},
                    DeclaredCase{"nchar(55)", arrow::utf8()}, DeclaredCase{"CLOB", arrow::utf8()},
                    DeclaredCase{"TEXT", arrow::utf8()}, DeclaredCase{"BLOB", arrow::binary()},
                    DeclaredCase{"REAL", arrow::float64()},
                    DeclaredCase{"DOUBLE PRECISION", arrow::float64()},
                    DeclaredCase{"FLOAT", arrow::float64()}, DeclaredCase{"", nullptr},
                    DeclaredCase{"NUMERIC", nullptr}, DeclaredCase{"DECIMAL", nullptr},
                    DeclaredCase{"JSON", nullptr}, DeclaredCase{"ANY", nullptr}));

INSTANTIATE_TEST_SUITE_P(
    Names, DeclaredTypeTest,
    testing::Values(DeclaredCase{"BOOLEAN", arrow::boolean()},
                    DeclaredCase{"bool", arrow::boolean()}, DeclaredCase{"DATE", arrow::date32()},
                    DeclaredCase{"datetime", arrow::timestamp(arrow::TimeUnit::MICRO)},
                    DeclaredCase{"DATETIME(6)", arrow::timestamp(arrow::TimeUnit::MICRO)},
                    DeclaredCase{"TIMESTAMP", arrow::timestamp(arrow::TimeUnit::MICRO)},
                    DeclaredCase{"timestamp(3) with time zone",
                                 arrow::timestamp(arrow::TimeUnit::MICRO)},
                    DeclaredCase{"DECIMAL(12,2)", arrow::decimal128(12, 2)},
                    DeclaredCase{"numeric ( 10 , 4 )", arrow::decimal128(10, 4)},
                    DeclaredCase{"DECIMAL(9)", arrow::decimal128(9, 0)},
                    DeclaredCase{"DECIMAL(38,38)", arrow::decimal128(38, 38)},
                    DeclaredCase{"DECIMAL(39,2)", arrow::utf8()},
                    DeclaredCase{"DECIMAL(5,9)", nullptr}, DeclaredCase{"DECIMAL(0)", nullptr},
                    DeclaredCase{"DECIMAL(5,-2)", nullptr}, DeclaredCase{"DECIMAL(x)", nullptr}));

/// The widest type of the values of a VALUES list.
std::shared_ptr<arrow::DataType> WidestOf(const std::string& values) {
  auto database = SqliteDatabase::Open(":memory:", SqliteOpenMode::kReadWriteCreate,
                                       std::chrono::milliseconds(0))
                      .ValueOrDie();
  auto statement = database.Prepare("SELECT column1 FROM (VALUES " + values + ")").ValueOrDie();
  WidestType widest;
  while (statement.Step().ValueOrDie()) widest.Add(sqlite3_column_value(statement.handle(), 0));
  return widest.type();
}

TEST(WidestTypeTest, GrowsFromInt64ToDoubleToText) {
  EXPECT_TRUE(WidestOf("(1), (NULL), (-5)")->Equals(arrow::int64()));
  EXPECT_TRUE(WidestOf("(1), (2.5)")->Equals(arrow::float64()));
  EXPECT_TRUE(WidestOf("(1), (2.5), ('x')")->Equals(arrow::utf8()));
  EXPECT_TRUE(WidestOf("(1), (x'00')")->Equals(arrow::utf8()));
}

TEST(WidestTypeTest, AnIntegerThatADoubleCannotHoldMakesText) {
  EXPECT_TRUE(WidestOf("(9007199254740993)")->Equals(arrow::int64()));
  EXPECT_TRUE(WidestOf("(9007199254740993), (0.5)")->Equals(arrow::utf8()));
  EXPECT_TRUE(WidestOf("(9007199254740992), (0.5)")->Equals(arrow::float64()));
}

TEST(WidestTypeTest, OnlyBlobsAreBinaryAndNothingIsText) {
  EXPECT_TRUE(WidestOf("(x'00'), (NULL)")->Equals(arrow::binary()));
  EXPECT_TRUE(WidestOf("(NULL)")->Equals(arrow::utf8()));
}

TEST(FitsDoubleTest, AtTheEnds) {
  EXPECT_TRUE(FitsDouble(INT64_MIN));
  EXPECT_FALSE(FitsDouble(INT64_MAX));
  EXPECT_FALSE(FitsDouble(INT64_MIN + 1));
}

}  // namespace
}  // namespace headrace::sqlite
