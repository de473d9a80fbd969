#include <cstdlib>
#include <filesystem>

#include "conformance/source_suite.h"
#include "headrace/client/sqlite/database.h"
#include "headrace/source/sqlite/sqlite_source.h"

namespace headrace {
namespace {

/// A database file in a folder of its own.
class LiveSqlite final : public LiveSource {
 public:
  static arrow::Result<std::unique_ptr<LiveSource>> Open(const std::string& journal_mode) {
    auto live = std::make_unique<LiveSqlite>();
    std::string pattern = (std::filesystem::temp_directory_path() / "headrace_XXXXXX").string();
    live->folder_ = mkdtemp(pattern.data());
    const std::string path = (live->folder_ / "live.db").string();
    ARROW_ASSIGN_OR_RAISE(
        live->writer_,
        SqliteDatabase::Open(path, SqliteOpenMode::kReadWriteCreate, std::chrono::milliseconds(0)));
    ARROW_RETURN_NOT_OK(live->writer_.Execute("PRAGMA journal_mode = " + journal_mode +
                                              "; PRAGMA synchronous = OFF"));
    OptionValues options;
    options.Set("path", path);
    options.Set("busy_timeout", int64_t{0});
    ARROW_ASSIGN_OR_RAISE(live->source_, MakeSqliteSource(options));
    return live;
  }

  ~LiveSqlite() override {
    writer_ = SqliteDatabase();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Source& source() override { return *source_; }

  TableRef Table(const std::string& name) const override {
    return {.schema = {}, .name = name, .query = {}, .alias = {}};
  }

  arrow::Status Execute(const std::string& sql) override { return writer_.Execute(sql); }

  arrow::Result<TextRows> Query(const std::string& sql) override {
    ARROW_ASSIGN_OR_RAISE(SqliteStatement statement, writer_.Prepare(sql));
    TextRows rows;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
      if (!row) return rows;
      std::vector<std::string>& values = rows.emplace_back();
      for (int i = 0; i < statement.column_count(); ++i) {
        values.emplace_back(statement.ColumnIsNull(i) ? "null" : statement.ColumnText(i));
      }
    }
  }

  std::vector<Strategy> strategies() const override {
    return {Strategy::kIdRange, Strategy::kKeyRange, Strategy::kDateRange, Strategy::kNone};
  }

 private:
  std::filesystem::path folder_;
  SqliteDatabase writer_;
  std::unique_ptr<Source> source_;
};

SourceQuirks SqliteQuirks(const std::string& journal_mode) {
  SourceQuirks quirks;
  quirks.name = journal_mode;
  quirks.writers_wait = journal_mode != "WAL";
  quirks.open = [journal_mode] { return LiveSqlite::Open(journal_mode); };
  quirks.bytes_type = "BLOB";
  quirks.bytes_ab = "x'4142'";
  quirks.most_columns = 2'000;
  quirks.overflow = {.type = "INTEGER",
                     .fitting = "7",
                     .fitting_read = "7",
                     .fitting_text = "7",
                     .unfit = "'seven'",
                     .unfit_text = "seven"};
  quirks.writing_queries = {"DELETE FROM t RETURNING a", "SELECT 1 AS a) AS x; DELETE FROM t; --"};
  return quirks;
}

INSTANTIATE_TEST_SUITE_P(Sqlite, SourceConformance,
                         testing::Values(SqliteQuirks("DELETE"), SqliteQuirks("WAL")),
                         [](const auto& quirks) { return quirks.param.name; });

}  // namespace
}  // namespace headrace
