#include "headrace/model/percent_coding.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(PercentCodingTest, EveryTextComesBack) {
  for (const char* text : {"", "plain-1_A", "a%2E", "a.", "ü / ?", "%", "%%41"}) {
    EXPECT_EQ(PercentDecode(PercentEncode(text)), text);
  }
  EXPECT_NE(PercentEncode("a%2E"), PercentEncode("a."));
}

TEST(PercentCodingTest, WhatIsNoTripletStays) {
  EXPECT_EQ(PercentDecode("100%"), "100%");
  EXPECT_EQ(PercentDecode("%4"), "%4");
  EXPECT_EQ(PercentDecode("%zz%-1%41"), "%zz%-1A");
}

}  // namespace
}  // namespace headrace
