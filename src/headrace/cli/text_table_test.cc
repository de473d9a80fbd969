#include "headrace/cli/text_table.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(TextTable, AlignsColumnsByWhatPeopleSee) {
  TextTable table({{"TABLE"}, {"ROWS", true}, {"STATE"}});
  table.AddRow({"注文", "1,000", "committed"});
  table.AddRow({"public.events", "5", ""});
  EXPECT_EQ(table.Render(80),
            "  TABLE           ROWS  STATE\n"
            "  注文           1,000  committed\n"
            "  public.events      5\n");
}

TEST(TextTable, WrapsTheLastColumnUnderItself) {
  TextTable table({{"COLUMN"}, {"NOTE", false, true}}, 0);
  table.AddRow({"amount", "cast from decimal128(12, 2) by the job"});
  EXPECT_EQ(table.Render(30),
            "COLUMN  NOTE\n"
            "amount  cast from\n"
            "        decimal128(12, 2) by\n"
            "        the job\n");
}

TEST(TextTable, WrapsAColumnThatHasAMost) {
  TextTable table({{"COLUMN"}, {.header = "TYPE", .most = 16}, {"NOTE", false, true}}, 0);
  table.AddRow({"id", "int64", "the key of the table"});
  table.AddRow({"place", "struct<x: int32, y: int32>", ""});
  table.AddRow({"far", "a_single_word_that_is_longer", "still one"});
  EXPECT_EQ(table.Render(60),
            "COLUMN  TYPE                          NOTE\n"
            "id      int64                         the key of the table\n"
            "place   struct<x: int32,\n"
            "        y: int32>\n"
            "far     a_single_word_that_is_longer  still one\n");
}

TEST(TextTable, PutsDetailsBelowTheirRow) {
  TextTable table({{"TABLE"}, {"ROWS", true}});
  table.AddRow({"orders", "5"});
  table.AddDetail("in lake/orders/run-1");
  table.AddRow({"empty", "0"});
  EXPECT_EQ(table.Render(80),
            "  TABLE   ROWS\n"
            "  orders     5\n"
            "          in lake/orders/run-1\n"
            "  empty      0\n");
}

TEST(TextTable, LetsNoCellCommandTheTerminal) {
  TextTable table({{"TABLE"}}, 0);
  table.AddRow({"a\x1b[2J\nb"});
  EXPECT_EQ(table.Render(80), "TABLE\na\\x1b[2J\\nb\n");
}

}  // namespace
}  // namespace headrace
