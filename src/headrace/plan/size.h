#pragma once

#include <string>
#include <vector>

#include "headrace/plan/strategy.h"

namespace headrace {

/// Most units of one table. More would cost memory and gain nothing: above 5 billion rows units
/// grow instead.
inline constexpr double kMaxUnits = 100'000;

/// Bytes of a row as Arrow: the estimate of the source, else its bytes on disk, else 0 (unknown).
double RowWidth(const Statistics& statistics);

/// How many rows a unit may hold: `target_rows`, fewer where rows are so wide that `target_bytes`
/// comes first. At least 1.
double RowsPerUnit(const PlanInput& input);

/// The same, raised so that `rows` make no more than kMaxUnits; a warning says so.
double RowsPerUnit(const PlanInput& input, double rows, std::vector<std::string>& warnings);

/// Twice as many as wanted: so many more that they are split if they can be, and said if not. Less
/// may be the noise of statistics.
bool IsTooFull(double rows, double rows_per_unit);

/// The catalogue's estimate is believed unless there is none: -1, or 0 rows in a leaf that has
/// pages.
bool IsRowCountKnown(const Relation& leaf);

/// The rows of all leaves whose estimate is believed.
double KnownRows(const Description& description);

/// By how much the catalogue's counts are too low, as the table's own estimate tells: 1 where it
/// does not.
double Growth(const PlanInput& input);

/// The same since the values of `column` were counted: 1 where they were looked at now.
double GrowthSince(const PlanInput& input, const ColumnStatistics& column);

/// A count (not negative) as people read it: `5,000,000`; fractions are rounded.
std::string ReadableCount(double count);

/// `1 row`, `5,000,000 rows`.
std::string ReadableRows(double rows);

}  // namespace headrace
