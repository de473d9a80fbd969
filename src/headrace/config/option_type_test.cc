#include "headrace/config/option_type.h"

#include <gtest/gtest.h>

#include <optional>
#include <regex>
#include <string>
#include <vector>

namespace headrace {
namespace {

struct TextCase {
  OptionType type;
  std::string text;
  std::optional<OptionValues::Value> value;  ///< None: refused.
};

void PrintTo(const TextCase& test, std::ostream* out) {
  *out << InfoOf(test.type).name << " '" << test.text << "'";
}

constexpr int64_t kKibi = 1024;

const std::vector<TextCase>& TextCases() {
  using enum OptionType;
  static const std::vector<TextCase> kCases = {
      {kString, "", std::string()},
      {kString, "12", std::string("12")},
      {kInteger, "0", int64_t{0}},
      {kInteger, "+7", int64_t{7}},
      {kInteger, "-7", int64_t{-7}},
      {kInteger, "0x1F", int64_t{31}},
      {kInteger, "0o17", int64_t{15}},
      {kInteger, "9223372036854775807", INT64_MAX},
      {kInteger, "9223372036854775808", std::nullopt},
      {kInteger, "1_000", std::nullopt},
      {kInteger, "1.0", std::nullopt},
      {kInteger, "0x-1", std::nullopt},
      {kInteger, "+-1", std::nullopt},
      {kInteger, "--1", std::nullopt},
      {kInteger, " 1", std::nullopt},
      {kInteger, "", std::nullopt},
      {kBoolean, "true", true},
      {kBoolean, "false", false},
      {kBoolean, "True", std::nullopt},
      {kBoolean, "yes", std::nullopt},
      {kBoolean, "1", std::nullopt},
      {kBytes, "1024", kKibi},
      {kBytes, "64kB", int64_t{64'000}},
      {kBytes, "256MiB", 256 * kKibi * kKibi},
      {kBytes, "3 GB", int64_t{3'000'000'000}},
      {kBytes, "1TiB", kKibi * kKibi * kKibi * kKibi},
      {kBytes, "8EiB", std::nullopt},
      {kBytes, "9000000TiB", std::nullopt},
      {kBytes, "1.5GiB", std::nullopt},
      {kBytes, "64KB", std::nullopt},
      {kBytes, "64mib", std::nullopt},
      {kBytes, "-1B", std::nullopt},
      {kBytes, "MiB", std::nullopt},
      {kBytes, "1  MiB", std::nullopt},
      {kDuration, "0", int64_t{0}},
      {kDuration, "250ms", int64_t{250}},
      {kDuration, "30s", int64_t{30'000}},
      {kDuration, "5 m", int64_t{300'000}},
      {kDuration, "1h", int64_t{3'600'000}},
      {kDuration, "2d", int64_t{172'800'000}},
      {kDuration, "30", std::nullopt},
      {kDuration, "1h30m", std::nullopt},
      {kDuration, "99999999999999999d", std::nullopt},
      {kPath, "./lake", std::string("./lake")},
      {kPath, "", std::nullopt},
      {kPath, "~/lake", std::nullopt},
      {kPath, "~ada", std::nullopt},
      {kPath, "./~/lake", std::string("./~/lake")},
      {kName, "shop-2.daily_x", std::string("shop-2.daily_x")},
      {kName, "7", std::string("7")},
      {kName, ".hidden", std::nullopt},
      {kName, "a/b", std::nullopt},
      {kName, "a b", std::nullopt},
      {kName, "", std::nullopt},
      {kName, std::string(64, 'x'), std::string(64, 'x')},
      {kName, std::string(65, 'x'), std::nullopt},
      {kColumnType, "decimal(12,2)", std::string("decimal(12,2)")},
      {kColumnType, "number", std::nullopt},
  };
  return kCases;
}

class OptionTextTest : public testing::TestWithParam<TextCase> {};

TEST_P(OptionTextTest, IsReadOrRefused) {
  const OptionSpec option = {.key = "key", .type = GetParam().type};
  const auto value = ParseOptionText(option, GetParam().text, GetParam().text);
  ASSERT_EQ(value.ok(), GetParam().value.has_value()) << value.status();
  if (value.ok()) {
    EXPECT_EQ(*value, *GetParam().value);
  } else {
    EXPECT_EQ(ClassOf(value.status()), ErrorClass::kUser);
  }
}

/// The schema must not refuse what the parser takes, nor the other way round (beyond what does not
/// fit an int64).
TEST_P(OptionTextTest, PatternAgrees) {
  const std::string_view pattern = InfoOf(GetParam().type).pattern;
  const bool is_number = GetParam().text.find_first_not_of("0123456789") == std::string::npos;
  const bool is_huge =
      GetParam().text.starts_with("9000000") || GetParam().text.starts_with("99999");
  if (pattern.empty() || is_number || is_huge) return;
  EXPECT_EQ(std::regex_match(GetParam().text, std::regex(std::string(pattern))),
            GetParam().value.has_value());
}

INSTANTIATE_TEST_SUITE_P(Texts, OptionTextTest, testing::ValuesIn(TextCases()));

std::string MessageFor(const OptionSpec& option, std::string_view text, std::string_view shown) {
  return ParseOptionText(option, text, shown).status().message();
}

TEST(OptionTextMessageTest, NamesRangeInTheOptionsOwnUnits) {
  EXPECT_EQ(MessageFor({.key = "k", .type = OptionType::kInteger, .minimum = 1, .maximum = 9}, "10",
                       "10"),
            "expected an integer (1 to 9); found '10'");
  EXPECT_EQ(MessageFor({.key = "k", .type = OptionType::kBytes, .minimum = 16 * kKibi * kKibi},
                       "1kB", "1kB"),
            "expected a size like 64MiB (at least 16MiB); found '1kB'");
  EXPECT_EQ(
      MessageFor({.key = "k", .type = OptionType::kDuration, .maximum = 3'600'000}, "2h", "2h"),
      "expected a duration like 30s (at most 1h); found '2h'");
}

TEST(OptionTextMessageTest, ShowsAReferenceAsItIsWritten) {
  EXPECT_EQ(MessageFor({.key = "k", .type = OptionType::kInteger}, "hunter2", "${PORT}"),
            "expected an integer; '${PORT}' stands for something else");
  EXPECT_EQ(MessageFor({.key = "k", .type = OptionType::kColumnType}, "hunter2", "${TYPE}"),
            "expected a type; '${TYPE}' stands for something else");
  EXPECT_EQ(MessageFor({.key = "k", .type = OptionType::kEnum, .choices = {"hunter3"}}, "hunter2",
                       "${MODE}"),
            "expected one of hunter3; '${MODE}' stands for something else");
}

TEST(DefaultValuesTest, AreNotWritten) {
  const std::vector<OptionSpec> options = {
      {.key = "grace", .type = OptionType::kDuration, .default_text = "1h"},
      {.key = "path", .type = OptionType::kPath},
      {.key = "strict", .type = OptionType::kBoolean, .default_text = "true"}};
  const auto values = DefaultValues(options);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(values->Integer("grace"), 3'600'000);
  EXPECT_EQ(values->Boolean("strict"), true);
  EXPECT_FALSE(values->WasWritten("grace"));
  EXPECT_EQ(values->Find("path"), nullptr);
}

TEST(OptionValuesTest, OtherTypesAndKeysReadAsNothing) {
  OptionValues values;
  values.Set("port", int64_t{5432});
  EXPECT_EQ(values.Integer("port"), 5432);
  EXPECT_EQ(values.String("port"), std::nullopt);
  EXPECT_EQ(values.Boolean("other"), std::nullopt);
  EXPECT_TRUE(values.StringList("port").empty());
  EXPECT_TRUE(values.WasWritten("port"));
}

TEST(OptionValuesTest, OverlayWins) {
  OptionValues values;
  values.Set("a", std::string("old"), /*from_default=*/true);
  values.Set("b", std::string("kept"));
  OptionValues over;
  over.Set("a", std::string("new"));
  values.Overlay(over);
  EXPECT_EQ(values.String("a"), "new");
  EXPECT_EQ(values.String("b"), "kept");
  EXPECT_TRUE(values.WasWritten("a"));
}

}  // namespace
}  // namespace headrace
