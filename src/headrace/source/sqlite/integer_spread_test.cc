#include "headrace/source/sqlite/integer_spread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <set>

namespace headrace::sqlite {
namespace {

class SetOfIntegers final : public OrderedIntegers {
 public:
  explicit SetOfIntegers(std::set<int64_t> members) : members_(std::move(members)) {}

  arrow::Result<std::vector<int64_t>> From(int64_t lower, int count) override {
    ++seeks_;
    std::vector<int64_t> found;
    for (auto it = members_.lower_bound(lower); it != members_.end() && count > 0; ++it, --count) {
      found.push_back(*it);
    }
    return found;
  }

  arrow::Result<std::optional<int64_t>> Last() override {
    if (members_.empty()) return std::nullopt;
    return *members_.rbegin();
  }

  /// The most members between two neighbouring bounds.
  int64_t MostBetween(const std::vector<int64_t>& bounds) const {
    int64_t most = 0;
    for (size_t i = 0; i + 1 < bounds.size(); ++i) {
      most = std::max<int64_t>(most, std::distance(members_.lower_bound(bounds[i]),
                                                   members_.lower_bound(bounds[i + 1])));
    }
    return most;
  }

  int seeks() const { return seeks_; }
  size_t size() const { return members_.size(); }

 private:
  std::set<int64_t> members_;
  int seeks_ = 0;
};

void AddRange(std::set<int64_t>& members, int64_t first, int64_t count, int64_t step = 1) {
  for (int64_t i = 0; i < count; ++i) members.insert(members.end(), first + i * step);
}

void ExpectSorted(const IntegerSpread& spread) {
  EXPECT_TRUE(std::ranges::is_sorted(spread.histogram, std::less_equal<>()))
      << "bounds must ascend strictly";
  EXPECT_EQ(spread.histogram.front(), spread.minimum);
  EXPECT_EQ(spread.histogram.back(), spread.maximum);
}

TEST(ProbeSpreadTest, NothingAndOne) {
  SetOfIntegers empty({});
  const IntegerSpread none = ProbeSpread(empty).ValueOrDie();
  EXPECT_FALSE(none.minimum.has_value());
  EXPECT_TRUE(none.histogram.empty());

  SetOfIntegers one({7});
  const IntegerSpread single = ProbeSpread(one).ValueOrDie();
  EXPECT_EQ(single.minimum, 7);
  EXPECT_EQ(single.maximum, 7);
  EXPECT_EQ(single.members, 1);
  EXPECT_EQ(single.histogram, std::vector<int64_t>{7});
}

TEST(ProbeSpreadTest, DenseIdsAreCutEvenly) {
  std::set<int64_t> members;
  AddRange(members, 1, 200'000);
  SetOfIntegers ids(std::move(members));
  const IntegerSpread spread = ProbeSpread(ids).ValueOrDie();
  ExpectSorted(spread);
  EXPECT_NEAR(spread.members, 200'000, 2'000);
  EXPECT_LE(ids.MostBetween(spread.histogram), 400);
  EXPECT_LE(ids.seeks(), 1'025);
}

TEST(ProbeSpreadTest, GapsGetNoBounds) {
  std::set<int64_t> members;
  AddRange(members, -5'000'000'000'000'000'000, 40'000);
  AddRange(members, 0, 40'000, 1'000);
  AddRange(members, 5'000'000'000'000'000'000, 40'000);
  SetOfIntegers ids(std::move(members));
  const IntegerSpread spread = ProbeSpread(ids).ValueOrDie();
  ExpectSorted(spread);
  EXPECT_NEAR(spread.members, 120'000, 12'000);
  EXPECT_LE(ids.MostBetween(spread.histogram), 600) << "about 120 would be even";
}

TEST(ProbeSpreadTest, TheExtremesOfInt64) {
  SetOfIntegers ids(
      {std::numeric_limits<int64_t>::min(), -1, 0, std::numeric_limits<int64_t>::max()});
  const IntegerSpread spread = ProbeSpread(ids).ValueOrDie();
  ExpectSorted(spread);
  EXPECT_EQ(spread.members, 4);
}

TEST(ProbeSpreadTest, RandomIdsOverTheWholeRange) {
  // The same ids in every run.
  std::mt19937_64 random(42);  // NOLINT(bugprone-random-generator-seed)
  std::set<int64_t> members;
  for (int i = 0; i < 50'000; ++i) members.insert(static_cast<int64_t>(random()));
  SetOfIntegers ids(std::move(members));
  const IntegerSpread spread = ProbeSpread(ids).ValueOrDie();
  ExpectSorted(spread);
  EXPECT_NEAR(spread.members, static_cast<double>(ids.size()), 10'000);
  EXPECT_LE(ids.MostBetween(spread.histogram), 200) << "about 50 would be even";
}

}  // namespace
}  // namespace headrace::sqlite
