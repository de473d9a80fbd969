#include "headrace/source/sqlite/utf16.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace headrace::sqlite {
namespace {

using std::string_view_literals::operator""sv;

struct Utf16Case {
  std::string_view bytes;  ///< Big-endian.
  std::string_view utf8;
  bool good = true;
};

TEST(Utf16Test, SurrogatesWithoutTheirOtherHalfAreKeptAndAreNoText) {
  const std::vector<Utf16Case> cases = {
      {""sv, ""sv},
      {"\0a\0\xDF\x20\xAC"sv, "aß€"sv},
      {"\xD8\x01\xDC\x00\xDB\xFF\xDF\xFF"sv, "\U00010400\U0010FFFF"sv},
      {"\xFF\xFE\xFF\xFF\0\0"sv, "\uFFFE\uFFFF\0"sv},
      {"\0a\xD8\0\0x"sv, "a\xED\xA0\x80x"sv, false},
      {"\xDC\0\xD8\0"sv, "\xED\xB0\x80\xED\xA0\x80"sv, false},
      {"\xD8\0\xD8\x01\xDC\0"sv, "\xED\xA0\x80\U00010400"sv, false},
      {"\0ab"sv,
       "a\xFF"
       "b"sv,
       false},
      {"\xD8\0\xDC"sv, "\xED\xA0\x80\xFF\xDC"sv, false},
  };
  for (const Utf16Case& one : cases) {
    SCOPED_TRACE(testing::PrintToString(std::string(one.utf8)));
    std::string little(one.bytes);
    for (size_t i = 0; i + 1 < little.size(); i += 2) std::swap(little[i], little[i + 1]);
    for (const Utf16Text text : {Utf16Text{one.bytes, true}, Utf16Text{little, false}}) {
      EXPECT_EQ(IsUtf16(text), one.good);
      EXPECT_EQ(GeneralizedUtf8(text), one.utf8);
    }
  }
}

}  // namespace
}  // namespace headrace::sqlite
