#include "headrace/run/announce.h"

#include <algorithm>
#include <set>
#include <utility>

#include "headrace/model/split_text.h"

namespace headrace {
namespace {

constexpr size_t kSampleUnits = 3;

/// What the first, the middle and the last unit take.
Texts SampleUnits(const PlannedTable& table) {
  Texts samples;
  const std::set<size_t> chosen = {0, table.units.size() / 2, table.units.size() - 1};
  for (const size_t index : chosen) {
    if (samples.size() < kSampleUnits && index < table.units.size()) {
      const WorkUnit& unit = table.units[index];
      samples.push_back("unit " + unit.id + ": " + SplitText(unit.split));
    }
  }
  return samples;
}

std::string WriteModes(const JobPlan& plan) {
  std::set<std::string> modes;
  for (const PlannedTable& table : plan.tables) modes.emplace(WriteModeName(table.job->write));
  std::string text;
  for (const std::string& mode : modes) text.append(text.empty() ? "" : ", ").append(mode);
  return text;
}

}  // namespace

void AnnounceTable(const PlannedTable& table, const std::string& run, Observer& observer) {
  const std::string label = table.job->table.label();
  const auto units = static_cast<int64_t>(table.units.size());
  const int64_t rows = table.plan.statistics.rows;
  observer.Emit(Level::kInfo, "table_planned", "table " + label + ": " + table.plan.why,
                {{"run", run},
                 {"table", label},
                 {"strategy", std::string(StrategyName(table.plan.strategy))},
                 {"estimated_rows", rows},
                 {"units", units},
                 {"rows_per_unit", rows < 0 ? int64_t{-1} : rows / std::max<int64_t>(1, units)},
                 {"sample_units", SampleUnits(table)}});
  const std::string prefix = "table " + label + ": ";
  for (const std::string& warning : table.plan.warnings) {
    observer.Emit(Level::kWarning, "plan_warning", std::string(prefix).append(warning),
                  {{"run", run}, {"table", label}});
  }
}

void AnnounceRun(const JobPlan& plan, const RunBanner& banner, Observer& observer) {
  observer.Emit(Level::kInfo, "run_started", "run " + banner.run + " of job " + plan.job,
                {{"run", banner.run},
                 {"source", plan.source},
                 {"destination", plan.destination},
                 {"snapshot", plan.snapshot_about},
                 {"tables", static_cast<int64_t>(plan.tables.size())},
                 {"units", banner.units},
                 {"write", WriteModes(plan)},
                 {"workers", int64_t{banner.workers}},
                 {"max_workers", int64_t{banner.max_workers}}});
  for (const std::string& warning : plan.warnings) {
    observer.Emit(Level::kWarning, "plan_warning", warning, {{"run", banner.run}});
  }
}

}  // namespace headrace
