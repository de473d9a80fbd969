#include "headrace/source/postgres/unit_sample.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/civil_time.h"
#include "headrace/source/postgres/time_text.h"
#include "headrace/source/postgres/unit_query.h"
#include "headrace/source/postgres/value_sample.h"

namespace headrace {
namespace {

/// The second one is for a unit that has few of the pages: of the first it has fewer rows than
/// kEnoughRows.
constexpr std::array<SampleSize, 2> kSizesTried = {
    {{.pages = 250, .values = 1'000}, {.pages = 2'000, .values = 1'000}}};
constexpr double kEnoughRows = 2'000;

/// Of so few rows no cut is worth what is read again for it.
constexpr size_t kFewestValues = 10;

constexpr const char* kPageNumber =
    "((ctid::pg_catalog.text)::pg_catalog.point)[0]::pg_catalog.int8";

std::optional<int64_t> ParseInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The number of a DateRange that stands for a value of its column; nothing where there is none, as
/// for infinity.
std::optional<int64_t> MicrosOfValue(std::string_view text, TimeEncoding encoding) {
  const int64_t unit = MicrosPerNumber(encoding);
  if (unit == 0) {
    const std::optional<int64_t> micros = MicrosOfTimeText(text);
    return micros == kFarPast || micros == kFarFuture ? std::nullopt : micros;
  }
  const std::optional<int64_t> number = ParseInteger(text);
  int64_t micros = 0;
  if (!number || __builtin_mul_overflow(*number, unit, &micros)) return std::nullopt;
  return micros;
}

template <typename Parse>
std::vector<ValueBound> NumbersOf(const std::vector<KeyBound>& values, Parse parse) {
  std::vector<ValueBound> numbers;
  for (const KeyBound& value : values) {
    const std::optional<int64_t> number = parse(value.value);
    if (number) numbers.push_back({*number, value.share_below});
  }
  return numbers;
}

RowsToSample RowsOf(const TablePlan& plan, const WorkUnit& unit) {
  RowsToSample rows{.from = TargetOf(plan, unit).from,
                    .condition = ConditionOf(plan, unit),
                    .pages = 0,
                    .one_relation = !HasSeveralParts(plan, unit)};
  const auto* range = std::get_if<PageRange>(&unit.split);
  for (const Relation& leaf : plan.description.leaves) {
    const bool is_read =
        range == nullptr || (leaf.schema == range->schema && leaf.name == range->relation);
    if (is_read) rows.pages += static_cast<double>(leaf.pages);
  }
  return rows;
}

/// Keys that lie between the ends of the range in the server's order, and nowhere else; none where
/// it is not sure of that.
arrow::Result<std::vector<KeyBound>> KeysWithin(EstimateQueries& queries, const RowsToSample& rows,
                                                const KeyRange& range, std::vector<KeyBound> keys) {
  std::erase_if(keys, [](const KeyBound& key) { return key.share_below <= 0; });
  std::vector<std::string> ascending;
  if (range.lower) ascending.push_back(*range.lower);
  for (const KeyBound& key : keys) ascending.push_back(key.value);
  if (range.upper) ascending.push_back(*range.upper);
  ARROW_ASSIGN_OR_RAISE(const bool ascend,
                        Ascend(queries, rows.from, PgQuoteIdentifier(range.column), ascending));
  if (!ascend) keys.clear();
  return keys;
}

/// The first sample that has enough rows, else the last one that the server gave.
arrow::Result<std::optional<ValueSample>> SampleEnough(EstimateQueries& queries,
                                                       const RowsToSample& rows,
                                                       const std::string& expression) {
  std::optional<ValueSample> best;
  for (const SampleSize& size : kSizesTried) {
    ARROW_ASSIGN_OR_RAISE(auto sample, SampleValues(queries, rows, expression, size));
    if (!sample) break;
    best = std::move(sample);
    if (best->sampled >= kEnoughRows || rows.pages <= size.pages) break;
  }
  return best;
}

/// Without an index each part of a range would read the whole table.
bool IsFoundByIndex(const TablePlan& plan, const std::string& column) {
  const auto statistics = plan.statistics.columns.find(column);
  return statistics != plan.statistics.columns.end() && statistics->second.indexed;
}

/// What the unit is cut by, as SQL; empty: by nothing that a sample could tell of.
struct ExpressionOf {
  const TablePlan& plan;

  std::string operator()(const IdRange& range) const { return OfColumn(range.column); }
  std::string operator()(const DateRange& range) const { return OfColumn(range.column); }
  std::string operator()(const KeyRange& range) const { return OfColumn(range.column); }
  std::string operator()(const PageRange& /*range*/) const { return kPageNumber; }
  std::string operator()(const WholeTable& /*whole*/) const { return {}; }
  std::string operator()(const HashPart& /*part*/) const { return {}; }
  std::string operator()(const NullRows& /*rows*/) const { return {}; }

  std::string OfColumn(const std::string& column) const {
    return IsFoundByIndex(plan, column) ? PgQuoteIdentifier(column) : std::string();
  }
};

}  // namespace

arrow::Result<UnitSample> SampleUnitRows(EstimateQueries& queries, const TablePlan& plan,
                                         const WorkUnit& unit) {
  UnitSample sample;
  const std::string expression = std::visit(ExpressionOf{plan}, unit.split);
  if (expression.empty()) return sample;
  const RowsToSample rows = RowsOf(plan, unit);
  ARROW_ASSIGN_OR_RAISE(auto values, SampleEnough(queries, rows, expression));
  if (!values || values->values.size() < kFewestValues) return sample;
  sample.rows = values->rows;
  if (const auto* range = std::get_if<KeyRange>(&unit.split)) {
    ARROW_ASSIGN_OR_RAISE(sample.keys,
                          KeysWithin(queries, rows, *range, std::move(values->values)));
  } else if (const auto* dates = std::get_if<DateRange>(&unit.split)) {
    sample.values = NumbersOf(values->values, [&](std::string_view text) {
      return MicrosOfValue(text, dates->encoding);
    });
  } else {
    sample.values = NumbersOf(values->values, ParseInteger);
  }
  return sample;
}

}  // namespace headrace
