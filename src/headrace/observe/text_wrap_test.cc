#include "headrace/observe/text_wrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

using testing::ElementsAre;

TEST(WrapText, BreaksAtSpacesOnly) {
  EXPECT_THAT(WrapText("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(WrapText("extraordinarily long", 5), ElementsAre("extraordinarily", "long"));
  EXPECT_THAT(WrapText("", 5), ElementsAre(""));
}

TEST(WrapText, KeepsTheLinesThatAreThere) {
  EXPECT_THAT(WrapText("one two\nthree", 20), ElementsAre("one two", "three"));
  EXPECT_THAT(WrapText("one\n  two three", 7), ElementsAre("one", "  two", "three"))
      << "a line that is indented stays so";
  EXPECT_THAT(WrapText("one\n", 7), ElementsAre("one"));
  EXPECT_THAT(WrapText("one\n\ntwo", 7), ElementsAre("one", "", "two"));
}

TEST(IndentedText, IndentsEveryLine) {
  EXPECT_EQ(IndentedText("one two three", 2, 9), "  one two\n  three\n");
}

}  // namespace
}  // namespace headrace
