#include <arrow/type.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>

#include "headrace/model/ascii.h"
#include "headrace/model/civil_time.h"
#include "headrace/plan/divide.h"
#include "headrace/plan/planner.h"

// Every row is in exactly one unit, whatever the statistics say: each strategy on generated tables.
namespace headrace {
namespace {

/// What splits look at of one row.
struct SplitRow {
  size_t leaf = 0;
  uint32_t page = 0;
  std::optional<int64_t> value;
  int infinity = 0;  ///< −1, 1: of a time, which has then no other value.
  std::optional<std::string> key;
};

/// The order of a collation that takes letters of either case for the same.
bool ComesBefore(const std::string& left, const std::string& right) {
  return std::ranges::lexicographical_compare(left, right, {}, LowerAscii, LowerAscii);
}

struct MatchSplit {
  const SplitRow& row;
  const Description& description;

  bool operator()(const WholeTable&) const { return true; }
  bool operator()(const NullRows&) const {
    return !row.value.has_value() && row.infinity == 0 && !row.key.has_value();
  }
  bool operator()(const IdRange& range) const {
    return row.value.has_value() && (!range.lower || *row.value >= *range.lower) &&
           (!range.upper || *row.value < *range.upper);
  }
  bool operator()(const DateRange& range) const {
    if (row.infinity < 0) return !range.lower;
    if (row.infinity > 0) return !range.upper;
    const auto number = [&](int64_t micros) {
      return MicrosPerNumber(range.encoding) == 0 ? micros
                                                  : FirstNumberFrom(micros, range.encoding);
    };
    return row.value.has_value() && (!range.lower || *row.value >= number(*range.lower)) &&
           (!range.upper || *row.value < number(*range.upper));
  }
  bool operator()(const KeyRange& range) const {
    return row.key.has_value() && (!range.lower || !ComesBefore(*row.key, *range.lower)) &&
           (!range.upper || ComesBefore(*row.key, *range.upper));
  }
  bool operator()(const HashPart& part) const {
    return row.key.has_value() &&
           std::hash<std::string>()(*row.key) % static_cast<size_t>(part.parts) ==
               static_cast<size_t>(part.part);
  }
  bool operator()(const PageRange& range) const {
    const Relation& leaf = description.leaves[row.leaf];
    return range.schema == leaf.schema && range.relation == leaf.name && row.page >= range.first &&
           (!range.last || row.page < *range.last);
  }
};

size_t UnitsWith(const SplitRow& row, const Description& description,
                 const std::vector<WorkUnit>& units) {
  return static_cast<size_t>(std::ranges::count_if(units, [&](const WorkUnit& unit) {
    return std::visit(MatchSplit{row, description}, unit.split);
  }));
}

Capabilities BothStrategies() {
  return {.strategies = {Strategy::kPages, Strategy::kIdRange, Strategy::kNone},
          .snapshot = SnapshotKind::kNone};
}

/// Small and clustered, any, and extreme values.
rc::Gen<int64_t> AnyValue() {
  return rc::gen::oneOf(
      rc::gen::inRange<int64_t>(-20, 20), rc::gen::inRange<int64_t>(-100'000, 100'000),
      rc::gen::arbitrary<int64_t>(),
      rc::gen::element(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::min() + 1,
                       std::numeric_limits<int64_t>::max() - 1,
                       std::numeric_limits<int64_t>::max()));
}

/// About the values, about others (stale), or nothing.
ColumnStatistics AnyStatistics(std::vector<int64_t> values) {
  if (*rc::gen::inRange(0, 3) == 0) values = *rc::gen::container<std::vector<int64_t>>(AnyValue());
  std::ranges::sort(values);
  ColumnStatistics statistics;
  statistics.null_fraction = *rc::gen::element(0.0, 0.3, 1.0);
  if (!values.empty() && *rc::gen::arbitrary<bool>()) {
    statistics.minimum = values.front();
    statistics.maximum = values.back();
  }
  if (*rc::gen::arbitrary<bool>()) statistics.histogram = std::move(values);
  return statistics;
}

PlanKnobs AnyKnobs() {
  PlanKnobs knobs;
  knobs.target_rows = *rc::gen::weightedElement<int64_t>({{4, 1}, {4, 3}, {2, 10}, {1, 50'000}});
  knobs.target_bytes = *rc::gen::element<int64_t>(1, 1000, 16LL << 20);
  return knobs;
}

int64_t AnyRowEstimate(size_t rows) {
  const auto exact = static_cast<int64_t>(rows);
  return *rc::gen::weightedElement<int64_t>({{1, -1}, {1, 0}, {4, exact}, {4, 10 * exact + 7}});
}

struct IdTable {
  Description description;
  Statistics statistics;
  std::vector<SplitRow> rows;
};

IdTable AnyIdTable() {
  IdTable table;
  const bool nullable = *rc::gen::arbitrary<bool>();
  const auto values = *rc::gen::container<std::vector<int64_t>>(AnyValue());
  for (const int64_t value : values) {
    table.rows.push_back({0, 0, value});
    if (nullable && *rc::gen::inRange(0, 4) == 0) table.rows.push_back({0, 0, std::nullopt});
  }
  table.description.columns = {
      {.name = "id", .source_type = "bigint", .type = arrow::int64(), .nullable = nullable}};
  table.description.keys = {{"k", {"id"}, false}};
  table.statistics.rows = AnyRowEstimate(table.rows.size());
  table.statistics.bytes = *rc::gen::element<int64_t>(-1, 0, 5000);
  table.statistics.row_width = *rc::gen::element(0.0, 8.0, 100'000.0);
  table.statistics.columns["id"] = AnyStatistics(values);
  return table;
}

RC_GTEST_PROP(PartitionProperty, IdRangesHoldEveryRowOnce, ()) {
  const IdTable table = AnyIdTable();
  const auto plan =
      PlanUnits(table.description, table.statistics, BothStrategies(), AnyKnobs(), "p");
  RC_ASSERT(plan.ok());
  RC_CLASSIFY(plan->units.size() > 1);
  for (const SplitRow& row : table.rows) {
    RC_ASSERT(UnitsWith(row, table.description, plan->units) == size_t{1});
  }
}

RC_GTEST_PROP(PartitionProperty, BoundsAscend, ()) {
  const IdTable table = AnyIdTable();
  const auto plan =
      PlanUnits(table.description, table.statistics, BothStrategies(), AnyKnobs(), "p");
  RC_ASSERT(plan.ok());
  std::optional<int64_t> previous;
  for (const WorkUnit& unit : plan->units) {
    const auto* range = std::get_if<IdRange>(&unit.split);
    if (range == nullptr) continue;
    RC_ASSERT((range->lower == previous));
    RC_ASSERT((!range->lower || !range->upper || *range->lower < *range->upper));
    previous = range->upper;
  }
  RC_ASSERT(!previous.has_value());  // The last range is open.
}

RC_GTEST_PROP(PartitionProperty, ExactStatisticsOfDistinctValuesBoundUnits, ()) {
  auto values = *rc::gen::unique<std::vector<int64_t>>(AnyValue());
  std::ranges::sort(values);
  IdTable table;
  table.description.columns = {
      {.name = "id", .source_type = "bigint", .type = arrow::int64(), .nullable = false}};
  table.description.keys = {{"k", {"id"}, true}};
  table.statistics.rows = static_cast<int64_t>(values.size());
  table.statistics.columns["id"].histogram = values;
  PlanKnobs knobs;
  knobs.target_rows = *rc::gen::inRange<int64_t>(1, 10);
  const auto plan = PlanUnits(table.description, table.statistics, BothStrategies(), knobs, "p");
  RC_ASSERT(plan.ok());
  for (const WorkUnit& unit : plan->units) {
    const auto rows = std::ranges::count_if(values, [&](int64_t value) {
      return std::visit(MatchSplit{{0, 0, value}, table.description}, unit.split);
    });
    RC_ASSERT(rows <= knobs.target_rows + 2);  // Interpolation and rounding at either end.
  }
}

/// Clustered around some moments, whole days, any time, and extremes.
rc::Gen<int64_t> AnyTime() {
  constexpr int64_t kDay = 86'400'000'000;
  return rc::gen::oneOf(rc::gen::map(rc::gen::inRange<int64_t>(0, 400),
                                     [](int64_t day) { return (19'700 + day) * kDay; }),
                        rc::gen::map(rc::gen::inRange<int64_t>(0, 3 * kDay),
                                     [](int64_t time) { return 19'800 * kDay + time; }),
                        rc::gen::inRange<int64_t>(-800'000 * kDay, 3'000'000 * kDay),
                        rc::gen::element<int64_t>(0, 19'800 * kDay, 19'800 * kDay - 1, -1),
                        AnyValue());
}

IdTable AnyTimeTable() {
  IdTable table;
  const bool nullable = *rc::gen::arbitrary<bool>();
  const bool is_date = *rc::gen::arbitrary<bool>();
  auto values = *rc::gen::container<std::vector<int64_t>>(AnyTime());
  if (is_date) {
    for (int64_t& value : values) value -= value % 86'400'000'000;
  }
  for (const int64_t value : values) {
    table.rows.push_back({0, 0, value});
    const int other = *rc::gen::inRange(0, 12);
    if (nullable && other == 0) table.rows.push_back({0, 0, std::nullopt});
    if (other == 1) table.rows.push_back({0, 0, std::nullopt, -1});
    if (other == 2) table.rows.push_back({0, 0, std::nullopt, 1});
  }
  table.description.columns = {
      {.name = "at",
       .source_type = "timestamp",
       .type = is_date ? arrow::date32() : arrow::timestamp(arrow::TimeUnit::MICRO),
       .nullable = nullable}};
  table.statistics.rows = AnyRowEstimate(table.rows.size());
  table.statistics.bytes = *rc::gen::element<int64_t>(-1, 0, 5000);
  table.statistics.row_width = *rc::gen::element(0.0, 8.0, 100'000.0);
  std::vector<CommonValue> common;
  for (const int64_t value : values) {
    if (*rc::gen::inRange(0, 10) == 0) common.push_back({value, *rc::gen::element(0.0, 0.1, 0.9)});
  }
  ColumnStatistics statistics = AnyStatistics(std::move(values));
  statistics.common = std::move(common);
  statistics.share_before = *rc::gen::element(0.0, 0.0, 0.4, 1.0);
  statistics.share_after = *rc::gen::element(0.0, 0.0, 0.4, 1.0);
  table.statistics.columns["at"] = std::move(statistics);
  return table;
}

Partitioning PlanTimes(const IdTable& table) {
  PlanKnobs knobs = AnyKnobs();
  knobs.strategy = Strategy::kDateRange;
  knobs.column = "at";
  return PlanUnits(table.description, table.statistics, {.strategies = {Strategy::kDateRange}},
                   knobs, "p")
      .ValueOrDie();
}

RC_GTEST_PROP(PartitionProperty, DateRangesHoldEveryRowOnce, ()) {
  const IdTable table = AnyTimeTable();
  const Partitioning plan = PlanTimes(table);
  RC_CLASSIFY(plan.units.size() > 1);
  for (const SplitRow& row : table.rows) {
    RC_ASSERT(UnitsWith(row, table.description, plan.units) == size_t{1});
  }
}

/// Numbers that count seconds, milliseconds or microseconds, or no time at all.
IdTable AnyEpochTable() {
  IdTable table = AnyTimeTable();
  const auto unit = *rc::gen::element<int64_t>(1'000'000, 1'000, 1);
  for (SplitRow& row : table.rows) {
    if (row.infinity != 0) row.infinity = 0;  // A NULL, which numbers have in its place.
    if (row.value) row.value = *row.value / unit;
  }
  table.description.columns[0].type = arrow::int64();
  table.description.columns[0].nullable = true;
  std::vector<int64_t> values;
  for (const SplitRow& row : table.rows) {
    if (row.value) values.push_back(*row.value);
  }
  table.statistics.columns["at"] = AnyStatistics(std::move(values));
  return table;
}

RC_GTEST_PROP(PartitionProperty, RangesOfEpochsHoldEveryRowOnce, ()) {
  const IdTable table = AnyEpochTable();
  const Partitioning plan = PlanTimes(table);
  RC_CLASSIFY(plan.units.size() > 1);
  for (const SplitRow& row : table.rows) {
    RC_ASSERT(UnitsWith(row, table.description, plan.units) == size_t{1});
  }
}

RC_GTEST_PROP(PartitionProperty, DateBoundsAscendAndBeginSteps, ()) {
  constexpr int64_t kQuarterHour = 900'000'000;
  const IdTable table = AnyTimeTable();
  const bool is_date = table.description.columns[0].type->id() == arrow::Type::DATE32;
  const Partitioning plan = PlanTimes(table);
  std::optional<int64_t> previous;
  for (const WorkUnit& unit : plan.units) {
    const auto* range = std::get_if<DateRange>(&unit.split);
    if (range == nullptr) continue;
    RC_ASSERT((range->lower == previous));
    RC_ASSERT((!range->lower || !range->upper || *range->lower < *range->upper));
    RC_ASSERT((range->upper.value_or(0) % (is_date ? 96 * kQuarterHour : kQuarterHour) == 0));
    RC_ASSERT(unit.estimated_rows >= 0);
    previous = range->upper;
  }
  RC_ASSERT(!previous.has_value());  // The last range is open.
}

/// Short texts of few letters of either case, many of them equal in the collation.
rc::Gen<std::string> AnyKey() {
  return rc::gen::container<std::string>(rc::gen::element('a', 'A', 'b', 'B', '~'));
}

/// About the keys, or about others, and never out of order: the source sorts them.
ColumnStatistics AnyKeyStatistics(std::vector<std::string> keys) {
  if (*rc::gen::inRange(0, 3) == 0) keys = *rc::gen::container<std::vector<std::string>>(AnyKey());
  std::ranges::sort(keys, ComesBefore);
  const auto is_same = [](const std::string& left, const std::string& right) {
    return !ComesBefore(left, right);
  };
  const auto doubled = std::ranges::unique(keys, is_same);
  keys.erase(doubled.begin(), doubled.end());
  ColumnStatistics statistics;
  statistics.null_fraction = *rc::gen::element(0.0, 0.3, 1.0);
  double share = 0;
  for (std::string& key : keys) {
    statistics.keys.push_back({std::move(key), std::min(share, 1.0)});
    share += *rc::gen::element(0.0, 0.01, 0.3, 1.0) / static_cast<double>(keys.size());
  }
  return statistics;
}

IdTable AnyKeyTable() {
  IdTable table;
  const auto keys = *rc::gen::container<std::vector<std::string>>(AnyKey());
  for (const std::string& key : keys) {
    table.rows.push_back({0, 0, std::nullopt, 0, key});
    if (*rc::gen::inRange(0, 4) == 0) table.rows.push_back({});
  }
  table.description.columns = {{.name = "code", .source_type = "text", .type = arrow::utf8()}};
  table.statistics.rows = AnyRowEstimate(table.rows.size());
  table.statistics.row_width = *rc::gen::element(0.0, 8.0, 100'000.0);
  table.statistics.columns["code"] = AnyKeyStatistics(keys);
  return table;
}

Partitioning PlanKeys(const IdTable& table, Strategy strategy) {
  PlanKnobs knobs = AnyKnobs();
  knobs.strategy = strategy;
  knobs.column = "code";
  return PlanUnits(table.description, table.statistics,
                   {.strategies = {Strategy::kKeyRange, Strategy::kHash}}, knobs, "p")
      .ValueOrDie();
}

RC_GTEST_PROP(PartitionProperty, KeyRangesHoldEveryRowOnce, ()) {
  const IdTable table = AnyKeyTable();
  const Partitioning plan = PlanKeys(table, Strategy::kKeyRange);
  RC_CLASSIFY(plan.units.size() > 1);
  for (const SplitRow& row : table.rows) {
    RC_ASSERT(UnitsWith(row, table.description, plan.units) == size_t{1});
  }
}

RC_GTEST_PROP(PartitionProperty, HashPartsHoldEveryRowOnce, ()) {
  const IdTable table = AnyKeyTable();
  const Partitioning plan = PlanKeys(table, Strategy::kHash);
  RC_CLASSIFY(plan.units.size() > 1);
  for (const SplitRow& row : table.rows) {
    RC_ASSERT(UnitsWith(row, table.description, plan.units) == size_t{1});
  }
}

IdTable AnyPagedTable() {
  IdTable table;
  table.description.kind = RelationKind::kPartitioned;
  const auto leaves = *rc::gen::inRange<size_t>(1, 5);
  for (size_t l = 0; l < leaves; ++l) {
    const auto pages = *rc::gen::element<int64_t>(0, 1, 2, 7, 100, 1000, (int64_t{1} << 32) - 2);
    const auto estimate = *rc::gen::element(-1.0, 0.0, 1.0, 20.0, 100'000.0);
    table.description.leaves.push_back({.schema = "s",
                                        .name = "leaf" + std::to_string(l),
                                        .oid = l,
                                        .pageable = true,
                                        .pages = pages,
                                        .rows = estimate});
    const auto rows = *rc::gen::inRange(0, 20);
    for (int r = 0; r < rows; ++r) {
      const auto grown = std::min<int64_t>(pages + 10, std::numeric_limits<uint32_t>::max());
      const auto page =
          *rc::gen::oneOf(rc::gen::inRange<int64_t>(0, grown), rc::gen::just(grown - 1));
      table.rows.push_back({l, static_cast<uint32_t>(page), std::nullopt});
    }
  }
  table.statistics.rows = AnyRowEstimate(table.rows.size());
  table.statistics.row_width = *rc::gen::element(0.0, 8.0, 100'000.0);
  if (*rc::gen::arbitrary<bool>()) {
    for (size_t l = 0; l < leaves; ++l) {
      table.statistics.leaf_rows.push_back(*rc::gen::element(0.0, 1.0, 20.0, 100'000.0, 1e15));
    }
  }
  return table;
}

RC_GTEST_PROP(PartitionProperty, PageRangesHoldEveryRowOnce, ()) {
  const IdTable table = AnyPagedTable();
  PlanKnobs const knobs = AnyKnobs();
  const auto plan = PlanUnits(table.description, table.statistics, BothStrategies(), knobs, "p");
  RC_ASSERT(plan.ok());
  RC_ASSERT(plan->strategy == Strategy::kPages);
  for (const SplitRow& row : table.rows) {
    RC_ASSERT(UnitsWith(row, table.description, plan->units) == size_t{1});
  }
}

/// What a source saw of a unit: values of it, or any others, in any order, with any shares.
UnitSample AnySample() {
  UnitSample sample;
  sample.rows = *rc::gen::element(0.0, 7.0, 1e6, 1e300);
  for (const int64_t value : *rc::gen::container<std::vector<int64_t>>(
           rc::gen::oneOf(AnyValue(), rc::gen::inRange<int64_t>(0, 100)))) {
    sample.values.push_back({value, *rc::gen::element(-1.0, 0.0, 0.1, 0.5, 0.9, 1.0)});
  }
  return sample;
}

std::optional<int64_t> AnyBound() {
  return *rc::gen::element<std::optional<int64_t>>(std::nullopt, -5, 0, 7, 50);
}

/// Open ends, and such that lie the wrong way round: nothing is in those.
Split AnyNumberSplit() {
  const std::optional<int64_t> lower = AnyBound();
  const std::optional<int64_t> upper = AnyBound();
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      return IdRange{"v", lower, upper};
    case 1:
      return DateRange{"v", lower, upper, TimeEncoding::kNative};
    default:
      return PageRange{
          "public", "t", static_cast<uint32_t>(std::abs(lower.value_or(0))),
          upper ? std::optional(static_cast<uint32_t>(std::abs(*upper))) : std::nullopt};
  }
}

size_t PartsWith(const SplitRow& row, const std::vector<WorkUnit>& units) {
  Description description;
  description.leaves = {{.schema = "public", .name = "t"}};
  return UnitsWith(row, description, units);
}

RC_GTEST_PROP(PartitionProperty, PartsHoldEveryRowOfTheirUnitOnce, ()) {
  const WorkUnit unit{.plan_id = "p", .id = "7", .split = AnyNumberSplit(), .estimated_rows = 10};
  const auto parts = DivideUnit(unit, AnySample(), *rc::gen::element(0.0, 1.0, 50.0));
  RC_CLASSIFY(parts.size() > 1);
  RC_ASSERT(parts.size() != 1);
  if (parts.empty()) return;
  for (const int64_t value :
       *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(-10, 110))) {
    SplitRow row{.leaf = 0, .page = static_cast<uint32_t>(std::abs(value)), .value = value};
    if (*rc::gen::inRange(0, 10) == 0) row = {.infinity = *rc::gen::element(-1, 1)};
    RC_ASSERT(PartsWith(row, parts) == PartsWith(row, {unit}));
  }
}

RC_GTEST_PROP(PartitionProperty, PartsOfAKeyRangeHoldEveryRowOfItOnce, ()) {
  auto keys = *rc::gen::unique<std::vector<std::string>>(
      rc::gen::container<std::string>(rc::gen::inRange('a', 'z')));
  std::ranges::sort(keys);
  std::erase_if(keys, [](const std::string& key) { return key.empty() || key >= "y"; });
  UnitSample sample{.rows = 1000, .values = {}, .keys = {}};
  for (const std::string& key : keys) {
    const auto before = static_cast<double>(sample.keys.size());
    sample.keys.push_back({key, before / static_cast<double>(keys.size())});
  }
  const WorkUnit unit{.plan_id = "p", .id = "7", .split = KeyRange{"k", {}, "y"}};
  const auto parts = DivideUnit(unit, sample, 100);
  RC_ASSERT(parts.size() <= size_t{10});
  if (parts.empty()) return;
  for (const std::string& key : *rc::gen::container<std::vector<std::string>>(
           rc::gen::container<std::string>(rc::gen::inRange('a', 'z')))) {
    const SplitRow row{.key = key};
    RC_ASSERT(PartsWith(row, parts) == PartsWith(row, {unit}));
  }
}

}  // namespace
}  // namespace headrace
