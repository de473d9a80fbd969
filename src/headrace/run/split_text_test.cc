#include "headrace/run/split_text.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(SplitText, SaysWhichRowsAUnitTakes) {
  EXPECT_EQ(SplitText(WholeTable{}), "all rows");
  EXPECT_EQ(SplitText(PageRange{"public", "events_2024", 0, std::nullopt}),
            "all pages of events_2024");
  EXPECT_EQ(SplitText(NullRows{"id"}), "id is NULL");
  EXPECT_EQ(SplitText(IdRange{"id", 1, 50'001}), "id from 1 to 50000");
  EXPECT_EQ(SplitText(IdRange{"id", std::nullopt, 1}), "id below 1");
  EXPECT_EQ(SplitText(IdRange{"id", 950'001, std::nullopt}), "id from 950001");
  EXPECT_EQ(SplitText(IdRange{"id", std::nullopt, std::nullopt}), "every id that is not NULL");
}

}  // namespace
}  // namespace headrace
