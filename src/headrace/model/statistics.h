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

/// A value as the source writes it, and the share of the rows that lies below it.
struct KeyBound {
  std::string value;
  double share_below = 0;
};

/// A value as ColumnStatistics has numbers, and the share of the rows that lies below it.
struct ValueBound {
  int64_t value = 0;
  double share_below = 0;
};

/// What a look into one unit tells of it while it is read. Estimates, but for the order of the
/// keys.
struct UnitSample {
  double rows = 0;  ///< That the filter selects of it.
  /// Values of its column, or numbers of its pages: all of rows of the unit, ascending, each
  /// greater than the one before. Of a KeyRange: none.
  std::vector<ValueBound> values;
  std::vector<KeyBound> keys;  ///< The same of a KeyRange, as ColumnStatistics has them.
};

/// What is known of the values of a column before it is read: of an integer, date or timestamp one
/// as numbers, times as microseconds since 1970 (as in DateRange); of others that have an order, as
/// `keys`. Estimates: a plan must be right without them.
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
  /// Places all over the values, as KeyRange bounds: ascending in the source's own order, each
  /// greater than the one before. That they are so is no estimate.
  std::vector<KeyBound> keys;
  /// How the column holds times; its values are microseconds here in any case but for integers,
  /// which stay as they are.
  TimeEncoding time_encoding = TimeEncoding::kNative;
  /// Why the histogram is of some rows that were looked at, and not what the source itself keeps
  /// of the column: half a sentence. Empty: it is that.
  std::string sampled_because;
  bool indexed = false;  ///< A range of the column can be read without reading the whole table.
  std::string unknown_because;  ///< Why nothing of this is known, where the source can say it: "no
                                ///< index orders it".
};

/// Estimates for one table, made by Source::Estimate.
struct Statistics {
  int64_t rows = -1;   ///< -1: unknown.
  int64_t bytes = -1;  ///< Size on the source's disk; -1: unknown.
  double row_width =
      0;  ///< Estimated bytes of a row as Arrow, over the selected columns; 0: unknown.
  std::vector<double> leaf_rows;  ///< Of Description::leaves, in their order: `rows` one by one;
                                  ///< empty: their sum alone is known.
  bool exact = false;             ///< `rows` was counted, not estimated.
  std::string origin;  ///< Where the figures come from, said in plan: "pg_class", "sqlite_stat1",
                       ///< "count(*)".
  std::map<std::string, ColumnStatistics>
      columns;  ///< Columns that may split the table; by name. Once units are cut, of those with an
                ///< index this alone.
};

}  // namespace headrace
