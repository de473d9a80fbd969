#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "headrace/config/parser.h"
#include "headrace/config/test_plugins.h"

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kDailyJob = R"yaml(
name: shop
source: {type: postgresql, uri: postgresql://etl:hunter2@h/shop}
tables: [{name: public.orders, where: id > 0}]
destination: {type: parquet, path: ./lake}
)yaml";

JobParameters ParametersIn(const std::map<std::string, std::string>& variables,
                           const std::string& from = "", const std::string& to = "",
                           const JobOverrides& overrides = {}) {
  const Environment environment = {
      .variable = [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      },
      .file = [&](const std::filesystem::path& path) { return variables.at(path.string()); }};
  std::string text(kDailyJob);
  if (!from.empty()) text.replace(text.find(from), from.size(), to);
  const auto job = ParseJobText(text, "/jobs/shop.yaml", TestSources(), TestDestinations(),
                                overrides, environment);
  EXPECT_TRUE(job.ok()) << job.status();
  return job.ok() ? job->parameters : JobParameters();
}

std::vector<std::string> Names(const JobParameters& parameters) {
  std::vector<std::string> names;
  for (const JobParameter& parameter : parameters) names.push_back(parameter.name);
  return names;
}

TEST(JobParametersTest, AreWhatReferencesStandFor) {
  const auto of = [](const std::string& from) {
    return ParametersIn({{"FROM", from}}, "id > 0", "\"id > ${FROM} AND v <> '$${X}'\"");
  };
  EXPECT_THAT(ParametersIn({}), IsEmpty());
  EXPECT_THAT(Names(of("1")), ElementsAre("${FROM}"));
  EXPECT_EQ(of("1"), of("1"));
  EXPECT_EQ(Names(ChangedParameters(of("1"), of("2"))), Names(of("1")));
  EXPECT_FALSE(of("1")[0].of_destination);
}

TEST(JobParametersTest, DoNotChangeWithTheTextAroundThem) {
  const auto of = [](const std::string& uri) {
    return ParametersIn({{"DB", "shop"}}, "postgresql://etl:hunter2@h/shop", "\"" + uri + "\"");
  };
  EXPECT_THAT(Names(of("postgresql://etl:x@h/${DB}")), ElementsAre("${DB}"));
  EXPECT_EQ(of("postgresql://etl:x@h/${DB}"), of("postgresql://etl@h2:5433/${DB}?user=me"));
}

TEST(JobParametersTest, KnowWhichAreOfTheDestination) {
  const JobParameters parameters =
      ParametersIn({{"DAY", "1"}}, "./lake", "\"./${DAY}\"", {"tables[0].where=id > ${DAY}"});
  EXPECT_THAT(Names(parameters), ElementsAre("${DAY}", "${DAY}", "--set tables[0].where"));
  EXPECT_NE(parameters[0].of_destination, parameters[1].of_destination);
  EXPECT_TRUE(ParametersIn({}, "", "", {"destination.path=./other"}).at(0).of_destination);
}

TEST(JobParametersTest, HoldNoPassword) {
  const auto of = [](const std::string& uri, const std::string& value) {
    return ParametersIn({{"A", value}, {"/run/secret", value}}, "postgresql://etl:hunter2@h/shop",
                        "\"" + uri + "\"");
  };
  for (const char* uri :
       {"postgresql://etl:${A}@h/shop", "postgresql://etl:${file:/run/secret}@h/shop",
        "postgresql://${file:/run/user}:${A}@h/shop", "postgresql://h/shop?password=${A}"}) {
    const auto job = [&](const std::string& value) {
      return ParametersIn({{"A", value}, {"/run/secret", value}, {"/run/user", "etl"}},
                          "postgresql://etl:hunter2@h/shop", "\"" + std::string(uri) + "\"");
    };
    EXPECT_EQ(job("1"), job("2")) << uri;
  }
  EXPECT_EQ(of("postgresql://${A}@h/shop", "etl:1"), of("postgresql://${A}@h/shop", "etl:2"));
  EXPECT_NE(of("postgresql://${A}@h/shop", "etl:1"), of("postgresql://${A}@h/shop", "me:1"));
  EXPECT_EQ(of("${A}", "postgresql://etl:1@h/shop"), of("${A}", "postgresql://etl:2@h/shop"));
  EXPECT_NE(of("${A}", "postgresql://etl:1@h/shop"), of("${A}", "postgresql://etl:1@h/other"));
  EXPECT_THAT(ParametersIn({{"A", "1"}}, "", "", {"source.password=${A}"}).size(), 1U)
      << "the --set, whose value is not read";
}

TEST(JobParametersTest, AreNoneOfWhatChangesNoRow) {
  const auto of = [](const std::string& assignment) {
    return ParametersIn({}, "", "", {assignment});
  };
  EXPECT_THAT(of("tables[0].partition.target_rows=7"), IsEmpty());
  EXPECT_THAT(Names(of("tables[0].partition.nulls=include")),
              ElementsAre("--set tables[0].partition.nulls"));
  EXPECT_TRUE(of("destination.path=./other")[0].of_destination);
  EXPECT_FALSE(of("tables[0].where=id > 7")[0].of_destination);
}

TEST(JobParametersTest, AreAlsoTheAssignmentsOfTheCommandLine) {
  const auto of = [](const std::string& assignment) {
    return ParametersIn({}, "", "", {assignment});
  };
  EXPECT_THAT(Names(of("tables[0].where=id > 1")), ElementsAre("--set tables[0].where"));
  EXPECT_NE(of("tables[0].where=id > 1"), of("tables[0].where=id > 2"));
  EXPECT_EQ(of("source.password=1"), of("source.password=2"));
  EXPECT_EQ(of("source.uri=postgresql://etl:1@h/shop"), of("source.uri=postgresql://etl:2@h/shop"));
  EXPECT_NE(of("source.uri=postgresql://etl:1@h/shop"), of("source.uri=postgresql://etl:1@h/b"));
  for (const char* assignment :
       {"engine.workers.max=3", "engine=sequential", "source.lock_timeout=5s"}) {
    EXPECT_THAT(of(assignment), IsEmpty()) << assignment << ": it changes no row";
  }
}

}  // namespace
}  // namespace headrace
