#include "headrace/model/utf8.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(Utf8CharacterSize, IsThatOfTheFirstCharacter) {
  EXPECT_EQ(Utf8CharacterSize("abc"), 1);
  EXPECT_EQ(Utf8CharacterSize("éa"), 2);
  EXPECT_EQ(Utf8CharacterSize("注a"), 3);
  EXPECT_EQ(Utf8CharacterSize("\xF0\x9F\x98\x80"), 4);
  EXPECT_EQ(Utf8CharacterSize("\xF4\x8F\xBF\xBF"), 4);
}

TEST(Utf8CharacterSize, IsZeroForWhatIsNone) {
  for (const char* text : {"", "\xFF", "\x80", "\xC3", "\xC3z", "\xC0\x80", "\xE0\x80\x80",
                           "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xE6\xB3"}) {
    EXPECT_EQ(Utf8CharacterSize(text), 0) << text;
  }
}

TEST(ShortenedValue, CutsNoCharacter) {
  EXPECT_EQ(ShortenedValue("short"), "short");
  EXPECT_EQ(ShortenedValue(std::string(80, 'x')), std::string(80, 'x'));
  EXPECT_EQ(ShortenedValue(std::string(81, 'x')), std::string(80, 'x') + "…");
  EXPECT_EQ(ShortenedValue(std::string(79, 'x') + "éé"), std::string(79, 'x') + "…");
}

TEST(QuotedText, ShowsAllOfIt) {
  EXPECT_EQ(QuotedText(""), R"("")");
  EXPECT_EQ(QuotedText(" é\"\\ "), R"(" é\"\\ ")");
  EXPECT_EQ(QuotedText("x\xFFy\xC3"), R"("x\xffy\xc3")");
  EXPECT_EQ(QuotedText("\n\xE2\x80\x8B"), R"("\x0a\xe2\x80\x8b")");
}

TEST(IsInvisible, TellsWhatMovesTheRest) {
  for (const char* text : {"\x1b", "\n", "\x7f", "\xC2\x9B", "\xE2\x80\xAE", "\xE2\x80\xA8",
                           "\xE2\x80\x8B", "\xEF\xBB\xBF"}) {
    EXPECT_TRUE(IsInvisible(text)) << text;
  }
  for (const char* text : {"a", " ", "é", "注", "\xFF", ""}) EXPECT_FALSE(IsInvisible(text));
}

}  // namespace
}  // namespace headrace
