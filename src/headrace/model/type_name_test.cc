#include "headrace/model/type_name.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace headrace {
namespace {

std::string Parsed(std::string_view text) {
  const auto type = ParseTypeName(text);
  return type.ok() ? (*type)->ToString() : "error: " + type.status().message();
}

TEST(TypeNameTest, EveryListedNameParses) {
  for (const TypeName& type : TypeNames()) {
    const std::string name =
        type.name == "decimal(p,s)" ? "decimal(12, 2)" : std::string(type.name);
    EXPECT_TRUE(ParseTypeName(name).ok()) << name;
    EXPECT_THAT(name, ::testing::MatchesRegex(std::string(type.pattern)));
  }
}

TEST(TypeNameTest, ArrowTypes) {
  EXPECT_EQ(Parsed("bool"), "bool");
  EXPECT_EQ(Parsed("float"), "float");
  EXPECT_EQ(Parsed("string"), "string");
  EXPECT_EQ(Parsed("bytes"), "binary");
  EXPECT_EQ(Parsed("date"), "date32[day]");
  EXPECT_EQ(Parsed("time"), "time64[us]");
  EXPECT_EQ(Parsed("timestamp"), "timestamp[us]");
  EXPECT_EQ(Parsed("timestamptz"), "timestamp[us, tz=UTC]");
  EXPECT_EQ(Parsed("decimal(12,2)"), "decimal128(12, 2)");
  EXPECT_EQ(Parsed("decimal(76,76)"), "decimal256(76, 76)");
}

TEST(TypeNameTest, ErrorsNameWhatWasExpected) {
  EXPECT_EQ(Parsed("integer"),
            "error: unknown type 'integer': expected one of bool, int16, int32, int64, float, "
            "double, decimal(p,s), string, "
            "bytes, date, time, timestamp, timestamptz");
  EXPECT_EQ(Parsed("decimal(12)"),
            "error: type 'decimal(12)': expected decimal(p,s), e.g. decimal(12,2)");
  EXPECT_EQ(Parsed("decimal(12,-2)"),
            "error: type 'decimal(12,-2)': expected decimal(p,s), e.g. decimal(12,2)");
  EXPECT_EQ(Parsed("decimal(99999999999,2)"),
            "error: type 'decimal(99999999999,2)': expected decimal(p,s), e.g. decimal(12,2)");
  EXPECT_EQ(Parsed("decimal(77,2)"),
            "error: type 'decimal(77,2)': decimal(p,s) needs 1 ≤ p ≤ 76 and 0 ≤ s ≤ p");
  EXPECT_EQ(Parsed("decimal(2,3)"),
            "error: type 'decimal(2,3)': decimal(p,s) needs 1 ≤ p ≤ 76 and 0 ≤ s ≤ p");
}

}  // namespace
}  // namespace headrace
