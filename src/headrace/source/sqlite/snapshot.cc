#include "headrace/source/sqlite/snapshot.h"

#include <arrow/record_batch.h>
#include <sqlite3.h>

#include <utility>

#include "headrace/source/sqlite/catalog.h"
#include "headrace/source/sqlite/cursor_bound.h"
#include "headrace/source/sqlite/estimate.h"
#include "headrace/source/sqlite/unit_query.h"
#include "headrace/source/sqlite/unit_reader.h"
#include "headrace/source/sqlite/unit_sample.h"

namespace headrace::sqlite {
namespace {

/// What was read of a file that somebody writes over counts for nothing, nor does an error that it
/// gave: it may be half of one file and half of another.
template <typename Outcome>
Outcome UnlessLost(Outcome outcome, const arrow::Status& file) {
  if (!file.ok()) return file;
  return outcome;
}

/// Looks at the file when the last row of a unit is read.
class CheckedReader final : public UnitReader {
 public:
  CheckedReader(std::unique_ptr<UnitReader> reader, const ReadPoint::Lease& lease)
      : reader_(std::move(reader)), lease_(lease) {}

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    auto batch = reader_->Next();
    const bool more = batch.ok() && *batch != nullptr;
    if (more || CodeOf(batch.status()) == kInterruptedCode) return batch;
    return UnlessLost(std::move(batch), lease_.CheckFile());
  }

  int64_t nulled_values() const override { return reader_->nulled_values(); }

 private:
  std::unique_ptr<UnitReader> reader_;
  const ReadPoint::Lease& lease_;
};

/// The number that `sql` counts.
arrow::Result<int64_t> CountedRows(SqliteDatabase& database, const std::string& sql,
                                   const std::stop_token& stop) {
  const ProgressGuard guard(database.handle(), stop);
  ARROW_ASSIGN_OR_RAISE(SqliteStatement statement, database.Prepare(sql));
  ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
  return row ? statement.ColumnInt64(0) : 0;
}

class SqliteSession final : public Session {
 public:
  explicit SqliteSession(ReadPoint::Lease lease) : lease_(std::move(lease)) {}

  arrow::Result<std::unique_ptr<UnitReader>> Open(const TablePlan& plan, const WorkUnit& unit,
                                                  const ReadLimits& limits,
                                                  std::stop_token stop) override {
    if (!lease_.intact()) {
      return TransientError("the session's read transaction has ended: attach again");
    }
    auto reader =
        SqliteUnitReader::Open(lease_.database(), plan, unit, readers_, limits, std::move(stop));
    if (!reader.ok()) return UnlessLost(std::move(reader), lease_.CheckFile());
    return std::make_unique<CheckedReader>(*std::move(reader), lease_);
  }

 private:
  ReadPoint::Lease lease_;
  ColumnReaders readers_;
};

}  // namespace

SnapshotKind SqliteSnapshot::kind() const {
  return point_->shared() ? SnapshotKind::kTransaction : SnapshotKind::kNone;
}

std::string SqliteSnapshot::about() const {
  const std::string version = "SQLite " + std::string(sqlite3_libversion());
  if (!point_->shared()) return version + ", no snapshot";
  return version + (point_->write_ahead()
                        ? ", WAL: writers go on, the log grows until the last row is read"
                        : ", rollback journal: writers wait until the last row is read");
}

std::string SqliteSnapshot::HeldUp() const {
  if (!point_->shared()) return {};
  return point_->write_ahead() ? "the write-ahead log grows with each change"
                               : "whoever wants to write to the file waits";
}

std::vector<std::string> SqliteSnapshot::warnings() const {
  if (!point_->shared()) return {"snapshot: off: each unit sees what is there when it is read"};
  if (point_->opened() > 1) return {};
  return {"writers are so busy that only one session could join the snapshot"};
}

arrow::Result<Description> SqliteSnapshot::Describe(const TableRef& table, std::stop_token stop) {
  if (stop.stop_requested()) return InterruptedError();
  ARROW_ASSIGN_OR_RAISE(ReadPoint::Leader leader, point_->leader());
  auto description = DescribeRelation(*leader, table, stop, effort_);
  return UnlessLost(std::move(description), point_->CheckFile(*leader));
}

/// Each of its steps is bounded; those that may take a second or two look at the stop token.
arrow::Result<Statistics> SqliteSnapshot::Estimate(const Description& description,
                                                   const EstimateRequest& request,
                                                   std::stop_token stop) {
  if (stop.stop_requested()) return InterruptedError();
  ARROW_ASSIGN_OR_RAISE(ReadPoint::Leader leader, point_->leader());
  auto statistics = EstimateRelation(*leader, description, request, stop);
  if (!statistics.ok()) statistics = WithContext(statistics.status(), description.table.label());
  return UnlessLost(std::move(statistics), point_->CheckFile(*leader));
}

arrow::Result<CursorBound> SqliteSnapshot::FindCursorBound(const SnapshotTable& table,
                                                           const Description& description,
                                                           std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(ReadPoint::Leader leader, point_->leader());
  return UnlessLost(sqlite::FindCursorBound(*leader, *table.cursor, description, stop),
                    point_->CheckFile(*leader));
}

/// Opening a unit prepares its statement and steps nowhere.
arrow::Status SqliteSnapshot::TryUnit(const TablePlan& plan, const WorkUnit& unit,
                                      std::stop_token stop) {
  if (stop.stop_requested()) return InterruptedError();
  ARROW_ASSIGN_OR_RAISE(ReadPoint::Leader leader, point_->leader());
  ColumnReaders readers;
  arrow::Status tried =
      SqliteUnitReader::Open(*leader, plan, unit, readers, {}, std::move(stop)).status();
  return UnlessLost(std::move(tried), point_->CheckFile(*leader));
}

arrow::Result<int64_t> SqliteSnapshot::CountRows(const TablePlan& plan, const WorkUnit& unit,
                                                 std::stop_token stop) {
  if (stop.stop_requested()) return InterruptedError();
  ARROW_ASSIGN_OR_RAISE(const std::string sql, CountQuery(plan, unit));
  ARROW_ASSIGN_OR_RAISE(ReadPoint::Leader leader, point_->leader());
  return UnlessLost(CountedRows(*leader, sql, stop), point_->CheckFile(*leader));
}

std::optional<UnitSample> SqliteSnapshot::SampleUnit(const TablePlan& plan, const WorkUnit& unit,
                                                     std::stop_token stop) {
  auto leader = point_->TryLeader();
  if (!leader) return std::nullopt;
  return SampleUnitRows(**leader, plan, unit, stop).ValueOr(UnitSample());
}

arrow::Result<std::unique_ptr<Session>> SqliteSnapshot::Attach(std::stop_token stop) {
  if (stop.stop_requested()) return InterruptedError();
  ARROW_ASSIGN_OR_RAISE(ReadPoint::Lease lease, point_->Take());
  return std::make_unique<SqliteSession>(std::move(lease));
}

}  // namespace headrace::sqlite
