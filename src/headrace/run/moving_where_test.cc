#include "headrace/run/moving_where.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(MovingWhereTest, WordsWhoseValueMovesAreFound) {
  EXPECT_EQ(MovingWord("at > now() - interval '1 hour'"), "now");
  EXPECT_EQ(MovingWord("at < Current_Date"), "Current_Date");
  EXPECT_EQ(MovingWord("day = date('now')"), "now");
  EXPECT_EQ(MovingWord("random() < 0.1"), "random");
  EXPECT_EQ(MovingWord("(now())"), "now");
  EXPECT_EQ(MovingWord("at >= 'Yesterday'::timestamptz"), "'yesterday'");
}

TEST(MovingWhereTest, OtherWordsAreNot) {
  for (const char* where : {"", "  ", "known = 1", "now_at > 5", "is_now", "übernow", "a$now",
                            "randomly", "at >= '2025-01-01'", "today > 1", "said = 'of today'"}) {
    EXPECT_EQ(MovingWord(where), "") << where;
  }
}

}  // namespace
}  // namespace headrace
