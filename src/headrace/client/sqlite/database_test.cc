#include "headrace/client/sqlite/database.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

#include "headrace/client/sqlite/error.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;

class SqliteDatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("headrace_sqlite_client_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name = "a.db") const { return (folder_ / name).string(); }

  SqliteDatabase OpenWriter(const std::string& path) {
    auto database = SqliteDatabase::Open(path, SqliteOpenMode::kReadWriteCreate, milliseconds(0));
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }

  std::filesystem::path folder_;
};

TEST_F(SqliteDatabaseTest, AWantOfFileDescriptorsIsNoWantOfRights) {
  OpenWriter(Path());
  // UBSan looks a type up by a pipe when it meets it first, for which there would be no room below.
  const auto missing =
      SqliteDatabase::Open(Path() + "-none", SqliteOpenMode::kReadOnly, milliseconds(0));
  ASSERT_NE(CodeOf(missing.status()), "EMFILE") << missing.status();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto database = SqliteDatabase::Open(Path(), SqliteOpenMode::kReadOnly, milliseconds(0));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(database.ok());
  EXPECT_EQ(CodeOf(database.status()), "EMFILE") << database.status();
  EXPECT_EQ(ClassOf(database.status()), ErrorClass::kPermanent);
  EXPECT_NE(database.status().message().find("ulimit -n"), std::string::npos);
}

TEST_F(SqliteDatabaseTest, ValuesOfEveryStorageClassComeBack) {
  SqliteDatabase database = OpenWriter(Path());
  ASSERT_TRUE(database.Execute("CREATE TABLE t (a, b, c, d, e)").ok());
  auto insert = database.Prepare("INSERT INTO t VALUES (?, -0.5, ?, x'00FF00', NULL)").ValueOrDie();
  const std::array<std::byte, 3> blob = {std::byte{0}, std::byte{255}, std::byte{0}};
  ASSERT_TRUE(insert.BindInt64(1, INT64_MIN).ok());
  ASSERT_TRUE(insert.BindText(2, std::string_view("a\0b", 3)).ok());
  ASSERT_TRUE(insert.Run().ok());

  auto select = database.Prepare("SELECT * FROM t").ValueOrDie();
  ASSERT_TRUE(select.Step().ValueOrDie());
  EXPECT_EQ(select.ColumnType(0), SqliteType::kInteger);
  EXPECT_EQ(select.ColumnInt64(0), INT64_MIN);
  EXPECT_EQ(select.ColumnType(1), SqliteType::kReal);
  EXPECT_EQ(select.ColumnDouble(1), -0.5);
  EXPECT_EQ(select.ColumnType(2), SqliteType::kText);
  EXPECT_EQ(select.ColumnText(2), std::string_view("a\0b", 3));
  EXPECT_EQ(select.ColumnType(3), SqliteType::kBlob);
  EXPECT_TRUE(std::ranges::equal(select.ColumnBlob(3), blob));
  EXPECT_TRUE(select.ColumnIsNull(4));
  EXPECT_FALSE(select.Step().ValueOrDie());
}

TEST_F(SqliteDatabaseTest, EmptyTextIsNotNull) {
  SqliteDatabase database = OpenWriter(Path());
  auto select = database.Prepare("SELECT typeof(?)").ValueOrDie();
  ASSERT_TRUE(select.BindText(1, {}).ok());
  ASSERT_TRUE(select.Step().ValueOrDie());
  EXPECT_EQ(select.ColumnText(0), "text");
}

TEST_F(SqliteDatabaseTest, AStatementRunsAgainAfterReset) {
  SqliteDatabase database = OpenWriter(Path());
  auto select = database.Prepare("SELECT ? + 1").ValueOrDie();
  for (const int64_t value : {1, 41}) {
    ASSERT_TRUE(select.BindInt64(1, value).ok());
    ASSERT_TRUE(select.Step().ValueOrDie());
    EXPECT_EQ(select.ColumnInt64(0), value + 1);
    select.Reset();
  }
}

TEST_F(SqliteDatabaseTest, ReadOnlyRefusesToWriteAndToCreate) {
  ASSERT_TRUE(OpenWriter(Path()).Execute("CREATE TABLE t (a)").ok());
  auto reader =
      SqliteDatabase::Open(Path(), SqliteOpenMode::kReadOnly, milliseconds(0)).ValueOrDie();
  EXPECT_EQ(ClassOf(reader.Execute("INSERT INTO t VALUES (1)")), ErrorClass::kUser);

  const auto missing =
      SqliteDatabase::Open(Path("none"), SqliteOpenMode::kReadOnly, milliseconds(0));
  EXPECT_EQ(ClassOf(missing.status()), ErrorClass::kUser);
  EXPECT_EQ(CodeOf(missing.status()), "SQLITE_CANTOPEN");
  EXPECT_NE(missing.status().message().find(Path("none")), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(Path("none")));
}

TEST_F(SqliteDatabaseTest, AnImageIsReadAsTheFileIsInWalModeToo) {
  ASSERT_TRUE(OpenWriter(Path())
                  .Execute("PRAGMA journal_mode=WAL; CREATE TABLE t (a); INSERT INTO t VALUES (7)")
                  .ok());
  std::ifstream file(Path(), std::ios::binary);
  const std::string image{std::istreambuf_iterator<char>(file), {}};
  auto reader = SqliteDatabase::OpenImage(image).ValueOrDie();
  auto statement = reader.Prepare("SELECT a FROM t").ValueOrDie();
  ASSERT_TRUE(statement.Step().ValueOrDie());
  EXPECT_EQ(statement.ColumnInt64(0), 7);
  EXPECT_EQ(ClassOf(reader.Execute("INSERT INTO t VALUES (1)")), ErrorClass::kUser);
}

TEST_F(SqliteDatabaseTest, AnImageThatIsNoDatabaseIsAnErrorOnceItIsRead) {
  for (const std::string_view image :
       {"short", "a text that is longer than the header of a file"}) {
    auto reader = SqliteDatabase::OpenImage(image).ValueOrDie();
    EXPECT_FALSE(reader.Prepare("SELECT * FROM sqlite_schema").ok());
  }
}

TEST_F(SqliteDatabaseTest, ALockedDatabaseIsTransient) {
  SqliteDatabase first = OpenWriter(Path());
  ASSERT_TRUE(first.Execute("CREATE TABLE t (a); BEGIN EXCLUSIVE").ok());
  SqliteDatabase second = OpenWriter(Path());
  const arrow::Status busy = second.Execute("INSERT INTO t VALUES (1)");
  EXPECT_EQ(ClassOf(busy), ErrorClass::kTransient);
  EXPECT_EQ(CodeOf(busy), "SQLITE_BUSY");
}

TEST_F(SqliteDatabaseTest, AFileThatIsNoDatabaseIsAUserError) {
  std::ofstream(Path("text")) << std::string(5000, 'x');
  auto database = SqliteDatabase::Open(Path("text"), SqliteOpenMode::kReadOnly, milliseconds(0));
  const arrow::Status status =
      database.ok() ? database->Execute("SELECT * FROM sqlite_schema") : database.status();
  EXPECT_EQ(CodeOf(status), "SQLITE_NOTADB");
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
}

TEST_F(SqliteDatabaseTest, SqlErrorsNameWhatIsWrong) {
  SqliteDatabase database = OpenWriter(Path());
  const auto missing = database.Prepare("SELECT * FROM nowhere");
  EXPECT_EQ(ClassOf(missing.status()), ErrorClass::kUser);
  EXPECT_EQ(missing.status().message(), "no such table: nowhere");
  EXPECT_FALSE(database.Prepare("SELECT 1; SELECT 2").ok());
  EXPECT_FALSE(database.Prepare("  ").ok());
  EXPECT_TRUE(database.Prepare("SELECT 1 ; \n").ok());
}

TEST_F(SqliteDatabaseTest, AStatementMayOutliveItsDatabase) {
  SqliteStatement select;
  {
    SqliteDatabase database = OpenWriter(Path());
    select = database.Prepare("SELECT 7").ValueOrDie();
  }
  ASSERT_TRUE(select.Step().ValueOrDie());
  EXPECT_EQ(select.ColumnInt64(0), 7);
}

TEST_F(SqliteDatabaseTest, AFileNameThatLooksLikeAUriIsTakenLiterally) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  ASSERT_TRUE(OpenWriter("file:odd?mode=memory").Execute("CREATE TABLE t (a)").ok());
  EXPECT_TRUE(std::filesystem::exists(folder_ / "file:odd?mode=memory"));
  std::filesystem::current_path(before);
}

TEST(SqliteQuoteTest, DoublesQuotes) {
  EXPECT_EQ(SqliteQuote("order"), "\"order\"");
  EXPECT_EQ(SqliteQuote("a\"b.c"), "\"a\"\"b.c\"");
}

TEST(SqliteErrorTest, ExtendedCodesKeepTheNameOfTheirFamily) {
  EXPECT_EQ(SqliteResultName(5 | (2 << 8)), "SQLITE_BUSY");
  EXPECT_EQ(SqliteResultName(8 | (3 << 8)), "SQLITE_READONLY_ROLLBACK");
  EXPECT_EQ(SqliteErrorClass(8 | (3 << 8)), ErrorClass::kTransient);
  EXPECT_EQ(SqliteErrorClass(8), ErrorClass::kUser);
  EXPECT_EQ(SqliteErrorClass(13), ErrorClass::kPermanent);
  EXPECT_EQ(SqliteResultName(250), "SQLITE_UNKNOWN");
}

}  // namespace
}  // namespace headrace
