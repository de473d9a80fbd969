#include "headrace/source/sqlite/sqlite_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "headrace/source/sqlite/test_database.h"

namespace headrace::sqlite {
namespace {

OptionValues With(const std::string& key, const std::string& value) {
  OptionValues options;
  options.Set(key, value);
  return options;
}

TEST(SqliteSourceTest, TheEndpointIsAUriOfTheAbsolutePath) {
  EXPECT_EQ(MakeSqliteSource(With("path", "/data/shop.db")).ValueOrDie()->endpoint(),
            "sqlite:///data/shop.db");
  EXPECT_EQ(MakeSqliteSource(With("uri", "sqlite:///data/my%20shop.db")).ValueOrDie()->endpoint(),
            "sqlite:///data/my shop.db");
}

TEST(SqliteSourceTest, AUriNamesAFileAndNothingElse) {
  for (const char* uri : {"sqlite:shop.db", "sqlite:/data/shop.db", "sqlite:///data/me%40home.db",
                          "sqlite:///data/me@home.db", "sqlite:///data/what%3F.db"}) {
    EXPECT_TRUE(MakeSqliteSource(With("uri", uri)).ok()) << uri;
    EXPECT_TRUE(SqliteOptions().faults(With("uri", uri)).empty()) << uri;
  }
  for (const char* uri :
       {"postgresql://etl:hunter2@db/shop", "sqlite://etl:hunter2@db/shop", "sqlite://hunter2/shop",
        "sqlite://hunter2.db", "sqlite:///x.db?password=hunter2", "sqlite:///x.db?key=hunter2",
        "sqlite:etl:hunter2@db/shop", "sqlite:///etl:hunter2@db/shop", "host=h password=hunter2",
        "sqlite:", "sqlite://"}) {
    const auto source = MakeSqliteSource(With("uri", uri));
    ASSERT_FALSE(source.ok()) << uri;
    EXPECT_EQ(ClassOf(source.status()), ErrorClass::kUser);
    EXPECT_EQ(source.status().message().find("hunter2"), std::string::npos) << source.status();
    const std::vector<OptionFault> faults = SqliteOptions().faults(With("uri", uri));
    ASSERT_EQ(faults.size(), 1U) << uri;
    EXPECT_EQ(faults.front().key, "uri");
    EXPECT_EQ(faults.front().message.find("hunter2"), std::string::npos) << faults.front().message;
  }
}

TEST(SqliteSourceTest, APathThatIsAUriIsRefusedAndNotRepeated) {
  for (const char* path : {"sqlite://hunter2@db/shop", "sqlite:///x.db?key=hunter2"}) {
    const auto source = MakeSqliteSource(With("path", path));
    ASSERT_FALSE(source.ok()) << path;
    EXPECT_EQ(source.status().message(), "path: is a URI; that is what the key `uri` is for");
    ASSERT_EQ(SqliteOptions().faults(With("path", path)).size(), 1U);
    EXPECT_EQ(SqliteOptions().faults(With("path", path)).front().key, "path");
  }
}

TEST(SqliteSourceTest, OptionsThatContradictAreUserErrors) {
  OptionValues both = With("path", "a.db");
  both.Set("uri", std::string("sqlite:///a.db"));
  const OptionValues none;
  OptionValues sessions = With("path", "a.db");
  sessions.Set("sessions", int64_t{0});
  for (const OptionValues& options :
       {both, none, sessions, With("uri", "postgresql://127.0.0.1/shop")}) {
    const auto source = MakeSqliteSource(options);
    ASSERT_FALSE(source.ok());
    EXPECT_EQ(ClassOf(source.status()), ErrorClass::kUser);
  }
}

TEST(SqliteSourceTest, CapabilitiesNeedAFileThatCanBeRead) {
  TestDatabase database;
  database.Execute("CREATE TABLE t (a)");
  const Capabilities capabilities = database.MakeSource()->GetCapabilities({}).ValueOrDie();
  EXPECT_EQ(capabilities.strategies,
            (std::vector<Strategy>{Strategy::kIdRange, Strategy::kKeyRange, Strategy::kDateRange,
                                   Strategy::kNone}));
  EXPECT_EQ(capabilities.snapshot, SnapshotKind::kTransaction);
  EXPECT_EQ(database.MakeSource(With("snapshot", "off"))->GetCapabilities({})->snapshot,
            SnapshotKind::kNone);
  const auto missing =
      MakeSqliteSource(With("path", database.path() + ".none")).ValueOrDie()->GetCapabilities({});
  EXPECT_EQ(ClassOf(missing.status()), ErrorClass::kUser);
}

/// They are asked for at each table of a plan, and opening reads the whole schema.
TEST(SqliteSourceTest, CapabilitiesOpenTheFileOnceOnly) {
  const TestDatabase database;
  for (const char* snapshot : {"require", "off"}) {
    const std::string copy = database.path() + "." + snapshot;
    std::filesystem::copy_file(database.path(), copy);
    OptionValues options = With("path", copy);
    options.Set("snapshot", std::string(snapshot));
    const auto source = MakeSqliteSource(options).ValueOrDie();
    ASSERT_TRUE(source->OpenSnapshot({}, {}).ok());
    std::filesystem::remove(copy);
    EXPECT_TRUE(source->GetCapabilities({}).ok());
  }
}

/// Whoever opens a pipe waits for its other end.
TEST(SqliteSourceTest, APipeIsRefusedUnopened) {
  const TestDatabase database;
  const std::string pipe = database.path() + ".pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto source = MakeSqliteSource(With("path", pipe)).ValueOrDie();
  const arrow::Status status = source->OpenSnapshot({}, {}).status();
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_EQ(status.message(), pipe + ": no database file, but a pipe or a device");
}

TEST(SqliteSourceTest, AStoppedTokenInterrupts) {
  const TestDatabase database;
  const std::stop_source stop;
  stop.request_stop();
  const auto source = database.MakeSource();
  const auto snapshot = source->OpenSnapshot({}, {}).ValueOrDie();
  EXPECT_EQ(CodeOf(source->GetCapabilities(stop.get_token()).status()), kInterruptedCode);
  EXPECT_EQ(CodeOf(source->List(stop.get_token()).status()), kInterruptedCode);
  EXPECT_EQ(CodeOf(source->OpenSnapshot({}, stop.get_token()).status()), kInterruptedCode);
  EXPECT_EQ(CodeOf(snapshot->Attach(stop.get_token()).status()), kInterruptedCode);
}

}  // namespace
}  // namespace headrace::sqlite
