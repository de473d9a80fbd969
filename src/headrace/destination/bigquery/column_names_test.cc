#include "headrace/destination/bigquery/column_names.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "headrace/model/ascii.h"

namespace headrace {
namespace {

std::string Joined(const std::vector<std::string>& names, std::string_view path = {}) {
  const auto result = ColumnNames(names, path);
  if (!result.ok()) {
    EXPECT_EQ(ClassOf(result.status()), ErrorClass::kUser);
    return "error: " + result.status().message();
  }
  std::string text;
  for (const std::string& name : *result) text += (text.empty() ? "" : " ") + name;
  return text;
}

TEST(ColumnNamesTest, OneRule) {
  EXPECT_EQ(ColumnName("id"), "id");
  EXPECT_EQ(ColumnName("_Id9"), "_Id9");
  EXPECT_EQ(ColumnName("first name"), "first_name");
  EXPECT_EQ(ColumnName("a.b-c/d"), "a_b_c_d");
  EXPECT_EQ(ColumnName("2nd"), "_2nd");
  EXPECT_EQ(ColumnName("größe"), "gr__e");
  EXPECT_EQ(ColumnName("列"), "_");
  EXPECT_EQ(ColumnName("😀x"), "_x");
  EXPECT_EQ(ColumnName("\xff\xfe"), "__");
  EXPECT_EQ(ColumnName(""), "_");
  EXPECT_EQ(ColumnName("a`b"), "a_b");
}

TEST(ColumnNamesTest, RefusedPrefixesGetAnUnderscore) {
  EXPECT_EQ(ColumnName("_TABLE_x"), "__TABLE_x");
  EXPECT_EQ(ColumnName("_table_"), "__table_");
  EXPECT_EQ(ColumnName("_TABLE"), "_TABLE");
  EXPECT_EQ(ColumnName("_FILE_NAME"), "__FILE_NAME");
  EXPECT_EQ(ColumnName("_partitiontime"), "__partitiontime");
  EXPECT_EQ(ColumnName("_ROW_TIMESTAMP"), "__ROW_TIMESTAMP");
  EXPECT_EQ(ColumnName("__ROOT__"), "___ROOT__");
  EXPECT_EQ(ColumnName("_COLIDENTIFIER"), "__COLIDENTIFIER");
  EXPECT_EQ(ColumnName("_CHANGE_SEQUENCE_NUMBER"), "__CHANGE_SEQUENCE_NUMBER");
  EXPECT_EQ(ColumnName("_CHANGE_TYPE"), "__CHANGE_TYPE");
  EXPECT_EQ(ColumnName("_CHANGE_TIMESTAMP"), "__CHANGE_TIMESTAMP");
  EXPECT_EQ(ColumnName(" table_x"), "__table_x");
  EXPECT_EQ(ColumnName("_headrace_run"), "_headrace_run");
}

TEST(ColumnNamesTest, CollisionsNameBoth) {
  EXPECT_EQ(Joined({"id", "ID2", "x y"}), "id ID2 x_y");
  EXPECT_EQ(Joined({"a b", "id", "a-b"}),
            "error: columns 'a b' and 'a-b' would be one in BigQuery, 'a_b', which does not tell "
            "capitals from small letters: give one another name (`as:`)");
  EXPECT_EQ(Joined({"Id", "ID"}),
            "error: columns 'Id' and 'ID' would be one in BigQuery, 'ID', which does not tell "
            "capitals from small letters: give one another name (`as:`)");
  EXPECT_EQ(Joined({"x y", "x_y"}, "lines[]"),
            "error: columns 'lines[].x y' and 'lines[].x_y' would be one in BigQuery, 'x_y', which "
            "does not tell capitals from small letters: load the column as JSON text (`type: "
            "string`)");
}

TEST(ColumnNamesTest, LengthIsCountedInCharactersOfTheResult) {
  const std::string longest(kMostNameCharacters, 'x');
  EXPECT_EQ(Joined({longest}), longest);
  std::string umlauts;
  for (size_t i = 0; i < kMostNameCharacters; ++i) umlauts += "ü";
  EXPECT_EQ(Joined({umlauts}), std::string(kMostNameCharacters, '_'));
  EXPECT_NE(Joined({longest + "x"}).find("has 301 characters, BigQuery takes 300"),
            std::string::npos);
  EXPECT_NE(Joined({"2" + longest.substr(1)}).find("has 301 characters"), std::string::npos);
}

// Names of all bytes, with many of those that matter.
rc::Gen<std::string> AnyName() {
  const auto piece = rc::gen::oneOf(
      rc::gen::elementOf(std::vector<std::string>{"_", "__", "a", "B", "0", "9", ".", " ", "ü",
                                                  "_TABLE_", "_partition", "__ROOT__",
                                                  "_Change_Type", "ROOT"}),
      rc::gen::map(rc::gen::arbitrary<char>(), [](char c) { return std::string(1, c); }));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        std::string name;
                        for (const std::string& part : pieces) name += part;
                        return name;
                      });
}

/// The documented rule, written down once more.
bool IsDocumentedName(const std::string& name) {
  const auto is_plain = [](char c) {
    return c == '_' || (std::isalnum(static_cast<unsigned char>(c)) != 0);
  };
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) return false;
  std::string capitals = name;
  std::ranges::transform(capitals, capitals.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (const char* prefix :
       {"_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER",
        "_CHANGE_SEQUENCE_NUMBER", "_CHANGE_TYPE", "_CHANGE_TIMESTAMP"}) {
    if (capitals.starts_with(prefix)) return false;
  }
  return std::ranges::all_of(name, is_plain);
}

RC_GTEST_PROP(ColumnNamesProperty, ResultsAreNames, ()) {
  const std::string name = *AnyName();
  const std::string result = ColumnName(name);
  RC_ASSERT(IsDocumentedName(result));
  RC_ASSERT(IsColumnName(result) == (result.size() <= kMostNameCharacters));
  RC_ASSERT(IsColumnName(name) == (IsDocumentedName(name) && name.size() <= kMostNameCharacters));
}

RC_GTEST_PROP(ColumnNamesProperty, ResultsAreStable, ()) {
  const std::string name = *AnyName();
  const std::string result = ColumnName(name);
  RC_ASSERT(ColumnName(result) == result);
  if (IsColumnName(name)) RC_ASSERT(result == name);
}

RC_GTEST_PROP(ColumnNamesProperty, EitherAllAreUniqueOrItIsAnError, ()) {
  // Names that may well meet, beside others.
  const auto likely = rc::gen::elementOf(std::vector<std::string>{
      "id", "Id", "a b", "a_b", "A-B", "2", "_2", "_TABLE_", "__table_", "", "_", "x", "y", "z"});
  const auto names =
      *rc::gen::container<std::vector<std::string>>(rc::gen::oneOf(likely, likely, AnyName()));
  std::set<std::string> expected;
  for (const std::string& name : names) expected.insert(LowerAsciiText(ColumnName(name)));
  const bool is_short = std::ranges::all_of(
      expected, [](const std::string& name) { return name.size() <= kMostNameCharacters; });
  const auto results = ColumnNames(names);
  RC_ASSERT(results.ok() == (is_short && expected.size() == names.size()));
  if (!results.ok()) return;
  for (size_t i = 0; i < names.size(); ++i) RC_ASSERT((*results)[i] == ColumnName(names[i]));
}

}  // namespace
}  // namespace headrace
