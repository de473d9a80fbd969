#include "headrace/plan/planner.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

#include "headrace/model/civil_time.h"
#include "headrace/plan/size.h"
#include "headrace/plan/strategy.h"

namespace headrace {
namespace {

constexpr std::array<StrategyRule, 5> kStrategyRules = {{
    {Strategy::kPages, PagesMisfit, CutPages},
    {Strategy::kIdRange, IdRangeMisfit, CutIdRange, IdRangeColumns},
    {Strategy::kDateRange, DateRangeMisfit, CutDateRange, DateRangeColumns},
    {Strategy::kKeyRange, KeyRangeMisfit, CutKeyRange, KeyRangeColumns},
    {Strategy::kHash, HashMisfit, CutHash},
}};

const StrategyRule* FindRule(Strategy strategy) {
  const auto found = std::ranges::find(kStrategyRules, strategy, &StrategyRule::strategy);
  return found == kStrategyRules.end() ? nullptr : &*found;
}

/// A cut and the strategy that made it.
struct ChosenCut {
  Strategy strategy = Strategy::kNone;
  Cut cut;
};

bool Offers(const Capabilities& capabilities, Strategy strategy) {
  return std::ranges::find(capabilities.strategies, strategy) != capabilities.strategies.end();
}

/// Why `strategy` cannot cut the table, or nothing.
std::optional<std::string> Misfit(Strategy strategy, const PlanInput& input,
                                  const Capabilities& capabilities) {
  const StrategyRule* rule = FindRule(strategy);
  if (rule == nullptr || !Offers(capabilities, strategy)) {
    return "this source cannot be read that way";
  }
  if (!input.description.indivisible.empty()) return input.description.indivisible;
  return rule->misfit(input);
}

/// Units that each read everything are more work than one, which only the job can want: a server
/// that has cores to spare takes it well, and one that serves others does not.
bool IsForTheJobToChoose(Strategy strategy) { return strategy == Strategy::kHash; }

/// Why a strategy is not chosen; nothing: it is.
std::optional<std::string> WhyNot(const StrategyRule& rule, const PlanInput& input) {
  auto misfit = rule.misfit(input);
  if (misfit || !IsForTheJobToChoose(rule.strategy)) return misfit;
  return "each unit would read everything, so that the job has to want it "
         "(partition.strategy: " +
         std::string(StrategyName(rule.strategy)) + ")";
}

/// What keeps pages, the cheapest way, from those who could change it (a right, a policy, a
/// `where`); empty: nothing that is known.
std::string WhyNotByPages(const PlanInput& input, const Capabilities& capabilities) {
  const Description& description = input.description;
  const bool is_known = !description.unpageable.empty() ||
                        std::ranges::any_of(description.leaves, [](const Relation& leaf) {
                          return !leaf.why_not_pageable.empty();
                        });
  if (!is_known || !Offers(capabilities, Strategy::kPages)) return {};
  const auto misfit = FindRule(Strategy::kPages)->misfit(input);
  return misfit ? "; not by pages: " + *misfit : std::string();
}

/// The first strategy of the source's order that fits, else one unit.
ChosenCut CutAutomatically(const PlanInput& input, const Capabilities& capabilities) {
  if (!input.description.indivisible.empty()) {
    return {Strategy::kNone, WholeTableCut(input, input.description.indivisible)};
  }
  std::string reasons;
  for (const Strategy strategy : capabilities.strategies) {
    const StrategyRule* rule = FindRule(strategy);
    if (rule == nullptr) continue;
    const auto why_not = WhyNot(*rule, input);
    if (!why_not) {
      ChosenCut chosen{strategy, rule->cut(input)};
      if (strategy != Strategy::kPages) chosen.cut.why += WhyNotByPages(input, capabilities);
      return chosen;
    }
    reasons +=
        (reasons.empty() ? "" : "; ") + std::string(StrategyName(strategy)) + ": " + *why_not;
  }
  const auto kind = UnsplittableKind(input.description.kind);
  if (kind) return {Strategy::kNone, WholeTableCut(input, *kind + " cannot be split")};
  return {Strategy::kNone,
          WholeTableCut(input, reasons.empty() ? "this source has no way to split it" : reasons)};
}

arrow::Status CheckColumn(const Description& description, const std::string& column) {
  if (column.empty() || column == description.row_identity ||
      description.FindColumn(column) != nullptr) {
    return arrow::Status::OK();
  }
  std::string names;
  for (const Column& known : description.columns) names += (names.empty() ? "" : ", ") + known.name;
  return UserError("partition.column: table " + description.table.label() + " has no column \"" +
                   column + "\"; it has " + names);
}

/// What the job says about a wanted strategy that does not fit, as an error or a warning.
std::string DoesNotFit(const std::string& wanted, const Description& description,
                       const std::string& misfit) {
  return wanted + " does not fit table " + description.table.label() + ": " + misfit;
}

/// The strategy that the job names: it fits, or the table is one unit.
arrow::Result<ChosenCut> CutAsWanted(const PlanInput& input, const Capabilities& capabilities) {
  const Strategy wanted = input.knobs.strategy;
  const std::string name = "partition.strategy: " + std::string(StrategyName(wanted));
  if (wanted == Strategy::kNone) {
    return ChosenCut{wanted, WholeTableCut(input, "the job wants one unit")};
  }
  const auto misfit = Misfit(wanted, input, capabilities);
  if (misfit && input.knobs.strict) return UserError(DoesNotFit(name, input.description, *misfit));
  if (!misfit) {
    ChosenCut chosen{wanted, FindRule(wanted)->cut(input)};
    chosen.cut.why = "the job wants it; " + chosen.cut.why;
    return chosen;
  }
  ChosenCut chosen{Strategy::kNone, WholeTableCut(input, name + " does not fit: " + *misfit)};
  chosen.cut.warnings.push_back(DoesNotFit(name, input.description, *misfit) +
                                "; it is read as one unit");
  return chosen;
}

/// The strategy that cuts by the values of a column of this type.
Strategy StrategyOfColumn(const Description& description, const Capabilities& capabilities,
                          const std::string& name) {
  const Column* column = description.FindColumn(name);
  if (column == nullptr || arrow::is_integer(column->type->id())) return Strategy::kIdRange;
  const Strategy fitting = IsTimeType(*column->type) ? Strategy::kDateRange : Strategy::kKeyRange;
  return Offers(capabilities, fitting) ? fitting : Strategy::kIdRange;
}

/// The job names a column but leaves the strategy open: ranges of it if that fits, else as if no
/// column were named.
arrow::Result<ChosenCut> CutByColumn(const PlanInput& input, const Capabilities& capabilities) {
  const Strategy strategy = StrategyOfColumn(input.description, capabilities, input.knobs.column);
  const auto misfit = Misfit(strategy, input, capabilities);
  if (!misfit) return ChosenCut{strategy, FindRule(strategy)->cut(input)};
  const std::string text =
      DoesNotFit("partition.column: " + input.knobs.column, input.description, *misfit);
  if (input.knobs.strict) return UserError(text);
  PlanKnobs knobs = input.knobs;
  knobs.column.clear();
  ChosenCut chosen = CutAutomatically({input.description, input.statistics, knobs}, capabilities);
  chosen.cut.warnings.push_back(text + "; it is not cut by it");
  return chosen;
}

arrow::Result<ChosenCut> ChooseCut(const PlanInput& input, const Capabilities& capabilities) {
  if (input.knobs.strategy != Strategy::kAuto) return CutAsWanted(input, capabilities);
  if (!input.knobs.column.empty()) return CutByColumn(input, capabilities);
  return CutAutomatically(input, capabilities);
}

std::vector<WorkUnit> UnitsOf(std::vector<Share> shares, double row_width,
                              const std::string& plan_id) {
  std::vector<WorkUnit> units;
  units.reserve(shares.size());
  for (Share& share : shares) {
    WorkUnit& unit = units.emplace_back();
    unit.plan_id = plan_id;
    unit.id = std::to_string(units.size() - 1);
    unit.split = std::move(share.split);
    unit.estimated_rows = std::llround(share.rows);
    unit.estimated_bytes = std::llround(share.rows * row_width);
  }
  return units;
}

/// A column that the wanted strategy has no use for is said, not ignored.
void WarnOfUnusedColumn(const PlanKnobs& knobs, std::vector<std::string>& warnings) {
  if (knobs.column.empty() || !knobs.unwanted_nulls.empty() ||
      (knobs.strategy != Strategy::kPages && knobs.strategy != Strategy::kNone)) {
    return;
  }
  warnings.push_back("partition.column: " + knobs.column + " is not used by partition.strategy: " +
                     std::string(StrategyName(knobs.strategy)));
}

void WarnOfForeignRows(const Description& description, std::vector<std::string>& warnings) {
  const auto foreign = std::ranges::find(description.leaves, true, &Relation::foreign);
  if (foreign == description.leaves.end()) return;
  warnings.push_back("the rows of " + foreign->schema + "." + foreign->name +
                     " lie on another server, which the snapshot of the run does not cover");
}

/// Columns whose values `strategy` looks at.
std::vector<std::string> ColumnsOf(Strategy strategy, const PlanInput& input) {
  const StrategyRule* rule = FindRule(strategy);
  if (rule == nullptr || rule->columns == nullptr) return {};
  return rule->columns(input);
}

/// Columns that the table may be cut by where the job names none.
std::vector<std::string> AutomaticColumns(const PlanInput& input,
                                          const Capabilities& capabilities) {
  std::vector<std::string> names;
  for (const Strategy strategy : capabilities.strategies) {
    const StrategyRule* rule = FindRule(strategy);
    if (rule == nullptr || IsForTheJobToChoose(strategy)) continue;
    if (rule->columns == nullptr && !rule->misfit(input)) break;  // It needs to know no values.
    std::ranges::move(ColumnsOf(strategy, input), std::back_inserter(names));
  }
  return names;
}

/// The column of the job, and those that CutByColumn falls back on where it does not fit.
std::vector<std::string> ColumnAndOthers(const PlanInput& input, const Capabilities& capabilities) {
  const Strategy strategy = StrategyOfColumn(input.description, capabilities, input.knobs.column);
  std::vector<std::string> names = ColumnsOf(strategy, input);
  PlanKnobs knobs = input.knobs;
  knobs.column.clear();
  const PlanInput without{input.description, input.statistics, knobs};
  for (std::string& name : AutomaticColumns(without, capabilities)) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

/// A single unit that takes everything is not cut, whatever the strategy was.
bool IsWhole(const Cut& cut) {
  return cut.shares.size() == 1 && std::holds_alternative<WholeTable>(cut.shares[0].split);
}

}  // namespace

arrow::Result<Partitioning> PlanUnits(const Description& description, const Statistics& statistics,
                                      const Capabilities& capabilities, const PlanKnobs& knobs,
                                      const std::string& plan_id) {
  ARROW_RETURN_NOT_OK(CheckColumn(description, knobs.column));
  ARROW_ASSIGN_OR_RAISE(ChosenCut chosen,
                        ChooseCut({description, statistics, knobs}, capabilities));
  Partitioning partitioning;
  partitioning.strategy = IsWhole(chosen.cut) ? Strategy::kNone : chosen.strategy;
  partitioning.column = std::move(chosen.cut.column);
  partitioning.why = std::move(chosen.cut.why);
  if (knobs.filtered) {
    partitioning.why += "; estimates are upper bounds, because of `where`";
  } else if (knobs.windowed) {
    partitioning.why += "; estimates are upper bounds, because of the cursor's window";
  } else if (!knobs.unwanted_nulls.empty() && knobs.unwanted_nulls != partitioning.column) {
    partitioning.why += "; estimates count rows that partition.nulls leaves out";
  }
  partitioning.warnings = std::move(chosen.cut.warnings);
  WarnOfUnusedColumn(knobs, partitioning.warnings);
  WarnOfForeignRows(description, partitioning.warnings);
  partitioning.units = UnitsOf(std::move(chosen.cut.shares), RowWidth(statistics), plan_id);
  return partitioning;
}

std::vector<std::string> SplitColumns(const Description& description,
                                      const Capabilities& capabilities, const PlanKnobs& knobs) {
  if (!description.indivisible.empty()) return {};
  const Statistics unknown;
  const PlanInput input{description, unknown, knobs};
  if (knobs.strategy != Strategy::kAuto) return ColumnsOf(knobs.strategy, input);
  if (!knobs.column.empty()) return ColumnAndOthers(input, capabilities);
  return AutomaticColumns(input, capabilities);
}

}  // namespace headrace
