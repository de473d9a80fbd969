#include "headrace/config/nearest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace headrace {
namespace {

constexpr std::array<std::string_view, 6> kKeys = {"name",  "columns", "where",
                                                   "write", "as",      "on_overflow"};

TEST(NearestTest, FindsSlips) {
  EXPECT_EQ(Nearest("colums", kKeys), "columns");
  EXPECT_EQ(Nearest("wehre", kKeys), "where");
  EXPECT_EQ(Nearest("Name", kKeys), "name");
  EXPECT_EQ(Nearest("on-overflow", kKeys), "on_overflow");
  EXPECT_EQ(Nearest("is", kKeys), "as");
}

TEST(NearestTest, NothingIsNear) {
  EXPECT_EQ(Nearest("partition", kKeys), "");
  EXPECT_EQ(Nearest("xy", kKeys), "");
  EXPECT_EQ(Nearest("", kKeys), "");
  EXPECT_EQ(Nearest("name", {}), "");
  EXPECT_EQ(Nearest(std::string(100'000, 'x'), kKeys), "");
}

TEST(EditDistanceTest, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0);
  EXPECT_EQ(EditDistance("", "abc"), 3);
  EXPECT_EQ(EditDistance("abc", "abc"), 0);
  EXPECT_EQ(EditDistance("abc", "acb"), 1);
  EXPECT_EQ(EditDistance("abc", "xbc"), 1);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
}

RC_GTEST_PROP(EditDistanceTest, IsSymmetricAndBounded,
              (const std::string& a, const std::string& b)) {
  const int distance = EditDistance(a, b);
  RC_ASSERT(distance == EditDistance(b, a));
  RC_ASSERT(distance <= static_cast<int>(std::max(a.size(), b.size())));
  RC_ASSERT(EditDistance(a, a) == 0);
}

}  // namespace
}  // namespace headrace
