#include "headrace/config/job_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/config/test_plugins.h"

namespace headrace {
namespace {

using testing::ElementsAre;

std::vector<std::string> ShownWords(const std::vector<std::string>& assignments) {
  const std::vector<PluginOptions> sources = TestSources();
  const std::vector<PluginOptions> destinations = TestDestinations();
  return ShownOverrides(assignments, JobSection(sources, destinations));
}

TEST(JobWords, AreQuotedForAShell) {
  const JobWords words = {.file = "my jobs/shop.yaml",
                          .set = {"destination.path=./lake", "tables[0].where=id > 5"}};
  EXPECT_EQ(words.AsArgument(),
            " 'my jobs/shop.yaml' --set destination.path=./lake --set 'tables[0].where=id > 5'");
  EXPECT_EQ(words.AsOption(),
            " --job 'my jobs/shop.yaml' --set destination.path=./lake --set "
            "'tables[0].where=id > 5'");
  EXPECT_EQ(JobWords{}.AsArgument(), "");
  EXPECT_EQ(JobWords{}.AsOption(), "");
}

TEST(ShownOverrides, HoldNoSecret) {
  EXPECT_THAT(ShownWords({"source.password=hunter2", "source.uri=postgresql://etl:hunter2@h/shop",
                          "source={type: postgresql, password: hunter2}",
                          "source.password=${SHOP_PASSWORD}", "source.port=5433",
                          "tables[0].where=password = 1"}),
              ElementsAre("source.password=…", "source.uri=postgresql://etl:***@h/shop", "source=…",
                          "source.password=${SHOP_PASSWORD}", "source.port=5433",
                          "tables[0].where=password = 1"));
}

}  // namespace
}  // namespace headrace
