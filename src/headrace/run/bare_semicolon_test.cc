#include "headrace/run/bare_semicolon.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(BareSemicolonTest, OneInQuotesIsNone) {
  EXPECT_TRUE(HasBareSemicolon("id > 5;"));
  EXPECT_TRUE(HasBareSemicolon("a = 'it''s'; SELECT 1"));
  EXPECT_TRUE(HasBareSemicolon("\"a;b\" = 'c;d';"));
  EXPECT_FALSE(HasBareSemicolon("id > 5"));
  EXPECT_FALSE(HasBareSemicolon("a = 'b;c' OR \"d;e\" = 'it''s; so'"));
  EXPECT_FALSE(HasBareSemicolon(""));
}

}  // namespace
}  // namespace headrace
