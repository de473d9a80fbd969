#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <vector>

/// Which values of a column have no equal in a type, without a cast and an error for each of them.
namespace headrace {

/// Rows in ascending order; never that of a NULL.
using UnfitResult = arrow::Result<std::vector<int64_t>>;

/// Finds the rows that the cast of the same rule fails for, and no others.
using UnfitFunction = UnfitResult (*)(const arrow::Array& values, const arrow::DataType& to);

/// The rows that are not NULL and for which `fits(row)` is false.
template <typename Fits>
std::vector<int64_t> RowsThatDoNot(const arrow::Array& values, Fits fits) {
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < values.length(); ++row) {
    if (!values.IsNull(row) && !fits(row)) rows.push_back(row);
  }
  return rows;
}

struct IntegerRange {
  int64_t least = 0;
  int64_t greatest = 0;
};

/// Of a signed integer type.
IntegerRange RangeOf(const arrow::DataType& integer);

/// The same values with `rows` NULL. Shares everything but the validity bitmap.
arrow::Result<std::shared_ptr<arrow::Array>> WithNulls(const arrow::Array& values,
                                                       const std::vector<int64_t>& rows);

// decimal_cast.cc
UnfitResult UnfitForDecimal(const arrow::Array& values, const arrow::DataType& to);
UnfitResult UnfitDecimalsForInteger(const arrow::Array& values, const arrow::DataType& to);
UnfitResult UnfitDecimalsForFloat(const arrow::Array& values, const arrow::DataType& to);

// number_cast.cc
UnfitResult UnfitRealsForFloat(const arrow::Array& values, const arrow::DataType& to);

// time_cast.cc
/// Dates, times and timestamps, to one of another unit: a date counts days.
UnfitResult UnfitForUnit(const arrow::Array& values, const arrow::DataType& to);

// nested_text.cc
UnfitResult UnfitNestedForText(const arrow::Array& values, const arrow::DataType& to);

// unfit_rows.cc
UnfitResult UnfitIntegersForInteger(const arrow::Array& values, const arrow::DataType& to);
UnfitResult UnfitIntegersForBool(const arrow::Array& values, const arrow::DataType& to);
UnfitResult UnfitRealsForInteger(const arrow::Array& values, const arrow::DataType& to);
/// To bool, integers, float, double, date, time and timestamps.
UnfitResult UnfitText(const arrow::Array& values, const arrow::DataType& to);
UnfitResult UnfitBytesForText(const arrow::Array& values, const arrow::DataType& to);

}  // namespace headrace
