#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Which values of an Arrow type a column of a destination holds, where the type has more of them
/// than the column: days after the year 9999, a NULL within an array.
namespace headrace {

/// Numbers as Arrow stores them: both ends are among them.
struct StoredRange {
  int64_t first = 0;
  int64_t last = 0;

  bool operator==(const StoredRange&) const = default;
};

/// What is held of the values of one type, and of those inside of them. A value.
struct HeldValues {
  /// Of integers, date32, date64, time32, time64 and timestamps, in the unit of the type; other
  /// types have none. None: every number is held.
  std::optional<StoredRange> range = {};

  bool holds_null = true;

  /// One for each child of the type: the fields of a struct; the elements of a list, large list or
  /// fixed-size list; the entries of a map, which are structs of key and value. Other types have
  /// none. Empty: all that is inside is held.
  std::vector<HeldValues> children = {};

  /// Whether nothing has to be looked for.
  bool holds_all() const;

  bool operator==(const HeldValues&) const = default;
};

/// The rows of `values` that are not held, in ascending order: those whose own value is not, or one
/// inside of it, at any depth. What is stored for a NULL, or below it, is no value. `held` is of
/// the type of `values`. The common case, that nothing stored is unfit, takes one pass over the
/// numbers that have a range and no allocation.
std::vector<int64_t> RowsNotHeld(const arrow::Array& values, const HeldValues& held);

/// One value that is not held.
struct NotHeld {
  std::string path;                      ///< Inside of the row's value: `day`, `[3].day`, with
                                         ///< elements counted from 1; empty: it is the row's own.
  std::shared_ptr<arrow::Array> values;  ///< Those that it is among, `row` of them.
  int64_t row = 0;
  std::optional<StoredRange> range;  ///< That it is out of; none: it is NULL.
};

/// The first value in `row` of `values` that is not held; none: all are.
std::optional<NotHeld> FirstNotHeld(const arrow::Array& values, int64_t row,
                                    const HeldValues& held);

}  // namespace headrace
