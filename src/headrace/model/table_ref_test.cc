#include "headrace/model/table_ref.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TableRef Query(std::string alias) {
  return {.schema = {}, .name = {}, .query = "select 1", .alias = std::move(alias)};
}

TEST(TableRefTest, NamesAreSplitAtTheFirstDot) {
  EXPECT_EQ(ParseTableName("public.events"), (TableRef{"public", "events", "", ""}));
  EXPECT_EQ(ParseTableName("events"), (TableRef{"", "events", "", ""}));
  EXPECT_EQ(ParseTableName("a.b.c"), (TableRef{"a", "b.c", "", ""}));
}

TEST(TableRefTest, QuotesProtectDotsAndQuotes) {
  EXPECT_EQ(ParseTableName(R"(public."odd.name")"), (TableRef{"public", "odd.name", "", ""}));
  EXPECT_EQ(ParseTableName(R"("My ""Schema""".T)"), (TableRef{R"(My "Schema")", "T", "", ""}));
  EXPECT_EQ(ParseTableName(R"("a.b")"), (TableRef{"", "a.b", "", ""}));
}

TEST(TableRefTest, LabelIsWhatPeopleCallIt) {
  EXPECT_EQ(ParseTableName("public.events").label(), "public.events");
  EXPECT_EQ(ParseTableName("events").label(), "events");
  EXPECT_EQ(Query("daily").label(), "daily");
}

TEST(TableRefTest, LabelIsAsAJobWouldWriteIt) {
  for (const char* written :
       {R"(public."odd.name")", R"("a.b")", R"("My ""Schema""".T)", R"("a.b".c)", R"(a."b.c")",
        R"(public."dim_*")", R"(public."what?")", "Ein Name.ü"}) {
    EXPECT_EQ(ParseTableName(written).label(), written);
  }
  EXPECT_EQ(ParseTableName("a.b.c").label(), R"(a."b.c")");
}

TEST(TableRefTest, DirectoryIsPercentEncodedPartByPart) {
  EXPECT_EQ(ParseTableName("public.events").directory(), "public.events");
  EXPECT_EQ(ParseTableName(R"(public."odd.name / ü")").directory(),
            "public.odd%2Ename%20%2F%20%C3%BC");
  EXPECT_EQ(ParseTableName("events").directory(), "events");
  EXPECT_EQ(Query("..").directory(), "%2E%2E");
}

TEST(TableRefTest, DifferentTablesHaveDifferentDirectories) {
  EXPECT_NE(ParseTableName(R"("a.b".c)").directory(), ParseTableName(R"(a."b.c")").directory());
}

}  // namespace
}  // namespace headrace
