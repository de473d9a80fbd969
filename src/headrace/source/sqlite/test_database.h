#pragma once

#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "headrace/client/sqlite/database.h"
#include "headrace/source/sqlite/sqlite_source.h"

/// What the tests of this folder share: a database file with a writer, and the steps from a table
/// to the text of its values.
namespace headrace::sqlite {

/// A database file in a folder of its own, gone with the object.
class TestDatabase {
 public:
  explicit TestDatabase(const std::string& journal_mode = "DELETE") {
    std::string pattern = (std::filesystem::temp_directory_path() / "headrace_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    writer_ = Connect();
    Execute("PRAGMA journal_mode = " + journal_mode + "; PRAGMA synchronous = OFF");
  }
  ~TestDatabase() {
    writer_ = SqliteDatabase();
    std::filesystem::remove_all(folder_);
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  std::string path() const { return (folder_ / "test.db").string(); }

  /// Another connection that may write; it never waits for a lock.
  SqliteDatabase Connect() const {
    return SqliteDatabase::Open(path(), SqliteOpenMode::kReadWriteCreate,
                                std::chrono::milliseconds(0))
        .ValueOrDie();
  }

  SqliteDatabase& writer() { return writer_; }

  void Execute(const std::string& sql) {
    const arrow::Status status = writer_.Execute(sql);
    ASSERT_TRUE(status.ok()) << sql << "\n" << status.ToString();
  }

  std::unique_ptr<Source> MakeSource(OptionValues options = {}) const {
    options.Set("path", path());
    options.Set("busy_timeout", int64_t{0});
    return MakeSqliteSource(options).ValueOrDie();
  }

 private:
  std::filesystem::path folder_;
  SqliteDatabase writer_;
};

inline TableRef TableNamed(const std::string& name) {
  return {.schema = {}, .name = name, .query = {}, .alias = {}};
}

inline TableRef QueryOf(const std::string& sql) {
  return {.schema = {}, .name = {}, .query = sql, .alias = "query"};
}

/// A plan for all columns under one policy.
inline TablePlan PlanOf(const Description& description,
                        OverflowPolicy policy = OverflowPolicy::kError) {
  TablePlan plan;
  plan.id = "run/table/0";
  plan.table = description.table;
  plan.description = description;
  for (const Column& column : description.columns) {
    const bool as_text = policy == OverflowPolicy::kString && column.may_overflow;
    plan.columns.push_back({.source_name = column.name,
                            .source_type = column.source_type,
                            .read_type = as_text ? arrow::utf8() : column.type,
                            .name = column.name,
                            .type = as_text ? arrow::utf8() : column.type,
                            .nullable = column.nullable,
                            .on_overflow = policy});
  }
  return plan;
}

inline WorkUnit UnitOf(Split split) {
  return {.plan_id = "run/table/0", .id = "0", .split = std::move(split)};
}

using Rows = std::vector<std::vector<std::string>>;

/// Text of each value of a batch; `null` for NULL.
inline void AppendRows(const arrow::RecordBatch& batch, Rows& rows) {
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    std::vector<std::string> values;
    for (const auto& column : batch.columns()) {
      values.push_back(column->GetScalar(row).ValueOrDie()->ToString());
    }
    rows.push_back(std::move(values));
  }
}

/// All rows that are left in a reader.
inline arrow::Result<Rows> ReadRest(UnitReader& reader) {
  Rows rows;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::RecordBatch> batch, reader.Next());
    if (batch == nullptr) return rows;
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    AppendRows(*batch, rows);
  }
}

inline arrow::Result<Rows> ReadUnit(Session& session, const TablePlan& plan, const Split& split,
                                    const ReadLimits& limits = {}) {
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<UnitReader> reader,
                        session.Open(plan, UnitOf(split), limits, {}));
  return ReadRest(*reader);
}

/// Opens a snapshot of `source` and reads the whole of `table`.
inline arrow::Result<Rows> ReadTable(Source& source, const TableRef& table,
                                     OverflowPolicy policy = OverflowPolicy::kError) {
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<Snapshot> snapshot, source.OpenSnapshot({}, {}));
  ARROW_ASSIGN_OR_RAISE(const Description description, snapshot->Describe(table, {}));
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<Session> session, snapshot->Attach({}));
  return ReadUnit(*session, PlanOf(description, policy), WholeTable{});
}

}  // namespace headrace::sqlite
