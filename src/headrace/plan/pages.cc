#include <algorithm>
#include <cmath>
#include <limits>

#include "headrace/plan/size.h"
#include "headrace/plan/strategy.h"

namespace headrace {
namespace {

/// PostgreSQL's default block size. With another one units are larger or smaller than wanted,
/// nothing else.
constexpr double kPageBytes = 8192;

/// Heap tuple header (23 bytes, aligned to 24) and line pointer (4): PostgreSQL documentation,
/// "Database Page Layout".
constexpr double kTupleOverhead = 28;

/// Of rows of which nothing is known.
constexpr double kAssumedRowWidth = 100;

/// Block numbers are 32 bits and the greatest is reserved (InvalidBlockNumber).
constexpr int64_t kMaxPages = std::numeric_limits<uint32_t>::max();

double UnknownPages(const Description& description) {
  double pages = 0;
  for (const Relation& leaf : description.leaves) {
    pages += IsRowCountKnown(leaf) ? 0 : static_cast<double>(leaf.pages);
  }
  return pages;
}

/// Whether the source has told the rows leaf by leaf; of a window it cannot.
bool AreLeavesKnown(const PlanInput& input) {
  return input.statistics.leaf_rows.size() == input.description.leaves.size();
}

/// What it tells of those that were never analysed.
double UnknownRows(const PlanInput& input) {
  double rows = 0;
  for (size_t i = 0; i < input.description.leaves.size(); ++i) {
    rows += IsRowCountKnown(input.description.leaves[i]) ? 0 : input.statistics.leaf_rows[i];
  }
  return rows;
}

/// Rows in a page of a leaf that was never analysed: what the table's own estimate leaves for such
/// leaves, else as many as fit.
double UnknownRowsPerPage(const PlanInput& input) {
  const double pages = UnknownPages(input.description);
  if (pages > 0 && AreLeavesKnown(input)) return UnknownRows(input) / pages;
  const double left = static_cast<double>(input.statistics.rows) - KnownRows(input.description);
  if (pages > 0 && left > 0) return left / pages;
  const double width = RowWidth(input.statistics);
  return std::max(
      1.0, std::floor(kPageBytes / ((width > 0 ? width : kAssumedRowWidth) + kTupleOverhead)));
}

std::vector<double> RowsOfLeaves(const PlanInput& input) {
  if (AreLeavesKnown(input)) return input.statistics.leaf_rows;
  const double growth = Growth(input);
  const double per_page = UnknownRowsPerPage(input);
  std::vector<double> rows;
  for (const Relation& leaf : input.description.leaves) {
    rows.push_back(IsRowCountKnown(leaf) ? leaf.rows * growth
                                         : per_page * static_cast<double>(leaf.pages));
  }
  return rows;
}

std::string NameOf(const Relation& leaf) {
  return leaf.schema.empty() ? leaf.name : leaf.schema + "." + leaf.name;
}

/// Bytes that the table has outside of its pages (TOAST), as far as its size on disk is known.
/// Which leaf they belong to is not.
double BytesOutsideOfPages(const PlanInput& input) {
  double pages = 0;
  for (const Relation& leaf : input.description.leaves) pages += static_cast<double>(leaf.pages);
  return std::max(0.0, static_cast<double>(input.statistics.bytes) - pages * kPageBytes);
}

/// So few pages and bytes that they are one unit even when full of the shortest rows, or of the
/// longest: counting and measuring the rows would not cut them, so that there is nothing to warn
/// of. Rows take about as much room on disk as ANALYZE would say that they do.
bool IsOneUnitAnyway(const PlanInput& input, const Relation& leaf, double bytes_outside) {
  const auto pages = static_cast<double>(leaf.pages);
  const double most_rows = pages * std::floor(kPageBytes / kTupleOverhead);
  const double most_bytes = pages * kPageBytes + bytes_outside;
  return most_rows <= static_cast<double>(input.knobs.target_rows) &&
         most_bytes <= static_cast<double>(input.knobs.target_bytes);
}

void WarnOfUnknownLeaves(const PlanInput& input, std::vector<std::string>& warnings) {
  constexpr int kNamed = 3;
  std::string names;
  int unknown = 0;
  const double bytes_outside = BytesOutsideOfPages(input);
  for (const Relation& leaf : input.description.leaves) {
    if (IsRowCountKnown(leaf) || IsOneUnitAnyway(input, leaf, bytes_outside)) continue;
    if (++unknown <= kNamed) names += (names.empty() ? "" : ", ") + NameOf(leaf);
  }
  if (unknown == 0) return;
  if (unknown > kNamed) names += " and " + ReadableCount(unknown - kNamed) + " more";
  warnings.push_back("never analysed: " + names + "; taken to hold " +
                     ReadableRows(UnknownRowsPerPage(input)) +
                     " a page (ANALYZE makes this better)");
}

void WarnOfGrowth(const PlanInput& input, std::vector<std::string>& warnings) {
  constexpr double kWorthSaying = 2;
  const double growth = Growth(input);
  if (growth < kWorthSaying) return;
  warnings.push_back("stale statistics: the catalogue counts " +
                     ReadableRows(KnownRows(input.description)) + ", its pages speak for " +
                     ReadableCount(static_cast<double>(input.statistics.rows)));
}

/// Cuts one leaf into page ranges of equal length; the last one is open-ended, so that pages added
/// since are read too.
void CutLeaf(const Relation& leaf, double rows, double rows_per_unit, std::vector<Share>& shares) {
  const int64_t pages = std::clamp<int64_t>(leaf.pages, 1, kMaxPages);
  const auto units = static_cast<int64_t>(
      std::clamp(std::ceil(rows / rows_per_unit), 1.0, static_cast<double>(pages)));
  for (int64_t u = 0; u < units; ++u) {
    const int64_t first = pages * u / units;
    const int64_t last = pages * (u + 1) / units;
    PageRange range{.schema = leaf.schema,
                    .relation = leaf.name,
                    .first = static_cast<uint32_t>(first),
                    .last = {}};
    if (u + 1 < units) range.last = static_cast<uint32_t>(last);
    shares.push_back(
        {std::move(range), rows * static_cast<double>(last - first) / static_cast<double>(pages)});
  }
}

std::string WhyPages(const Description& description, double rows) {
  double pages = 0;
  for (const Relation& leaf : description.leaves) pages += static_cast<double>(leaf.pages);
  std::string why = (pages == 1 ? "its page" : "its " + ReadableCount(pages) + " pages") +
                    ", about " + ReadableRows(rows);
  if (description.leaves.size() > 1) {
    why += " in " + ReadableCount(static_cast<double>(description.leaves.size())) + ' ' +
           std::string(description.leaf_noun()) + 's';
  }
  return why + ", can be read by ranges without an index";
}

}  // namespace

std::optional<std::string> PagesMisfit(const PlanInput& input) {
  const Description& description = input.description;
  if (const auto kind = UnsplittableKind(description.kind)) {
    return *kind + " has no pages of its own";
  }
  if (description.leaves.empty()) return "it has no pages of its own";
  const auto found = std::ranges::find(description.leaves, false, &Relation::pageable);
  if (found != description.leaves.end()) {
    const std::string& why = found->why_not_pageable;
    return NameOf(*found) + " cannot be read by page ranges" +
           (why.empty() ? "" : " (" + why + ")");
  }
  if (!description.unpageable.empty()) return description.unpageable;
  return std::nullopt;
}

Cut CutPages(const PlanInput& input) {
  Cut cut;
  const std::vector<double> rows = RowsOfLeaves(input);
  double total = 0;
  for (const double of_leaf : rows) total += of_leaf;
  WarnOfUnknownLeaves(input, cut.warnings);
  WarnOfGrowth(input, cut.warnings);
  const double rows_per_unit = RowsPerUnit(input, total, cut.warnings);
  for (size_t i = 0; i < rows.size(); ++i) {
    CutLeaf(input.description.leaves[i], rows[i], rows_per_unit, cut.shares);
  }
  cut.why = WhyPages(input.description, total);
  return cut;
}

}  // namespace headrace
