#include "headrace/run/table_target.h"

#include "headrace/run/cursor_window.h"

namespace headrace {
namespace {

/// Share of a worker's memory that its writer may fill; the rest is the reader's batch and the
/// connection.
constexpr int64_t kWriterShareNumerator = 3;
constexpr int64_t kWriterShareDenominator = 4;

std::optional<LoadedWindow> WindowOf(const TablePlan& plan) {
  if (!plan.cursor || !plan.cursor->next) return std::nullopt;
  return LoadedWindow{
      .column = plan.cursor->column, .from = plan.cursor->last, .to = *plan.cursor->next};
}

}  // namespace

TableTarget TargetOf(const Job& job, const std::string& run, const PlannedTable& planned) {
  const TablePlan& plan = planned.plan;
  const bool moves = plan.cursor && !plan.cursor->is_backfill;
  return {.job = job.name,
          .run = run,
          .plan_id = plan.id,
          .table = plan.table,
          .epoch = plan.epoch,
          .mode = planned.job->write,
          .schema = OutputSchema(plan),
          .writer_memory = job.worker_memory * kWriterShareNumerator / kWriterShareDenominator,
          .cursor_column = moves ? std::optional(plan.cursor->column) : std::nullopt,
          .watermark = moves ? plan.cursor->next : std::nullopt,
          .cursor_timezone = plan.cursor && !plan.cursor->timezone.empty()
                                 ? std::optional(plan.cursor->timezone)
                                 : std::nullopt,
          .where_digest = moves ? std::optional(WhereDigest(*planned.job)) : std::nullopt,
          .window = WindowOf(plan),
          .options = planned.job->destination};
}

void CheckTargets(const Job& job, Destination& destination, JobPlan& plan) {
  for (PlannedTable& planned : plan.tables) {
    if (!planned.status.ok()) continue;
    const arrow::Status status = destination.CheckTarget(TargetOf(job, {}, planned));
    if (!status.ok()) planned = {.job = planned.job, .status = status, .plan = {}, .units = {}};
  }
}

}  // namespace headrace
