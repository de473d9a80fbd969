#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include <cmath>

#include "headrace/transform/cast_rule.h"
#include "headrace/transform/unfit_rows.h"

namespace headrace {
namespace {

using arrow::compute::Cast;

/// Float or double, as doubles.
arrow::Result<std::shared_ptr<arrow::DoubleArray>> AsDoubles(const arrow::Array& values) {
  ARROW_ASSIGN_OR_RAISE(auto doubles, Cast(values, arrow::float64()));
  return std::static_pointer_cast<arrow::DoubleArray>(std::move(doubles));
}

/// Whether two numbers, one of them rounded to another type, are about the same: neither became
/// infinite nor zero.
bool KeepsMagnitude(double before, double after) {
  return std::isfinite(before) == std::isfinite(after) && (before == 0) == (after == 0);
}

}  // namespace

ArrayResult CastIntegerToFloat(const arrow::Array& values,
                               const std::shared_ptr<arrow::DataType>& to) {
  auto options = arrow::compute::CastOptions::Safe(to);
  options.allow_float_truncate = true;  // So Arrow calls the rounding of integers to floats.
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum result, Cast(arrow::Datum(values.data()), options));
  return result.make_array();
}

ArrayResult CastToFloat(const arrow::Array& values, const std::shared_ptr<arrow::DataType>& to) {
  ARROW_ASSIGN_OR_RAISE(const auto unfit, UnfitRealsForFloat(values, *to));
  if (!unfit.empty()) return arrow::Status::Invalid("out of the range of ", to->ToString());
  return Cast(values, to);
}

UnfitResult UnfitRealsForFloat(const arrow::Array& values, const arrow::DataType& to) {
  ARROW_ASSIGN_OR_RAISE(const auto before, AsDoubles(values));
  ARROW_ASSIGN_OR_RAISE(const auto rounded, Cast(values, to.GetSharedPtr()));
  ARROW_ASSIGN_OR_RAISE(const auto after, AsDoubles(*rounded));
  return RowsThatDoNot(
      values, [&](int64_t row) { return KeepsMagnitude(before->Value(row), after->Value(row)); });
}

}  // namespace headrace
