#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "headrace/transform/unfit_rows.h"

/// Casts that never change a value silently, but for one rule: a cast to `float` or `double` gives
/// the nearest number of that type, which is what floating point is for, and the plan says so
/// (RoundsToBits). Arrow's safe casts do most of it; what they let pass (decimals that are
/// too large, the time of day of a timestamp, infinity for numbers that are too large …) is caught
/// here.
namespace headrace {

using ArrayResult = arrow::Result<std::shared_ptr<arrow::Array>>;

/// Casts all values or none: an error of code Invalid means that some value has no equal in `to`.
/// NULLs stay NULL. Each value is cast by itself, so that a slice of an array fails if and only if
/// it holds such a value.
using CastFunction = ArrayResult (*)(const arrow::Array& values,
                                     const std::shared_ptr<arrow::DataType>& to);

/// The function that casts `from` to `to`, or null if there is no such cast.
CastFunction FindCast(const arrow::DataType& from, const arrow::DataType& to);

/// What finds the values that FindCast's function fails for; null: it fails for none.
UnfitFunction FindUnfit(const arrow::DataType& from, const arrow::DataType& to);

/// The types of the job file (names of model/type_name.h) that `from` can be cast to, as a list for
/// people.
std::string CastTargets(const arrow::DataType& from);

/// Binary digits that the numbers of floating type `to` have, where values of `from` may have more,
/// so that a cast rounds; 0: each value has its equal.
int RoundsToBits(const arrow::DataType& from, const arrow::DataType& to);

// number_cast.cc
/// To the nearest number: no integer is beyond a float's range.
ArrayResult CastIntegerToFloat(const arrow::Array& values,
                               const std::shared_ptr<arrow::DataType>& to);
/// To the nearest number, but never from a finite one to infinity or from another to zero.
ArrayResult CastToFloat(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to);

// decimal_cast.cc
/// Integers, floats, decimals and text: the equal decimal, whatever zeros the value ends in.
ArrayResult CastToDecimal(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to);
/// To the nearest number, but never to infinity or from another to zero.
ArrayResult CastDecimalToFloat(const arrow::Array& values,
                               const std::shared_ptr<arrow::DataType>& to);

// text_cast.cc
/// To bool, date and timestamps.
ArrayResult CastText(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to);
ArrayResult CastTextToBool(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to);
ArrayResult CastTextToDate(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to);
/// Decimal numbers as exact_decimal.h reads them: zeros behind the point change nothing.
ArrayResult CastTextToInteger(const arrow::Array& values,
                              const std::shared_ptr<arrow::DataType>& to);
ArrayResult CastTextToFloat(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to);
ArrayResult CastTextToTime(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to);
/// All digits, never an exponent.
ArrayResult CastDecimalToText(const arrow::Array& values,
                              const std::shared_ptr<arrow::DataType>& to);

// time_cast.cc
/// `2024-01-01`, `2024-01-01 09:15:00.000000`, with `Z` behind it where the type has a zone: an
/// instant is written in UTC. Years before 0 and after 9999 have a sign: `-0043-…`, `+12024-…`.
ArrayResult CastDateToText(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to);

// nested_text.cc
/// As JSON: numbers and booleans as they are, everything else as strings.
ArrayResult CastNestedToText(const arrow::Array& values,
                             const std::shared_ptr<arrow::DataType>& to);

}  // namespace headrace
