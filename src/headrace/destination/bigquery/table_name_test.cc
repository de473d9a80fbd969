#include "headrace/destination/bigquery/table_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

using testing::HasSubstr;

std::string NameOf(std::string_view pattern, const TableRef& table) {
  const auto name = TableName(pattern, table);
  if (name.ok()) return *name;
  EXPECT_EQ(ClassOf(name.status()), ErrorClass::kUser);
  return "error: " + name.status().message();
}

const TableRef& Orders() {
  static const TableRef kOrders{.schema = "shop", .name = "orders", .query = "", .alias = ""};
  return kOrders;
}

TEST(TableNameTest, FollowsThePattern) {
  for (const auto& [pattern, name] :
       std::vector<std::pair<const char*, const char*>>{{"{table}", "orders"},
                                                        {"{schema}_{table}", "shop_orders"},
                                                        {"raw_{table}_v1", "raw_orders_v1"},
                                                        {"{table}{table}", "ordersorders"},
                                                        {"fixed", "fixed"},
                                                        {"a}b", "a_b"},
                                                        {"{schema}.{table}", "shop_orders"},
                                                        {"a-b c", "a-b_c"}}) {
    EXPECT_EQ(NameOf(pattern, Orders()), name) << pattern;
  }
}

TEST(TableNameTest, AnAliasIsATableWithoutASchema) {
  const TableRef query{.schema = "", .name = "", .query = "SELECT 1", .alias = "daily sums"};
  EXPECT_EQ(NameOf("{table}", query), "daily_sums");
  EXPECT_EQ(NameOf("{schema}_{table}", query), "_daily_sums");
}

TEST(TableNameTest, OnlyAsciiThatBigQueryRefusesIsReplaced) {
  const auto name_of = [](const std::string& name) {
    return NameOf("{table}", {.schema = "", .name = name, .query = "", .alias = ""});
  };
  EXPECT_EQ(name_of("a.b/c$d`e\"f\ng%h{i}"), "a_b_c_d_e_f_g_h_i_");
  EXPECT_EQ(name_of("Größe-テーブル_9"), "Größe-テーブル_9");
  EXPECT_EQ(name_of("{schema}"), "_schema_");  // What a table is called is no pattern.
}

TEST(TableNameTest, WhatIsNoNameIsAnError) {
  const TableRef nameless{.schema = "", .name = "", .query = "", .alias = ""};
  EXPECT_THAT(NameOf("", Orders()), HasSubstr("would be called '' in BigQuery, which is no name"));
  EXPECT_THAT(NameOf("{schema}", nameless), HasSubstr("set destination.table"));
  EXPECT_EQ(NameOf(std::string(1024, 'x'), Orders()), std::string(1024, 'x'));
  EXPECT_THAT(NameOf(std::string(1025, 'x'), Orders()), HasSubstr("longer than 1024 bytes"));
}

TEST(TableNameTest, OtherWordsInBracesAreErrors) {
  EXPECT_THAT(NameOf("{run}", Orders()),
              HasSubstr("destination.table: {run} stands for nothing; {schema} and {table} do"));
  EXPECT_THAT(NameOf("{}", Orders()), HasSubstr("{} stands for nothing"));
  EXPECT_THAT(NameOf("{Table}", Orders()), HasSubstr("{Table} stands for nothing"));
  EXPECT_THAT(NameOf("{{table}}", Orders()), HasSubstr("{{table} stands for nothing"));
  EXPECT_THAT(NameOf("x{table", Orders()), HasSubstr("a { without its }"));
}

}  // namespace
}  // namespace headrace
