#include "headrace/observe/shell_word.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(ShellWord, QuotesWhatAShellWouldNotTakeAsItIs) {
  EXPECT_EQ(ShellWord("public.events_2024"), "public.events_2024");
  EXPECT_EQ(ShellWord("shop/job-1.yaml"), "shop/job-1.yaml");
  EXPECT_EQ(ShellWord("destination.path=./lake"), "destination.path=./lake");
  EXPECT_EQ(ShellWord("=ls"), "'=ls'");
  EXPECT_EQ(ShellWord("order lines"), "'order lines'");
  EXPECT_EQ(ShellWord("ada's"), R"('ada'\''s')");
  EXPECT_EQ(ShellWord("$HOME"), "'$HOME'");
  EXPECT_EQ(ShellWord("é"), "'é'");
  EXPECT_EQ(ShellWord(""), "''");
}

}  // namespace
}  // namespace headrace
