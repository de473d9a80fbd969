#pragma once

#include <arrow/util/decimal.h>
#include <sqlite3.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "headrace/source/sqlite/decimal_value.h"
#include "headrace/source/sqlite/declared_type.h"
#include "headrace/source/sqlite/moment.h"
#include "headrace/source/sqlite/value_text.h"

/// What one value becomes in a column of one Arrow type: nullopt where it does not fit. `storage`
/// is the value's storage class (SQLITE_INTEGER …), never SQLITE_NULL. In a header because they run
/// once per value.
namespace headrace::sqlite {

struct ToInt64 {
  using Type = int64_t;
  std::optional<int64_t> operator()(sqlite3_value* value, int storage) const {
    if (storage == SQLITE_INTEGER) return sqlite3_value_int64(value);
    if (storage != SQLITE_FLOAT) return std::nullopt;
    const double real = sqlite3_value_double(value);
    constexpr double kEnd = 9'223'372'036'854'775'808.0;  // 2^63
    // SQLite stores NaN as NULL: every REAL compares.
    if (real < -kEnd || real >= kEnd || std::trunc(real) != real) return std::nullopt;
    return static_cast<int64_t>(real);
  }
};

struct ToDouble {
  using Type = double;
  std::optional<double> operator()(sqlite3_value* value, int storage) const {
    if (storage == SQLITE_FLOAT) return sqlite3_value_double(value);
    if (storage != SQLITE_INTEGER) return std::nullopt;
    const int64_t integer = sqlite3_value_int64(value);
    if (!FitsDouble(integer)) return std::nullopt;
    return static_cast<double>(integer);
  }
};

struct ToDate {
  using Type = int32_t;
  std::optional<int32_t> operator()(sqlite3_value* value, int storage) const {
    if (storage == SQLITE_TEXT) return DaysOfText(TextToParse(value));
    if (storage == SQLITE_INTEGER) return DaysOfInteger(sqlite3_value_int64(value));
    if (storage == SQLITE_FLOAT) return DaysOfReal(sqlite3_value_double(value));
    return std::nullopt;
  }
};

struct ToTimestamp {
  using Type = int64_t;
  std::optional<int64_t> operator()(sqlite3_value* value, int storage) const {
    if (storage == SQLITE_TEXT) return MicrosOfText(TextToParse(value));
    if (storage == SQLITE_INTEGER) return MicrosOfInteger(sqlite3_value_int64(value));
    if (storage == SQLITE_FLOAT) return MicrosOfReal(sqlite3_value_double(value));
    return std::nullopt;
  }
};

struct ToDecimal {
  using Type = arrow::Decimal128;
  DecimalScale scale;
  std::optional<arrow::Decimal128> operator()(sqlite3_value* value, int storage) const {
    if (storage == SQLITE_INTEGER) return scale.OfInteger(sqlite3_value_int64(value));
    if (storage == SQLITE_FLOAT) return scale.OfReal(sqlite3_value_double(value));
    if (storage == SQLITE_TEXT) return scale.OfText(TextToParse(value));
    return std::nullopt;
  }
};

/// SQLite has no boolean class: 0 and 1, or the words that PostgreSQL reads (true, t, yes, y, on
/// …), in any case.
std::optional<bool> BooleanOfText(std::string_view text);

struct ToBoolean {
  std::optional<bool> operator()(sqlite3_value* value, int storage) const {
    if (storage == SQLITE_TEXT) return BooleanOfText(TextToParse(value));
    if (storage != SQLITE_INTEGER) return std::nullopt;
    const int64_t integer = sqlite3_value_int64(value);
    if (integer != 0 && integer != 1) return std::nullopt;
    return integer == 1;
  }
};

struct ToUtf8 {
  std::optional<std::string_view> operator()(sqlite3_value* value, int storage,
                                             std::string& scratch) const {
    if (storage == SQLITE_BLOB) return std::nullopt;
    if (storage != SQLITE_TEXT) return NumberText(value, scratch);
    const std::optional<std::string_view> text = TextBytes(value);
    if (!text || !IsUtf8Text(*text)) return std::nullopt;
    return text;
  }
};

/// Of a column that is there for bytes: those that are text.
struct ToUtf8OfBytes {
  std::optional<std::string_view> operator()(sqlite3_value* value, int storage,
                                             std::string& scratch) const {
    if (storage != SQLITE_BLOB) return ToUtf8()(value, storage, scratch);
    const std::string_view bytes = BlobBytes(value);
    if (!IsUtf8Text(bytes)) return std::nullopt;
    return bytes;
  }
};

/// For OverflowPolicy::kString: there is nothing that has no text.
struct ToAnyText {
  std::optional<std::string_view> operator()(sqlite3_value* value, int,
                                             std::string& scratch) const {
    return AnyText(value, scratch);
  }
};

struct ToBinary {
  std::optional<std::string_view> operator()(sqlite3_value* value, int storage,
                                             std::string&) const {
    if (storage != SQLITE_BLOB) return std::nullopt;
    return BlobBytes(value);
  }
};

}  // namespace headrace::sqlite
