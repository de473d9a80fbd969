#include "headrace/observe/shell_word.h"

#include <gtest/gtest.h>

#include "headrace/observe/human.h"

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

/// What a terminal would not show as it is must survive being shown and pasted.
TEST(ShellWord, WritesControlCharactersInAnsiCQuotes) {
  EXPECT_EQ(ShellWord("m.nl\nx"), R"($'m.nl\nx')");
  EXPECT_EQ(ShellWord("tab\there, ada's \\"), R"($'tab\there, ada\'s \\')");
  EXPECT_EQ(ShellWord("\x1b[2J1\x7f"), R"($'\033[2J1\177')");
  EXPECT_EQ(ShellWord("é\r\xC2\x9B"
                      "31m"),
            R"($'é\r\302\23331m')");
  EXPECT_EQ(ShellWord("caf\xE9"), R"($'caf\351')");
  for (const char* text : {"m.nl\nx", "\x1b\t'\\",
                           "\xC2\x9B"
                           "31m",
                           "caf\xE9"}) {
    EXPECT_EQ(EscapeControls(ShellWord(text)), ShellWord(text)) << "it is shown as it is";
  }
}

}  // namespace
}  // namespace headrace
