#include "headrace/source/likely_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace headrace {
namespace {

TableRef Table(const char* schema, const char* name) {
  return {.schema = schema, .name = name, .query = {}, .alias = {}};
}

TEST(DidYouMeanTable, NamesTheNearestFirst) {
  const std::vector<TableRef> tables = {Table("public", "order"), Table("public", "orders_old"),
                                        Table("public", "Orders"), Table("public", "customers")};
  EXPECT_EQ(DidYouMeanTable(Table("public", "orders"), tables),
            "; did you mean public.Orders or public.order?");
  EXPECT_EQ(DidYouMeanTable(Table("", "custmers"), tables), "; did you mean public.customers?");
  EXPECT_EQ(DidYouMeanTable(Table("public", "invoices"), tables), "");
}

TEST(DidYouMeanTable, TheSchemaMayBeTheSlip) {
  const std::vector<TableRef> tables = {Table("sales", "orders"), Table("archive", "orders_2023")};
  EXPECT_EQ(DidYouMeanTable(Table("sale", "orders"), tables), "; did you mean sales.orders?");
  EXPECT_EQ(DidYouMeanTable(Table("public", "orders"), tables), "; did you mean sales.orders?");
  EXPECT_EQ(DidYouMeanTable(Table("public", "orders_2024"), tables), "")
      << "a slip in the name, and quite another schema";
}

TEST(DidYouMeanTable, SaysAtMostThreeAsAJobWritesThem) {
  const std::vector<TableRef> tables = {Table("", "a.b"), Table("", "a\"b"), Table("", "a b"),
                                        Table("", "a_b")};
  EXPECT_EQ(DidYouMeanTable(Table("", "a-b"), tables),
            "; did you mean a_b, \"a.b\" or \"a\"\"b\"?");
  for (const TableRef& table : tables) {
    const std::vector<TableRef> one = {table};
    const std::string text = DidYouMeanTable(table, one);
    const std::string written = text.substr(15, text.size() - 16);
    EXPECT_EQ(ParseTableName(written), table) << text;
  }
}

}  // namespace
}  // namespace headrace
