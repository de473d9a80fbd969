// Workload plan_100k: a table of 5 billion rows planned into 100,000 units, by pages and by id
// ranges, without a source. Prints a line for each with its wall time and the process's peak memory
// so far; fails if a plan has not 100,000 units.

#include <arrow/type.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "headrace/plan/planner.h"

namespace headrace {
namespace {

constexpr int64_t kRows = 5'000'000'000;
constexpr int64_t kPages = 100'000'000;
constexpr size_t kUnits = 100'000;

Description LargeTable() {
  Description description;
  description.table = {.schema = "public", .name = "events", .query = {}, .alias = {}};
  description.columns.push_back(
      {.name = "id", .source_type = "bigint", .type = arrow::int64(), .nullable = false});
  description.keys.push_back({.name = "events_pkey", .columns = {"id"}, .primary = true});
  description.leaves.push_back({.schema = "public",
                                .name = "events",
                                .oid = 1,
                                .pageable = true,
                                .pages = kPages,
                                .rows = static_cast<double>(kRows)});
  return description;
}

/// A histogram of 100 buckets, as PostgreSQL keeps by default, over ids with gaps.
Statistics LargeStatistics() {
  Statistics statistics;
  statistics.rows = kRows;
  statistics.row_width = 120;
  ColumnStatistics& id = statistics.columns["id"];
  for (int64_t bucket = 0; bucket <= 100; ++bucket) {
    id.histogram.push_back(bucket * bucket * bucket * 1'000'000);
  }
  id.indexed = true;
  return statistics;
}

double PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

bool PlanBy(Strategy strategy) {
  const auto start = std::chrono::steady_clock::now();
  const auto plan = PlanUnits(LargeTable(), LargeStatistics(), {.strategies = {strategy}}, {},
                              "bench/public.events/0");
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  if (!plan.ok()) {
    std::fprintf(stderr, "plan_100k: %s\n", plan.status().ToString().c_str());
    return false;
  }
  const std::string name(StrategyName(strategy));
  std::printf("%s: %zu units in %.3f s, peak %.0f MB\n", name.c_str(), plan->units.size(),
              wall.count(), PeakMegabytes());
  return plan->units.size() == kUnits;
}

}  // namespace
}  // namespace headrace

int main() {
  const bool pages = headrace::PlanBy(headrace::Strategy::kPages);
  const bool ids = headrace::PlanBy(headrace::Strategy::kIdRange);
  return pages && ids ? 0 : 1;
}
