#include "headrace/run/cursor_state.h"

#include <array>
#include <memory>
#include <utility>

#include "headrace/model/watermark.h"
#include "headrace/run/backfill.h"
#include "headrace/run/choice_text.h"
#include "headrace/run/cursor_window.h"
#include "headrace/run/job_plan.h"
#include "headrace/run/listed_job.h"
#include "headrace/run/run_id.h"
#include "headrace/run/table_selection.h"
#include "headrace/run/table_target.h"

namespace headrace {
namespace {

/// A backfill is in nobody's way: it moves no watermark, and goes on only if its range fits then.
arrow::Status CheckNothingUnfinished(const RunParts& parts) {
  ARROW_ASSIGN_OR_RAISE(auto unfinished, parts.journal.UnfinishedRuns(parts.job.name));
  std::erase_if(unfinished, IsBackfill);
  if (unfinished.empty()) return arrow::Status::OK();
  const std::string& run = unfinished.front().run;
  const JobWords words = WordsOf(parts.job, unfinished.front());
  return UserError("run " + run +
                   " is unfinished and would move the watermark too: continue it by `"
                   "headrace run" +
                   words.AsArgument() + " --resume`, or give it up by `" +
                   words.AbandonCommand(run) + "`");
}

/// Describes the table, whose cursor must not be asked how far it can be read.
arrow::Result<PlannedTable> PlanAsCatalog(const RunParts& parts, const TableJob& table,
                                          const std::string& run, const std::stop_token& stop) {
  const std::array tables = {SnapshotTable{.table = table.table, .where = table.where}};
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<Snapshot> snapshot,
                        parts.source.OpenSnapshot(tables, stop));
  const RunIdentity identity{.run = run, .started_micros = 0, .epoch = 1};
  PlannedTable planned = PlanTable(table, {parts.source, *snapshot, &parts.destination}, identity,
                                   TableHistory(), stop);
  ARROW_RETURN_NOT_OK(planned.status);
  return planned;
}

/// A value as WatermarkText writes it.
arrow::Result<std::string> NormalForm(const PlannedTable& planned, const std::string& cursor,
                                      const std::string& watermark) {
  const Column* column = planned.plan.description.FindColumn(cursor);
  if (column == nullptr || !IsCursorType(*column->type)) {
    return UserError("cursor: \"" + cursor + "\" is no date, timestamp or integer column of " +
                     planned.plan.table.label());
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t value, ParseCursorValue(*column->type, watermark));
  return WatermarkText(*column->type, value);
}

bool HasNoCursor(const PatternJob& entry) { return !entry.each.load.is_transactional(); }

std::vector<MatchedTable> NoTables() { return {}; }

}  // namespace

std::vector<TableCursor> ListCursors(const Job& job, Source& source, Destination& destination,
                                     std::stop_token stop) {
  Job cursors_only = job;
  std::erase_if(cursors_only.patterns, HasNoCursor);
  const auto list = ListTablesNow(cursors_only, source, std::move(stop));
  const Job listed = WithTables(cursors_only, list.ok() ? list->matched : NoTables());
  std::vector<TableCursor> cursors;
  for (const TableJob& table : listed.tables) {
    if (!table.load.is_transactional()) continue;
    cursors.push_back(
        {.table = table.table.label(),
         .column = table.load.cursor,
         .record = destination.LastCursorCommit(table.table, job.name, table.load.cursor)});
  }
  if (list.ok()) return cursors;
  for (const PatternJob& entry : cursors_only.patterns) {
    cursors.push_back(
        {.table = entry.pattern.text(), .column = entry.each.load.cursor, .record = list.status()});
  }
  return cursors;
}

arrow::Result<CommitRecord> SetWatermark(const RunParts& parts, const std::string& table,
                                         const std::optional<std::string>& watermark,
                                         std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const TableList list, ListTablesNow(parts.job, parts.source, stop));
  const Job listed = WithTables(parts.job, list.matched);
  const auto tables = SelectTables(listed, {table});
  if (!tables.ok()) return NoSuchTable(table, listed);
  if (tables->size() > 1) {
    return UserError("\"" + table + "\" is several tables of the job: name one of them");
  }
  TableJob job = *tables->front();
  const std::string cursor = job.load.cursor;
  if (!job.load.is_transactional()) {
    return UserError("table " + job.table.label() +
                     " is not in 'mode: transactional': each run loads it as a whole, so that it "
                     "has no watermark; `headrace state` lists the tables that have one");
  }
  ARROW_RETURN_NOT_OK(CheckNothingUnfinished(parts));
  job.load.mode = LoadMode::kCatalog;
  job.partition = {};
  const std::string run = "state-" + MakeRunId();
  ARROW_ASSIGN_OR_RAISE(const PlannedTable planned, PlanAsCatalog(parts, job, run, stop));
  TableTarget target = TargetOf(parts.job, run, planned);
  target.cursor_column = cursor;
  // Whoever says where to begin knows what the job selects now.
  target.where_digest = WhereDigest(job);
  if (watermark) {
    ARROW_ASSIGN_OR_RAISE(target.watermark, NormalForm(planned, cursor, *watermark));
  }
  ARROW_RETURN_NOT_OK(parts.destination.SettleDecided(job.table).status());
  ARROW_ASSIGN_OR_RAISE(const auto last, parts.destination.LastCommit(job.table));
  ARROW_RETURN_NOT_OK(parts.destination.Prepare(target));
  ARROW_ASSIGN_OR_RAISE(
      const CommitIntent intent,
      parts.destination.Intend(target, {}, last.has_value() ? last->intent.sequence + 1 : 1));
  ARROW_ASSIGN_OR_RAISE(CommitRecord record, parts.destination.Commit(intent));
  ARROW_RETURN_NOT_OK(parts.destination.Discard(run, job.table.directory(), target.epoch));
  return record;
}

}  // namespace headrace
