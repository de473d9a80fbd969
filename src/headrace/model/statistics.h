#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "headrace/model/civil_time.h"

namespace headrace {

/// A value and the share of the rows that have it.
struct CommonValue {
  int64_t value = 0;
  double share = 0;
};

/// What is known of the values of an integer, date or timestamp column before it is read. Times are
/// microseconds since 1970, as in DateRange. Estimates: a plan must be right without them.
struct ColumnStatistics {
  std::optional<int64_t> minimum;
  std::optional<int64_t> maximum;
  double null_fraction = 0;
  /// Equi-depth bounds in ascending order: about the same number of rows lies between any two
  /// neighbours. Empty: unknown, values are then assumed to be spread evenly from minimum to
  /// maximum.
  std::vector<int64_t> histogram;
  /// Values that many rows have, which the histogram does not count. Only of dates and timestamps:
  /// of integers they are in it.
  std::vector<CommonValue> common;
  /// Shares of the rows whose values lie below and above all that int64 holds: −infinity and
  /// infinity of a date, and years that are too far away. They count in neither minimum nor maximum
  /// nor histogram.
  double share_before = 0;
  double share_after = 0;
  /// How the column holds times; its values are microseconds here in any case but for integers,
  /// which stay as they are.
  TimeEncoding time_encoding = TimeEncoding::kNative;
  bool indexed = false;  ///< A range of the column can be read without reading the whole table.
};

/// Estimates for one table, made by Source::Estimate.
struct Statistics {
  int64_t rows = -1;   ///< -1: unknown.
  int64_t bytes = -1;  ///< Size on the source's disk; -1: unknown.
  double row_width =
      0;  ///< Estimated bytes of a row as Arrow, over the selected columns; 0: unknown.
  bool exact = false;  ///< `rows` was counted, not estimated.
  std::string origin;  ///< Where the figures come from, said in plan: "pg_class", "sqlite_stat1",
                       ///< "count(*)".
  std::map<std::string, ColumnStatistics>
      columns;  ///< Integer, date and timestamp columns that may split the table; by name.
};

}  // namespace headrace
