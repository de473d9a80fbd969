// What golden cases (golden_test.cc) do not show: paths, digests, and rules over several keys.

#include "headrace/config/parser.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "headrace/config/test_plugins.h"

namespace headrace {
namespace {

constexpr std::string_view kShop =
    "name: shop\n"
    "source: {type: postgresql, password: hunter2, uri: 'postgresql://etl:hunter2@h/shop'}\n"
    "tables:\n"
    "  - public.orders\n"
    "  - {query: SELECT 1 AS one, as: daily}\n"
    "destination: {type: parquet, path: ./lake}\n";

Environment EmptyEnvironment() {
  return {.variable = [](const std::string&) { return std::nullopt; },
          .file = [](const std::filesystem::path& path) -> arrow::Result<std::string> {
            return UserError("cannot read " + path.string());
          }};
}

arrow::Result<Job> ParseShop(const JobOverrides& overrides, std::string_view text = kShop) {
  return ParseJobText(text, "/jobs/shop.yaml", TestSources(), TestDestinations(), overrides,
                      EmptyEnvironment());
}

Job Shop(const JobOverrides& overrides, std::string_view text = kShop) {
  auto job = ParseShop(overrides, text);
  EXPECT_TRUE(job.ok()) << job.status().message();
  return job.ok() ? *std::move(job) : Job{};
}

std::string Digest(const JobOverrides& overrides, std::string_view text = kShop) {
  return Shop(overrides, text).text_digest;
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// As in a shell that has no `FROM` of last night's call.
TEST(JobTextTest, ToLookAtItsRunsTheReferencesOfAJobNeedNotStandForAnything) {
  const auto parse = [](const JobOverrides& overrides, JobUse use) {
    return ParseJobText(kShop, "/jobs/shop.yaml", TestSources(), TestDestinations(), overrides,
                        EmptyEnvironment(), use);
  };
  const JobOverrides unknown = {"tables[0].where=id > ${A}", "source.uri=${A}",
                                "destination.path=${A}",     "limits.retries=${A}",
                                "source.password=${file:a}", "verify=${A}"};
  EXPECT_FALSE(parse(unknown, JobUse::kAll).ok());
  const auto job = parse(unknown, JobUse::kRuns);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->name, "shop");
  EXPECT_EQ(job->state, "/jobs/.headrace");
  for (const char* needed : {"name=x${A}", "state=./${A}"}) {
    const auto refused = parse({needed}, JobUse::kRuns);
    ASSERT_FALSE(refused.ok()) << needed;
    EXPECT_NE(refused.status().message().find("the environment variable A is not set"),
              std::string::npos);
  }
  EXPECT_FALSE(parse({"limits.retries=many"}, JobUse::kRuns).ok()) << "what is wrong is told";
  // What depends on a value that is not known is no contradiction.
  for (const JobOverrides& depending :
       {JobOverrides{"load.mode=transactional", "tables[0].cursor=${A}"},
        JobOverrides{"tables[0].cursor=id", "tables[0].mode=${A}"},
        JobOverrides{"partition.nulls=exclude", "partition.column=${A}"},
        JobOverrides{"partition.strategy=pages", "partition.column=x", "partition.nulls=${A}"}}) {
    const auto known = parse(depending, JobUse::kRuns);
    EXPECT_TRUE(known.ok()) << known.status();
  }
}

/// Journal and commit records are JSON: a path that is none of it would not be found again.
TEST(JobTextTest, APathThatIsNotUtf8IsRefused) {
  const auto job = ParseJobText(kShop, "/jobs/caf\xE9/shop.yaml", TestSources(), TestDestinations(),
                                {}, EmptyEnvironment());
  ASSERT_FALSE(job.ok());
  EXPECT_EQ(ClassOf(job.status()), ErrorClass::kUser);
  EXPECT_NE(job.status().message().find("not UTF-8"), std::string::npos) << job.status();
}

TEST(JobTextTest, BytesThatAreNotUtf8ComeInByPasswordsAlone) {
  Environment latin1 = EmptyEnvironment();
  latin1.variable = [](const std::string&) { return std::optional<std::string>("caf\xE9"); };
  const auto parse = [&](std::string_view from, std::string_view to) {
    const std::string text = Replaced(std::string(kShop), from, to);
    return ParseJobText(text, "/jobs/shop.yaml", TestSources(), TestDestinations(), {}, latin1);
  };
  EXPECT_TRUE(parse("hunter2", "'${IT}'").ok());
  for (const std::string_view from : {"./lake", "public.orders", "daily", "SELECT 1 AS one"}) {
    const auto job = parse(from, "'${IT}'");
    ASSERT_FALSE(job.ok()) << from;
    EXPECT_NE(job.status().message().find("'${IT}' stands for bytes that are not UTF-8"),
              std::string::npos)
        << job.status();
  }
}

TEST(JobDigestTest, DoesNotDependOnLayout) {
  const std::string other =
      "# the same job\n"
      "destination:\n  path: \"./lake\"   # here\n  type: parquet\n"
      "tables: [{name: public.orders}, {as: daily, query: 'SELECT 1 AS one'}]\n"
      "source:\n  type: postgresql\n  uri: postgresql://etl:hunter2@h/shop\n  password: hunter2\n"
      "name: shop\n";
  EXPECT_EQ(Digest({}), Digest({}, other));
  EXPECT_EQ(Digest({}).size(), 32U);
}

TEST(JobDigestTest, ChangesWithWhatIsCopied) {
  const std::string digest = Digest({});
  for (const char* set : {"tables[0].where=id > 5", "tables[0].write=append",
                          "destination.path=./other", "name=shop2", "source.port=5433",
                          "on_overflow=string", "on_overflow=\"null\"", "load.lineage=true"}) {
    EXPECT_NE(Digest({set}), digest) << set;
  }
  EXPECT_NE(Digest({"tables=[public.a, public.b]"}), Digest({"tables=[public.b, public.a]"}));
}

TEST(JobDigestTest, DoesNotDependOnHowItIsCopied) {
  const std::string digest = Digest({});
  for (const char* set :
       {"engine.workers.max=3", "engine=sequential", "limits.retries=9", "logging.level=debug",
        "verify=checksum", "state=/elsewhere", "source.lock_timeout=5s"}) {
    EXPECT_EQ(Digest({set}), digest) << set;
  }
}

/// Of a `uri` that the source declares a secret, too.
TEST(JobDigestTest, HashesNoSecret) {
  EXPECT_EQ(Digest({"source.password=other"}), Digest({}));
  EXPECT_EQ(Digest({"source.uri=postgresql://etl:other@h/shop"}), Digest({}));
  EXPECT_NE(Digest({"source.uri=postgresql://other:hunter2@h/shop"}), Digest({})) << "another user";
  EXPECT_NE(Digest({"source.uri=postgresql://etl:hunter2@h2/shop"}), Digest({}))
      << "another server";
  const std::string uri = "source.uri=postgresql://h/shop?user=etl@srv";
  EXPECT_NE(Digest({uri}), Digest({"source.uri=postgresql://h/other?user=etl@srv"}));
  EXPECT_EQ(Digest({uri + "&password=a b"}), Digest({uri + "&password=c d"}));
}

std::string DigestIn(const std::map<std::string, std::string>& variables,
                     const JobOverrides& overrides) {
  const Environment environment = {
      .variable = [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      },
      .file = [](const std::filesystem::path&) { return std::string("from a file"); }};
  const auto job = ParseJobText(kShop, "/jobs/shop.yaml", TestSources(), TestDestinations(),
                                overrides, environment);
  EXPECT_TRUE(job.ok()) << job.status().message();
  return job.ok() ? job->text_digest : std::string();
}

TEST(JobDigestTest, ChangesWithWhatAReferenceStandsFor) {
  for (const char* set : {"source.uri=postgresql://etl:x@h/${A}", "tables[0].where='id > ${A}'",
                          "source.uri=${A}", "destination.path=./${A}"}) {
    EXPECT_NE(DigestIn({{"A", "1"}}, {set}), DigestIn({{"A", "2"}}, {set})) << set;
    EXPECT_EQ(DigestIn({{"A", "1"}}, {set}), DigestIn({{"A", "1"}}, {set})) << set;
  }
  EXPECT_EQ(DigestIn({{"A", "h2"}}, {"source.uri=postgresql://etl:x@${A}/shop"}),
            Digest({"source.uri=postgresql://etl:x@h2/shop"}));
}

TEST(JobDigestTest, HashesNoSecretThatAReferenceStandsFor) {
  for (const char* set : {"source.password=${A}", "source.uri=postgresql://etl:${A}@h/shop"}) {
    EXPECT_EQ(DigestIn({{"A", "1"}}, {set}), DigestIn({{"A", "2:x"}}, {set})) << set;
  }
  EXPECT_EQ(DigestIn({}, {"source.password=${file:/run/secret}"}), Digest({}));
  EXPECT_EQ(DigestIn({{"A", "postgresql://etl:1@h/shop"}}, {"source.uri=${A}"}),
            DigestIn({{"A", "postgresql://etl:2@h/shop"}}, {"source.uri=${A}"}));
}

TEST(ReferenceInSqlTest, AFileIsRefusedAndAVariableIsTaken) {
  EXPECT_FALSE(DigestIn({{"A", "1"}}, {"tables[0].where='id > ${A}'"}).empty());
  for (const char* set : {"tables[0].where=v <> '${file:/run/secret}'",
                          "tables[1].query=SELECT '${file:/run/secret}'"}) {
    const auto job = ParseShop({set});
    ASSERT_FALSE(job.ok()) << set;
    EXPECT_NE(job.status().message().find("${file:…} is for secrets"), std::string::npos)
        << job.status();
    EXPECT_EQ(job.status().message().find("cannot read"), std::string::npos) << "it is not opened";
  }
}

TEST(JobPathTest, StartsAtTheJobsFolder) {
  const Job job = Shop({"destination.path=../lake/./x", "state=runs"});
  EXPECT_EQ(job.destination.values.String("path"), "/lake/x");
  EXPECT_EQ(job.state, "/jobs/runs");
  EXPECT_EQ(job.file, "/jobs/shop.yaml");
  EXPECT_EQ(Shop({"destination.path=/data/lake"}).destination.values.String("path"), "/data/lake");
  EXPECT_EQ(Shop({"destination.path=s3://bucket/lake"}).destination.values.String("path"),
            "s3://bucket/lake");
}

TEST(JobPathTest, AFileOfThisFolderStartsHere) {
  const auto job =
      ParseJobText(kShop, "shop.yaml", TestSources(), TestDestinations(), {}, EmptyEnvironment());
  ASSERT_TRUE(job.ok());
  EXPECT_EQ(job->state, std::filesystem::current_path() / ".headrace");
}

TEST(WorkersTest, ABoundThatIsWrittenMovesTheOtherDefault) {
  EXPECT_EQ(Shop({}).workers.max_written, false);
  const WorkerSettings one = Shop({"engine.workers.max=1"}).workers;
  EXPECT_EQ(std::tie(one.initial, one.max, one.max_written), std::make_tuple(1, 1, true));
  const WorkerSettings many = Shop({"engine.workers.initial=20"}).workers;
  EXPECT_EQ(std::tie(many.initial, many.max, many.max_written), std::make_tuple(20, 20, false));
}

TEST(WorkersTest, ConnectionsLeaveOneForTheSnapshot) {
  const Job job = Shop({"limits.connections=2"});
  EXPECT_EQ(job.connections, 2);
  EXPECT_EQ(job.workers.initial, 1);
  EXPECT_EQ(job.workers.max, 1);
  EXPECT_EQ(Shop({}).connections, std::nullopt);
}

TEST(OverrideTest, SetsWhatIsNotThere) {
  const Job job =
      Shop({"tables.public.orders.partition.target_rows=7", "tables.daily.where=one = 1"});
  EXPECT_EQ(job.tables[0].partition.target_rows, 7);
  EXPECT_EQ(job.tables[1].partition.target_rows, 50'000);
  EXPECT_EQ(job.tables[1].where, "one = 1");
}

TEST(OverrideTest, TheLongestNameAndTheLastAssignmentWin) {
  const std::string text =
      Replaced(std::string(kShop), "  - public.orders\n", "  - public\n  - public.orders\n");
  const Job job =
      Shop({"tables.public.orders.where=a", "tables.public.where=b", "tables[1].where=c"}, text);
  EXPECT_EQ(job.tables[0].where, "b");
  EXPECT_EQ(job.tables[1].where, "c");
}

TEST(OverrideTest, ReplacesWrongValues) {
  const std::string text = std::string(kShop) + "verify: chekcsum\nengine: local\n";
  EXPECT_FALSE(ParseShop({}, text).ok());
  const Job job = Shop({"verify=off", "engine.workers.max=3"}, text);
  EXPECT_EQ(job.verify, VerifyLevel::kOff);
  EXPECT_EQ(job.engine, EngineType::kLocal) << "the short form stays beside what is set";
  EXPECT_EQ(job.workers.max, 3);
}

TEST(DestinationOptionsTest, ATableInheritsAndOverrides) {
  const Job job =
      Shop({"destination.compression=none", "tables[0].destination.compression=snappy"});
  EXPECT_EQ(job.tables[0].destination.String("compression"), "snappy");
  EXPECT_EQ(job.tables[1].destination.String("compression"), "none");
  EXPECT_EQ(job.tables[0].destination.Integer("target_file_size"), 256 << 20);
}

TEST(ParseJobFileTest, ReadsFilesOfThisProcess) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "headrace_parser_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "secret") << "hunter3\n";
  std::ofstream(folder / "shop.yaml")
      << Replaced(std::string(kShop), "password: hunter2", "password: '${file:secret}'");
  const auto job = ParseJobFile(folder / "shop.yaml", TestSources(), TestDestinations());
  const auto missing = ParseJobFile(folder / "missing.yaml", TestSources(), TestDestinations());
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->source.values.String("password"), "hunter3");
  EXPECT_NE(missing.status().message().find("missing.yaml: No such file or directory"),
            std::string::npos);
  EXPECT_EQ(ClassOf(missing.status()), ErrorClass::kUser);
}

TEST(ParseJobFileTest, TenThousandTables) {
  std::string text =
      "name: many\nsource: {type: postgresql}\ndestination: {type: parquet, path: "
      "./lake}\ntables:\n";
  for (int i = 0; i < 10'000; ++i) {
    text += "  - {name: public.table_" + std::to_string(i) + ", where: id > 5}\n";
  }
  EXPECT_EQ(Shop({}, text).tables.size(), 10'000U);
}

}  // namespace
}  // namespace headrace
