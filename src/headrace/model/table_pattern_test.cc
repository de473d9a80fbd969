#include "headrace/model/table_pattern.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace headrace {
namespace {

bool Matches(const char* pattern, const char* table) {
  return TablePattern(pattern).Matches(ParseTableName(table));
}

TEST(TablePatternTest, StarsAndQuestionMarksAreWildcardsOutsideOfQuotes) {
  for (const char* text : {"public.*", "*", "tenant_?.orders", "a*b", R"("odd.name"*)"}) {
    EXPECT_TRUE(TablePattern::HasWildcards(text)) << text;
  }
  for (const char* text : {"public.events", R"("*")", R"(public."odd*name")", R"("a""*".b)", ""}) {
    EXPECT_FALSE(TablePattern::HasWildcards(text)) << text;
  }
}

TEST(TablePatternTest, AStarIsAnyCharactersAndAQuestionMarkOne) {
  EXPECT_TRUE(Matches("public.dim_*", "public.dim_date"));
  EXPECT_TRUE(Matches("public.dim_*", "public.dim_"));
  EXPECT_FALSE(Matches("public.dim_*", "public.dim"));
  EXPECT_FALSE(Matches("public.dim_*", "public.old_dim_date"));
  EXPECT_TRUE(Matches("public.*_20??_*", "public.log_2024_01"));
  EXPECT_FALSE(Matches("public.*_20??_*", "public.log_204_01"));
  EXPECT_TRUE(Matches("public.*ab*ab", "public.abxabab"));
  EXPECT_FALSE(Matches("public.*ab*ab", "public.ab"));
}

TEST(TablePatternTest, EverythingElseStandsForItselfInItsCase) {
  EXPECT_FALSE(Matches("public.Dim_*", "public.dim_date"));
  EXPECT_TRUE(Matches("public.a[bc]*", "public.a[bc]d"));
  EXPECT_FALSE(Matches("public.a[bc]*", "public.ab"));
  EXPECT_TRUE(Matches(R"(public.a\*)", R"(public.a\b)"));
}

TEST(TablePatternTest, QuotesProtectWildcardsAndDots) {
  EXPECT_TRUE(Matches(R"(public."odd*name"*)", R"(public."odd*name2")"));
  EXPECT_FALSE(Matches(R"(public."odd*name"*)", "public.oddname"));
  EXPECT_TRUE(Matches(R"("my.schema".*)", R"("my.schema".orders)"));
  EXPECT_FALSE(Matches(R"("my.schema".*)", "my.schema"));
  EXPECT_TRUE(Matches(R"(public."""?"*)", R"(public."""?x")"));
}

TEST(TablePatternTest, ASchemaHasWildcardsOfItsOwn) {
  EXPECT_TRUE(Matches("tenant_*.orders", "tenant_7.orders"));
  EXPECT_FALSE(Matches("tenant_*.orders", "tenant_7.order"));
  EXPECT_FALSE(Matches("tenant_*.orders", "main.orders"));
  EXPECT_TRUE(Matches("*.*", R"(a."b.c")"));
  EXPECT_TRUE(Matches("public.*", R"(public."b.c")"));
}

TEST(TablePatternTest, WithoutSchemaItMatchesTablesWithoutSchema) {
  EXPECT_TRUE(Matches("*", "orders"));
  EXPECT_FALSE(Matches("*", "public.orders"));
  EXPECT_FALSE(Matches("*.*", "orders"));
  EXPECT_FALSE(TablePattern("*").Matches(TableRef{.query = "SELECT 1", .alias = "one"}));
}

TEST(TablePatternTest, AQuestionMarkIsACharacterAndNotAByte) {
  EXPECT_TRUE(Matches("s.caf?", "s.café"));
  EXPECT_TRUE(Matches("s.??", "s.日本"));
  EXPECT_FALSE(Matches("s.???", "s.日本"));
  EXPECT_TRUE(Matches("s.a?b",
                      "s.a\xff"
                      "b"));
}

TEST(TablePatternTest, TwoPatternsOverlapWhereATableMatchesBoth) {
  const auto overlap = [](const char* a, const char* b) {
    EXPECT_EQ(TablePattern(a).Overlaps(TablePattern(b)), TablePattern(b).Overlaps(TablePattern(a)));
    return TablePattern(a).Overlaps(TablePattern(b));
  };
  EXPECT_TRUE(overlap("public.dim_*", "public.dim_tmp"));
  EXPECT_TRUE(overlap("public.dim_*", "public.*_tmp"));
  EXPECT_TRUE(overlap("public.dim_*", "*.*"));
  EXPECT_FALSE(overlap("public.dim_*", "public.dmi_tmp"));
  EXPECT_FALSE(overlap("public.dim_*", "sales.dim_tmp"));
  EXPECT_FALSE(overlap("public.dim_*", "dim_tmp"));
  EXPECT_FALSE(overlap("public.dim_?", "public.dim_??"));
}

TEST(TablePatternTest, TheSameTablesAreTheSamePatternInAnySpelling) {
  EXPECT_TRUE(TablePattern("public.dim_*").IsSameAs(TablePattern(R"("public".dim_**)")));
  EXPECT_FALSE(TablePattern("public.dim_*").IsSameAs(TablePattern(R"(public."dim_*")")));
}

/// What the words say, without thought for time.
bool MatchesByDefinition(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    for (size_t taken = 0; taken <= name.size(); ++taken) {
      if (MatchesByDefinition(pattern.substr(1), name.substr(taken))) return true;
    }
    return false;
  }
  if (name.empty() || (pattern.front() != '?' && pattern.front() != name.front())) return false;
  return MatchesByDefinition(pattern.substr(1), name.substr(1));
}

std::string AnyText(std::string letters, int most) {
  return *rc::gen::resize(most, rc::gen::container<std::string>(rc::gen::elementOf(letters)));
}

RC_GTEST_PROP(TablePatternProperty, MatchesWhatItsWordsSay, ()) {
  const std::string pattern = AnyText("ab*?", 10);
  const std::string name = AnyText("ab", 10);
  RC_ASSERT(NameGlob(SplitName(pattern).name).Matches(name) == MatchesByDefinition(pattern, name));
}

std::vector<std::string> AllNames(size_t most) {
  std::vector<std::string> names = {""};
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].size() == most) continue;
    names.push_back(names[i] + 'a');
    names.push_back(names[i] + 'b');
  }
  return names;
}

/// Where two patterns share a name, they share one that is no longer than both together.
RC_GTEST_PROP(TablePatternProperty, OverlapsWhereSomeNameMatchesBoth, ()) {
  static const std::vector<std::string> kNames = AllNames(8);
  const std::string a = AnyText("ab*?", 4);
  const std::string b = AnyText("ab*?", 4);
  RC_PRE(a.size() <= 4 && b.size() <= 4);
  const bool some = std::ranges::any_of(kNames, [&](const std::string& name) {
    return MatchesByDefinition(a, name) && MatchesByDefinition(b, name);
  });
  RC_ASSERT(NameGlob(SplitName(a).name).Overlaps(NameGlob(SplitName(b).name)) == some);
}

/// A name, quoted, matches itself alone.
RC_GTEST_PROP(TablePatternProperty, ALabelMatchesItsTableAlone, ()) {
  const TableRef table{.schema = "s", .name = AnyText("a.*?\"", 6), .query = {}, .alias = {}};
  const TableRef other{.schema = "s", .name = AnyText("a.*?\"", 6), .query = {}, .alias = {}};
  const std::string label = table.label();
  RC_ASSERT(!TablePattern::HasWildcards(label));
  RC_ASSERT(TablePattern(label).Matches(table));
  RC_ASSERT(TablePattern(label).Matches(other) == (table == other));
  RC_ASSERT(ParseTableName(label) == table);
}

}  // namespace
}  // namespace headrace
