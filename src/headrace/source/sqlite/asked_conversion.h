#pragma once

#include <arrow/util/decimal.h>
#include <arrow/util/value_parsing.h>
#include <sqlite3.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "headrace/model/civil_time.h"
#include "headrace/source/sqlite/conversion.h"
#include "headrace/transform/text_number.h"

/// As in conversion.h, for a type that the job asks for, whatever the column declares
/// (Column::readable_as): all that the declared type takes, and every other value that has its
/// equal in the job's type. Text is taken as casts of text take it.
namespace headrace::sqlite {

/// Integers of 16, 32 and 64 bits.
template <typename Integer>
struct ToAskedInteger {
  using Type = Integer;
  bool words = false;  ///< Those of a BOOLEAN are 0 and 1.

  std::optional<Integer> operator()(sqlite3_value* value, int storage) const {
    const std::optional<int64_t> wide =
        storage == SQLITE_TEXT ? OfText(TextToParse(value)) : ToInt64()(value, storage);
    if (!wide || !std::in_range<Integer>(*wide)) return std::nullopt;
    return static_cast<Integer>(*wide);
  }

 private:
  std::optional<int64_t> OfText(std::string_view text) const {
    const std::optional<bool> boolean = words ? BooleanOfText(text) : std::nullopt;
    if (boolean) return *boolean ? 1 : 0;
    constexpr IntegerRange kAll = {.least = std::numeric_limits<int64_t>::min(),
                                   .greatest = std::numeric_limits<int64_t>::max()};
    int64_t integer = 0;
    if (ParseInteger(text, kAll, integer) != DecimalFit::kFits) return std::nullopt;
    return integer;
  }
};

/// 0 and 1, and the words of a BOOLEAN.
struct ToAskedBoolean {
  std::optional<bool> operator()(sqlite3_value* value, int storage) const {
    const auto integer = ToAskedInteger<int64_t>{.words = true}(value, storage);
    if (!integer || *integer < 0 || *integer > 1) return std::nullopt;
    return *integer == 1;
  }
};

/// The nearest float or double: never infinity of a finite number, nor zero of another.
template <typename ArrowType>
struct ToAskedReal {
  using Type = typename ArrowType::c_type;  // NOLINT(readability-redundant-typename): clang 14

  std::optional<Type> operator()(sqlite3_value* value, int storage) const {
    if (storage == SQLITE_INTEGER) return static_cast<Type>(sqlite3_value_int64(value));
    if (storage == SQLITE_FLOAT) return OfReal(sqlite3_value_double(value));
    if (storage == SQLITE_TEXT) return OfText(TextToParse(value));
    return std::nullopt;
  }

 private:
  static std::optional<Type> OfReal(double real) {
    const auto nearest = static_cast<Type>(real);
    if (std::isfinite(real) != std::isfinite(nearest) || (real == 0) != (nearest == 0)) {
      return std::nullopt;
    }
    return nearest;
  }

  static std::optional<Type> OfText(std::string_view text) {
    Type real = 0;
    if (!arrow::internal::ParseValue<ArrowType>(text.data(), text.size(), &real) ||
        LosesMagnitude(text, real)) {
      return std::nullopt;
    }
    return real;
  }
};

template <typename Decimal>
struct ToAskedDecimal {
  using Type = Decimal;
  DecimalScaleOf<Decimal> scale;
  bool declared = false;  ///< The column declares a decimal: its REALs stand for one.

  std::optional<Decimal> operator()(sqlite3_value* value, int storage) const {
    if (storage == SQLITE_INTEGER) return scale.OfInteger(sqlite3_value_int64(value));
    if (storage == SQLITE_TEXT) return scale.OfText(TextToParse(value));
    if (storage != SQLITE_FLOAT) return std::nullopt;
    const double real = sqlite3_value_double(value);
    return declared ? scale.OfReal(real) : scale.OfRealAsShortest(real);
  }
};

/// Of a DATE. An integer that is a midnight of Unix seconds is the date that it is there, where a
/// DATETIME does not know it from a Julian day.
struct ToTimestampOfDate {
  using Type = int64_t;
  std::optional<int64_t> operator()(sqlite3_value* value, int storage) const {
    const std::optional<int32_t> days = ToDate()(value, storage);
    if (days) return *days * kMicrosPerDay;
    return ToTimestamp()(value, storage);
  }
};

/// Blobs, and the bytes of text and of numbers as text.
struct ToAskedBytes {
  std::optional<std::string_view> operator()(sqlite3_value* value, int storage,
                                             std::string& scratch) const {
    if (storage == SQLITE_BLOB) return BlobBytes(value);
    return storage == SQLITE_TEXT ? TextBytes(value, scratch) : NumberText(value, scratch);
  }
};

}  // namespace headrace::sqlite
