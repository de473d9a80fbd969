#include "headrace/destination/bigquery/bucket_lifecycle.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace headrace {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

BucketPrefix Staging() { return {.bucket = "b", .prefix = "head"}; }

std::vector<std::string> Shortcomings(const json& condition, const char* action = "Delete") {
  const json rule = {{"action", {{"type", action}}}, {"condition", condition}};
  return LifecycleShortcomings({{"lifecycle", {{"rule", {rule}}}}}, Staging());
}

TEST(BucketLifecycleTest, ARuleForStagedFilesIsWhatIsWanted) {
  EXPECT_THAT(Shortcomings({{"age", 7}, {"matchesPrefix", {"head/.staged/"}}}), IsEmpty());
  EXPECT_THAT(Shortcomings({{"age", 1}, {"matchesPrefix", {"tmp/", "head/.st"}}}), IsEmpty());
}

TEST(BucketLifecycleTest, WithoutARuleTheOneToSetIsSaid) {
  const auto advice = ElementsAre(HasSubstr(R"("age":7,"matchesPrefix":["head/.staged/"])"));
  EXPECT_THAT(LifecycleShortcomings(json::object(), Staging()), advice);
  EXPECT_THAT(Shortcomings({{"age", 7}, {"matchesPrefix", {"other/"}}}), advice);
  EXPECT_THAT(Shortcomings({{"age", 7}}, "SetStorageClass"), advice);
  EXPECT_THAT(Shortcomings({{"age", 7}, {"matchesSuffix", {".csv"}}}), advice);
  EXPECT_THAT(LifecycleShortcomings(json::object(), {.bucket = "b", .prefix = ""}),
              ElementsAre(HasSubstr(R"("matchesPrefix":[".staged/"])")));
}

TEST(BucketLifecycleTest, ARuleForEverythingWouldRemoveRecords) {
  const auto warning = ElementsAre(HasSubstr("commit records too"));
  EXPECT_THAT(Shortcomings({{"age", 30}}), warning);
  EXPECT_THAT(Shortcomings({{"age", 30}, {"matchesPrefix", {"he"}}}), warning);
}

TEST(BucketLifecycleTest, OddAnswersAreNoRules) {
  for (const json& odd : {json("text"), json::array({1, "x", json::object()}), json(nullptr)}) {
    EXPECT_EQ(LifecycleShortcomings({{"lifecycle", {{"rule", odd}}}}, Staging()).size(), 1U);
  }
}

}  // namespace
}  // namespace headrace
