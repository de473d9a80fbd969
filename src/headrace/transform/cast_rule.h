#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>

/// Casts that never change a value silently. Arrow's safe casts do most of it; what they let pass
/// (rounding to a decimal's scale, the time of day of a timestamp, infinity for numbers that are
/// too large …) is caught here.
namespace headrace {

using ArrayResult = arrow::Result<std::shared_ptr<arrow::Array>>;

/// Casts all values or none: an error of code Invalid means that some value has no equal in `to`.
/// NULLs stay NULL. Each value is cast by itself, so that a slice of an array fails if and only if
/// it holds such a value.
using CastFunction = ArrayResult (*)(const arrow::Array& values,
                                     const std::shared_ptr<arrow::DataType>& to);

/// The function that casts `from` to `to`, or null if there is no such cast.
CastFunction FindCast(const arrow::DataType& from, const arrow::DataType& to);

// number_cast.cc
ArrayResult CastIntegerToDecimal(const arrow::Array& values,
                                 const std::shared_ptr<arrow::DataType>& to);
ArrayResult CastFloatToDecimal(const arrow::Array& values,
                               const std::shared_ptr<arrow::DataType>& to);
/// To the nearest number, but never from a finite one to infinity or from another to zero.
ArrayResult CastToFloat(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to);

// text_cast.cc
ArrayResult CastTextToInteger(const arrow::Array& values,
                              const std::shared_ptr<arrow::DataType>& to);
ArrayResult CastTextToFloat(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to);
ArrayResult CastTextToTime(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to);
ArrayResult CastDateToText(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to);
/// All digits, never an exponent.
ArrayResult CastDecimalToText(const arrow::Array& values,
                              const std::shared_ptr<arrow::DataType>& to);

// nested_text.cc
/// As JSON: numbers and booleans as they are, everything else as strings.
ArrayResult CastNestedToText(const arrow::Array& values,
                             const std::shared_ptr<arrow::DataType>& to);

}  // namespace headrace
