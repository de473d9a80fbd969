#include "headrace/model/split_text.h"

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
  constexpr int64_t kMidnight = 1'704'067'200'000'000;
  constexpr int64_t kHour = 3'600'000'000;
  EXPECT_EQ(SplitText(DateRange{"created_at", kMidnight, kMidnight + 24 * kHour}),
            "created_at from 2024-01-01 to 2024-01-02");
  EXPECT_EQ(
      SplitText(DateRange{"created_at", kMidnight + 9 * kHour, kMidnight + 9 * kHour + kHour / 4}),
      "created_at from 2024-01-01 09:00 to 2024-01-01 09:15");
  EXPECT_EQ(SplitText(DateRange{"created_at", std::nullopt, kMidnight}),
            "created_at before 2024-01-01");
  EXPECT_EQ(SplitText(DateRange{"created_at", kMidnight, std::nullopt}),
            "created_at from 2024-01-01");
  EXPECT_EQ(SplitText(DateRange{"created_at", std::nullopt, std::nullopt}),
            "every created_at that is not NULL");
  EXPECT_EQ(SplitText(KeyRange{"code", "a", "b "}), "code from \"a\" to before \"b \"");
  EXPECT_EQ(SplitText(KeyRange{"code", std::nullopt, "b"}), "code before \"b\"");
  EXPECT_EQ(SplitText(KeyRange{"code", std::string(81, 'x'), std::nullopt}),
            "code from \"" + std::string(80, 'x') + "…\"");
  EXPECT_EQ(SplitText(HashPart{"code", 0, 4}), "hash of code 1 of 4");
}

}  // namespace
}  // namespace headrace
