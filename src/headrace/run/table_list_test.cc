#include "headrace/run/table_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A job of `names`, each a table or a pattern; `exclude` is of the last pattern.
Job JobOf(const std::vector<std::string>& names, const std::vector<std::string>& exclude = {}) {
  Job job;
  for (const std::string& name : names) {
    TableJob each;
    if (!TablePattern::HasWildcards(name)) {
      each.table = ParseTableName(name);
      job.tables.push_back(each);
      continue;
    }
    each.pattern = name;
    each.where = "of " + name;
    job.patterns.push_back({.pattern = TablePattern(name),
                            .exclude = {},
                            .each = each,
                            .position = job.tables.size(),
                            .path = "tables[" + std::to_string(job.patterns.size()) + "].name"});
  }
  for (const std::string& name : exclude) {
    job.patterns.back().exclude.emplace_back(name);
  }
  return job;
}

NamedRelation Relation(const char* name, RelationKind kind = RelationKind::kTable,
                       const std::vector<std::string>& parents = {}) {
  NamedRelation relation{.table = ParseTableName(name),
                         .kind = kind,
                         .found_without_schema = std::string_view(name).starts_with("public."),
                         .parents = {}};
  for (const std::string& parent : parents) relation.parents.push_back(ParseTableName(parent));
  return relation;
}

std::vector<std::string> Labels(const Job& job, const TableList& list) {
  std::vector<std::string> labels;
  for (const TableJob& table : WithTables(job, list.matched).tables) {
    labels.push_back(table.table.label());
  }
  return labels;
}

std::vector<std::string> Labels(const Job& job, const std::vector<NamedRelation>& names) {
  const TableList list = ListTables(job, names);
  EXPECT_TRUE(list.fault().ok()) << list.fault();
  return Labels(job, list);
}

TEST(TableListTest, TablesStandWhereTheirPatternStands) {
  const Job job = JobOf({"public.events", "public.dim_*", "other.x", "sales.*"});
  const std::vector<NamedRelation> names = {Relation("public.dim_a"), Relation("public.dim_b"),
                                            Relation("public.events"), Relation("sales.z")};
  EXPECT_THAT(Labels(job, names),
              ElementsAre("public.events", "public.dim_a", "public.dim_b", "other.x", "sales.z"));
  const Job listed = WithTables(job, ListTables(job, names).matched);
  EXPECT_TRUE(listed.patterns.empty());
  EXPECT_EQ(listed.tables[1].where, "of public.dim_*");
  EXPECT_EQ(listed.tables[1].pattern, "public.dim_*");
  EXPECT_EQ(listed.tables[0].pattern, "");
  EXPECT_EQ(MatchedTablesOf(listed), ListTables(job, names).matched);
}

TEST(TableListTest, AnEntryOfItsOwnWinsAlsoBehindThePattern) {
  EXPECT_THAT(Labels(JobOf({"public.*", "public.a"}), {Relation("public.a"), Relation("public.b")}),
              ElementsAre("public.b", "public.a"));
}

TEST(TableListTest, ANameWithoutSchemaIsTheTableThatTheSourceFindsByIt) {
  const std::vector<NamedRelation> names = {Relation("other.a"), Relation("public.a"),
                                            Relation("public.b")};
  EXPECT_THAT(Labels(JobOf({"a", "*.*"}), names), ElementsAre("a", "other.a", "public.b"));
  EXPECT_THAT(Labels(JobOf({"public.a", "*"}), names), ElementsAre("public.a", "b"));
}

TEST(TableListTest, OfTwoPatternsTheFirstHasTheTable) {
  const Job job = JobOf({"public.dim_*", "public.*"});
  const std::vector<NamedRelation> names = {Relation("public.a"), Relation("public.dim_b")};
  const TableList list = ListTables(job, names);
  EXPECT_THAT(list.matched, ElementsAre(MatchedTable{"public", "dim_b", "public.dim_*"},
                                        MatchedTable{"public", "a", "public.*"}));
  EXPECT_EQ(list.patterns[1].about, "1 table; left out: public.dim_b (of an entry before)");
}

TEST(TableListTest, APatternWhoseTablesAreAllOfAnEarlierOneIsAFault) {
  const Job job = JobOf({"public.*", "public.dim_*"});
  const TableList list = ListTables(job, std::vector{Relation("public.dim_b")});
  EXPECT_EQ(ClassOf(list.fault()), ErrorClass::kUser);
  EXPECT_THAT(list.fault().message(), HasSubstr("tables[1].name 'public.dim_*': every table"));
  EXPECT_THAT(list.fault().message(), HasSubstr("put it in front"));
}

TEST(TableListTest, APatternThatStandsForNothingIsAFault) {
  const Job job = JobOf({"public.dim_*", "public.*"});
  const TableList list = ListTables(
      job, std::vector{Relation("public.a"), Relation("public.dim_v", RelationKind::kView)});
  EXPECT_EQ(ClassOf(list.fault()), ErrorClass::kUser);
  EXPECT_THAT(list.fault().message(), HasSubstr("stands for no table of the source"));
  EXPECT_THAT(list.fault().message(), HasSubstr("(public.dim_v) are copied where"));
  EXPECT_THAT(Labels(job, list), ElementsAre("public.a"));
}

TEST(TableListTest, WhatAnEntryNamesOrExcludesIsNoFaultWhereNothingIsLeft) {
  EXPECT_THAT(Labels(JobOf({"public.dim_a", "public.dim_*"}), {Relation("public.dim_a")}),
              ElementsAre("public.dim_a"));
  EXPECT_THAT(Labels(JobOf({"public.dim_*"}, {"public.dim_a"}), {Relation("public.dim_a")}),
              IsEmpty());
}

TEST(TableListTest, ExcludedTablesMayHaveWildcardsToo) {
  const Job job = JobOf({"public.*"}, {"public.tmp", "public.*_old"});
  EXPECT_THAT(Labels(job, {Relation("public.a"), Relation("public.a_old"), Relation("public.tmp")}),
              ElementsAre("public.a"));
}

TEST(TableListTest, OnlyOrdinaryAndPartitionedTablesAreMatched) {
  const std::vector<NamedRelation> names = {Relation("public.f", RelationKind::kForeign),
                                            Relation("public.m", RelationKind::kMaterializedView),
                                            Relation("public.p", RelationKind::kPartitioned),
                                            Relation("public.t"),
                                            Relation("public.v", RelationKind::kView)};
  const Job job = JobOf({"public.*"});
  EXPECT_THAT(Labels(job, names), ElementsAre("public.p", "public.t"));
  EXPECT_THAT(ListTables(job, names).notes(),
              ElementsAre("public.* stands for 2 tables; left out: public.f, public.m, public.v "
                          "(no table: taken by its name alone)"));
}

TEST(TableListTest, WhatInheritsFromATableOfTheJobIsPartOfIt) {
  const std::vector<NamedRelation> names = {
      Relation("archive.grandchild", RelationKind::kTable, {"public.child"}),
      Relation("public.child", RelationKind::kTable, {"public.parent"}), Relation("public.parent")};
  EXPECT_THAT(Labels(JobOf({"*.*"}), names), ElementsAre("public.parent"));
  EXPECT_THAT(Labels(JobOf({"parent", "archive.*"}), names), ElementsAre("parent"));
  EXPECT_THAT(Labels(JobOf({"archive.*"}), names), ElementsAre("archive.grandchild"));
  EXPECT_THAT(Labels(JobOf({"archive.*", "public.child"}), names), ElementsAre("public.child"));
}

TEST(TableListTest, WhatInheritsFromAnExcludedTableIsExcluded) {
  const std::vector<NamedRelation> names = {
      Relation("public.child", RelationKind::kTable, {"public.parent"}), Relation("public.other"),
      Relation("public.parent")};
  EXPECT_THAT(Labels(JobOf({"public.*"}, {"public.parent"}), names), ElementsAre("public.other"));
}

TEST(TableListTest, ATableInThePlaceOfAnotherIsAFault) {
  Job job = JobOf({"*"});
  job.tables.push_back({.table = {.query = "SELECT 1", .alias = "a"}});
  const TableList list = ListTables(job, std::vector{Relation("public.a"), Relation("public.b")});
  EXPECT_THAT(list.fault().message(), HasSubstr("a would be written to the same place"));
  EXPECT_THAT(Labels(job, list), ElementsAre("b", "a"));
}

/// SQLite has such; its directory would be the lake.
TEST(TableListTest, ATableWithoutANameIsLeftOut) {
  NamedRelation unnamed = Relation("public.a");
  unnamed.table.name.clear();
  const Job job = JobOf({"*"});
  const TableList list = ListTables(job, std::vector{unnamed, Relation("public.b")});
  EXPECT_THAT(Labels(job, list), ElementsAre("b"));
  EXPECT_THAT(list.notes().front(), HasSubstr("without a name"));
}

TEST(TableListTest, ANameThatIsTheDirectoryOfAnotherIsNoFault) {
  EXPECT_THAT(Labels(JobOf({"public.*"}), {Relation("public.\"a b\""), Relation("public.a%20b")}),
              ElementsAre("public.a b", "public.a%20b"));
}

TEST(TableListTest, ANameThatIsNoDirectoryOrNoUtf8IsAFault) {
  const Job job = JobOf({"public.*"});
  std::string longest;
  for (int i = 0; i < 100; ++i) longest += "ä";
  const TableList list =
      ListTables(job, std::vector{Relation(("public." + longest).c_str()),
                                  Relation("public.caf\xe9"), Relation("public.good")});
  EXPECT_THAT(list.fault().message(), HasSubstr("too long to name a directory"));
  EXPECT_THAT(list.fault().message(), HasSubstr("not UTF-8"));
  EXPECT_THAT(Labels(job, list), ElementsAre("public.good"));
}

TEST(TableListTest, ATableWhosePatternTheJobHasNoMoreIsLeftOut) {
  const std::vector<MatchedTable> matched = {{"public", "a", "public.*"}, {"old", "b", "old.*"}};
  const Job listed = WithTables(JobOf({"public.*"}), matched);
  ASSERT_EQ(listed.tables.size(), 1U);
  EXPECT_EQ(listed.tables[0].table.label(), "public.a");
}

std::string AnyName(std::string letters) {
  return "s." + *rc::gen::nonEmpty(rc::gen::resize(
                    3, rc::gen::container<std::string>(rc::gen::elementOf(std::move(letters)))));
}

/// Each table that some pattern matches and nothing else takes is in the list, once, by the first
/// pattern that matches and does not exclude it; no other table is.
RC_GTEST_PROP(TableListProperty, EachTableIsThereOnceByItsFirstPattern, ()) {
  const auto many = [](const char* letters) {
    std::set<std::string> names;
    const int count = *rc::gen::inRange(0, 6);
    for (int i = 0; i < count; ++i) names.insert(AnyName(letters));
    return std::vector<std::string>(names.begin(), names.end());
  };
  const std::vector<std::string> tables = many("ab");
  const std::vector<std::string> named = many("ab");
  std::vector<std::string> patterns = many("ab*?");
  std::erase_if(patterns, [](const std::string& p) { return !TablePattern::HasWildcards(p); });
  std::vector<std::string> entries = named;
  entries.insert(entries.end(), patterns.begin(), patterns.end());
  const std::vector<std::string> exclude =
      patterns.empty() ? std::vector<std::string>() : many("ab*?");
  const Job job = JobOf(entries, exclude);
  std::vector<NamedRelation> names;
  for (const std::string& table : tables) names.push_back(Relation(table.c_str()));

  std::set<std::string> expected;
  for (const std::string& table : tables) {
    if (std::ranges::find(named, table) != named.end()) continue;
    const auto owner = std::ranges::find_if(job.patterns, [&](const PatternJob& entry) {
      return entry.pattern.Matches(ParseTableName(table)) &&
             std::ranges::none_of(entry.exclude, [&](const TablePattern& excluded) {
               return excluded.Matches(ParseTableName(table));
             });
    });
    if (owner != job.patterns.end()) expected.insert(table + " by " + owner->pattern.text());
  }
  std::multiset<std::string> listed;
  for (const MatchedTable& table : ListTables(job, names).matched) {
    listed.insert(table.schema + "." + table.name + " by " + table.pattern);
  }
  RC_ASSERT(listed == std::multiset<std::string>(expected.begin(), expected.end()));
}

}  // namespace
}  // namespace headrace
