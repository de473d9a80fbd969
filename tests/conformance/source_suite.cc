#include "conformance/source_suite.h"

#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <iterator>
#include <ostream>

#include "headrace/model/work_unit.h"

namespace headrace {
namespace {

void AppendText(const arrow::RecordBatch& batch, TextRows& rows) {
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    std::vector<std::string> values;
    for (const auto& column : batch.columns()) {
      values.push_back(column->GetScalar(row).ValueOrDie()->ToString());
    }
    rows.push_back(std::move(values));
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const SourceQuirks& quirks) {
  return out << quirks.name;
}

void SourceConformance::SetUp() {
  auto live = quirks().open();
  ASSERT_TRUE(live.ok()) << live.status();
  live_ = *std::move(live);
}

void SourceConformance::Make(const std::string& sql) {
  const arrow::Status status = live_->Execute(sql);
  ASSERT_TRUE(status.ok()) << sql << "\n" << status;
}

void SourceConformance::WriteBesideSnapshot(const std::string& sql) {
  const arrow::Status status = live_->Execute(sql);
  ASSERT_EQ(status.ok(), !quirks().writers_wait) << sql << "\n" << status;
}

void SourceConformance::Fill(const std::string& table, int count, const std::string& values) {
  Make("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
       std::to_string(count) + ") INSERT INTO " + table + " SELECT " + values + " FROM n");
}

TextRows SourceConformance::Select(const std::string& sql) {
  auto rows = live_->Query(sql);
  EXPECT_TRUE(rows.ok()) << sql << "\n" << rows.status();
  return rows.ok() ? *std::move(rows) : TextRows{};
}

TableJob SourceConformance::JobOf(const std::string& table) const {
  TableJob job;
  job.table = live_->Table(table);
  return job;
}

std::string SourceConformance::Qualified(const std::string& name) const {
  const std::string schema = live_->Table(name).schema;
  return schema.empty() ? name : schema + "." + name;
}

TableJob SourceConformance::QueryJob(const std::string& sql) {
  TableJob job;
  job.table = {.schema = {}, .name = {}, .query = sql, .alias = "result"};
  return job;
}

std::unique_ptr<Snapshot> SourceConformance::OpenSnapshot(const std::vector<TableRef>& tables) {
  std::vector<SnapshotTable> wanted;
  for (const TableRef& table : tables) wanted.push_back({.table = table, .where = {}});
  auto snapshot = source().OpenSnapshot(wanted, {});
  EXPECT_TRUE(snapshot.ok()) << snapshot.status();
  return *std::move(snapshot);
}

PlannedTable SourceConformance::Plan(Snapshot& snapshot, const TableJob& job) {
  PlannedTable planned = PlanTable(job, {source(), snapshot}, {.run = "r1"}, TableHistory(), {});
  EXPECT_TRUE(planned.status.ok()) << planned.status;
  return planned;
}

PlannedTable SourceConformance::PlanAlone(const TableJob& job) {
  const auto snapshot = OpenSnapshot({job.table});
  return PlanTable(job, {source(), *snapshot}, {.run = "r1"}, TableHistory(), {});
}

TextRows SourceConformance::ReadJob(const TableJob& job) {
  const std::unique_ptr<Snapshot> snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  const auto session = snapshot->Attach({});
  EXPECT_TRUE(session.ok()) << session.status();
  return session.ok() ? ReadPlan(**session, planned) : TextRows{};
}

arrow::Result<TextRows> ReadRemaining(UnitReader& reader) {
  TextRows rows;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::RecordBatch> batch, reader.Next());
    if (batch == nullptr) return rows;
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    if (batch->num_rows() == 0) return BugError("a batch is never empty");
    AppendText(*batch, rows);
  }
}

arrow::Result<TextRows> ReadUnitRows(Session& session, const TablePlan& plan, const WorkUnit& unit,
                                     const ReadLimits& limits, std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const WorkUnit received, ParseWorkUnit(SerializeWorkUnit(unit, plan)));
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<UnitReader> reader,
                        session.Open(plan, received, limits, std::move(stop)));
  return ReadRemaining(*reader);
}

TextRows ReadPlan(Session& session, const PlannedTable& planned) {
  TextRows all;
  for (const WorkUnit& unit : planned.units) {
    auto rows = ReadUnitRows(session, planned.plan, unit);
    EXPECT_TRUE(rows.ok()) << "unit " << unit.id << ": " << rows.status();
    if (rows.ok()) std::ranges::move(*rows, std::back_inserter(all));
  }
  return all;
}

TextRows Sorted(TextRows rows) {
  std::ranges::sort(rows);
  return rows;
}

}  // namespace headrace
