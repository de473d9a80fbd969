#include "headrace/run/source_count.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "headrace/model/split_text.h"
#include "headrace/observe/human.h"
#include "headrace/run/moving_where.h"

namespace headrace {
namespace {

/// Units that an error names, and that are counted to find them: a count may read the whole table.
constexpr int kMostNamed = 3;
constexpr int kMostCounted = 1'000;

/// What an error is introduced by.
std::string VerificationOf(const TablePlan& plan) {
  return "table " + plan.table.label() + ", verify: source";
}

/// Rows that were read, by the unit that was planned to read them.
std::map<std::string, int64_t, std::less<>> RowsOfUnits(std::span<const Receipt> receipts) {
  std::map<std::string, int64_t, std::less<>> rows;
  for (const Receipt& receipt : receipts) {
    for (const UnitReceipt& unit : receipt.units) {
      rows[std::string(PlannedUnitId(unit.unit_id))] += unit.rows;
    }
  }
  return rows;
}

/// The first units whose rows the source counts differently, each in a sentence of its own; empty:
/// there is none.
arrow::Result<std::string> DifferentUnits(const TableWork& work, std::span<const Receipt> receipts,
                                          Snapshot& snapshot, const std::stop_token& stop) {
  const auto rows = RowsOfUnits(receipts);
  std::string text;
  int named = 0;
  int counted_units = 0;
  for (const WorkUnit& unit : work.units) {
    if (++counted_units > kMostCounted) {
      return text + "; units behind the first " + HumanCount(kMostCounted) + " were not counted";
    }
    ARROW_ASSIGN_OR_RAISE(const int64_t counted, snapshot.CountRows(work.plan, unit, stop));
    const auto read = rows.find(unit.id);
    const int64_t held = read == rows.end() ? 0 : read->second;
    if (held == counted) continue;
    text += "; unit " + unit.id + " (" + SplitText(unit.split) + ") read " + HumanCount(held) +
            " of " + HumanCount(counted);
    if (++named == kMostNamed) break;
  }
  return text;
}

/// Not only a condition with a word that is known to: it may call functions of its own.
std::string WhereMaySelectOthers(const std::string& where) {
  const std::string word = MovingWord(where);
  return "The job's `where` may select other rows each time, " +
         (word.empty() ? "as with random(); if it cannot, this is a bug in headrace"
                       : "by its `" + word + "`");
}

/// Why two reads under one snapshot may yield other rows, whoever reads; empty: nothing may make
/// them.
std::string WhyRowsNeedNotRepeat(const TablePlan& plan) {
  const RelationKind kind = plan.description.kind;
  if (kind == RelationKind::kView || kind == RelationKind::kQuery ||
      kind == RelationKind::kForeign ||
      std::ranges::any_of(plan.description.leaves, &Relation::foreign)) {
    return "A view, a query or a foreign table may yield other rows each time, as with random() or "
           "LIMIT";
  }
  if (!plan.filter.where.empty()) return WhereMaySelectOthers(plan.filter.where);
  if (!plan.description.indivisible.empty()) {
    return "The table is read by one query (" + plan.description.indivisible +
           "), which shows a partition that was attached since it was counted as well";
  }
  return plan.description.row_security
             ? "Row security may show other rows each time, as by a policy with random(); if it "
               "cannot, this is a bug in headrace"
             : "";
}

}  // namespace

void WarnIfIncomparable(TablePlan& plan) {
  if (plan.snapshot != SnapshotKind::kNone) return;
  plan.warnings.emplace_back(
      "verify: source: without a snapshot the source's count is of another moment than the rows; "
      "they are not compared");
}

arrow::Status CountSource(Snapshot& snapshot, std::stop_token stop, PlannedTable& planned) {
  TablePlan& plan = planned.plan;
  WarnIfIncomparable(plan);
  if (plan.snapshot == SnapshotKind::kNone) return arrow::Status::OK();
  const WorkUnit whole{.plan_id = plan.id, .id = "0", .split = WholeTable{}};
  const auto counted = snapshot.CountRows(plan, whole, std::move(stop));
  if (!counted.ok()) {
    return CodeOf(counted.status()) == kInterruptedCode
               ? counted.status()
               : WithContext(counted.status(), VerificationOf(plan));
  }
  plan.source_rows = *counted;
  return arrow::Status::OK();
}

arrow::Status CompareWithSource(const TableWork& work, std::span<const Receipt> receipts,
                                Snapshot& snapshot, const std::stop_token& stop) {
  if (!work.plan.source_rows) return arrow::Status::OK();
  int64_t rows = 0;
  for (const Receipt& receipt : receipts) rows += receipt.rows;
  if (rows == *work.plan.source_rows) return arrow::Status::OK();
  std::string text = VerificationOf(work.plan) + ": " + HumanNumberOf(rows, "row") +
                     (rows == 1 ? " was" : " were") + " read, the source has " +
                     HumanCount(*work.plan.source_rows) +
                     " under the snapshot of the run; nothing was published";
  const auto units = DifferentUnits(work, receipts, snapshot, stop);
  if (!units.ok()) {
    if (CodeOf(units.status()) == kInterruptedCode) return units.status();
    text += "; which units differ is not known: " + units.status().message();
  } else if (units->empty()) {
    text += "; each unit read what the source has for it, so that rows are in no unit, or in two";
  } else {
    text += *units;
  }
  const std::string why = WhyRowsNeedNotRepeat(work.plan);
  return why.empty() ? BugError(text) : UserError(text.append(". ").append(why));
}

}  // namespace headrace
