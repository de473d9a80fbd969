#include "headrace/source/sqlite/declared_type.h"

#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "headrace/model/ascii.h"

namespace headrace::sqlite {
namespace {

using TypeMaker = std::shared_ptr<arrow::DataType> (*)();

std::shared_ptr<arrow::DataType> MakeMicros() { return arrow::timestamp(arrow::TimeUnit::MICRO); }

struct TypeOfName {
  std::string_view name;
  TypeMaker make;
};

/// Declared names that stand for more than their affinity.
constexpr std::array kNamedTypes = {
    TypeOfName{"BOOL", [] { return arrow::boolean(); }},
    TypeOfName{"BOOLEAN", [] { return arrow::boolean(); }},
    TypeOfName{"DATE", [] { return arrow::date32(); }},
    TypeOfName{"DATETIME", &MakeMicros},
    TypeOfName{"TIMESTAMP", &MakeMicros},
    TypeOfName{"TIMESTAMPTZ", &MakeMicros},
    TypeOfName{"TIMESTAMP WITH TIME ZONE", &MakeMicros},
    TypeOfName{"TIMESTAMP WITHOUT TIME ZONE", &MakeMicros},
};

/// SQLite's rules in their order: the first word that the declared type contains.
constexpr std::array kAffinityWords = {
    TypeOfName{"INT", [] { return arrow::int64(); }},
    TypeOfName{"CHAR", [] { return arrow::utf8(); }},
    TypeOfName{"CLOB", [] { return arrow::utf8(); }},
    TypeOfName{"TEXT", [] { return arrow::utf8(); }},
    TypeOfName{"BLOB", [] { return arrow::binary(); }},
    TypeOfName{"REAL", [] { return arrow::float64(); }},
    TypeOfName{"FLOA", [] { return arrow::float64(); }},
    TypeOfName{"DOUB", [] { return arrow::float64(); }},
};

constexpr std::array<std::string_view, 4> kDecimalNames = {"DECIMAL", "NUMERIC", "DEC", "NUMBER"};

std::string_view Trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// `DECIMAL(12, 2)` as name and arguments; `TIMESTAMP(6) WITH TIME ZONE` has its words joined.
struct DeclaredParts {
  std::string name;
  std::optional<int> precision;
  std::optional<int> scale;
};

std::optional<int> ParseArgument(std::string_view text) {
  text = Trim(text);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

DeclaredParts SplitDeclared(std::string_view upper) {
  const auto open = upper.find('(');
  const auto close = upper.find(')', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) {
    return {.name = std::string(upper), .precision = {}, .scale = {}};
  }
  DeclaredParts parts{
      .name = std::string(Trim(upper.substr(0, open))), .precision = {}, .scale = {}};
  if (const std::string_view rest = Trim(upper.substr(close + 1)); !rest.empty()) {
    parts.name += " " + std::string(rest);
  }
  const std::string_view arguments = upper.substr(open + 1, close - open - 1);
  const auto comma = arguments.find(',');
  parts.precision = ParseArgument(arguments.substr(0, comma));
  parts.scale = comma == std::string_view::npos ? 0 : ParseArgument(arguments.substr(comma + 1));
  return parts;
}

template <size_t N>
const TypeOfName* FindIf(const std::array<TypeOfName, N>& table, auto&& matches) {
  const auto* found = std::ranges::find_if(table, matches);
  return found == table.end() ? nullptr : found;
}

/// Null where the declared type is no decimal with a precision that makes sense.
std::optional<DeclaredMapping> MapDecimal(const DeclaredParts& parts) {
  if (std::ranges::find(kDecimalNames, parts.name) == kDecimalNames.end()) return std::nullopt;
  if (!parts.precision || !parts.scale) return std::nullopt;
  if (*parts.precision < 1 || *parts.scale < 0 || *parts.scale > *parts.precision) {
    return std::nullopt;
  }
  if (*parts.precision > arrow::Decimal128Type::kMaxPrecision) {
    return DeclaredMapping{arrow::utf8(), "as text: more than 38 digits"};
  }
  return DeclaredMapping{arrow::decimal128(*parts.precision, *parts.scale), {}};
}

struct TypesOfType {
  arrow::Type::type type;
  std::span<const arrow::Type::type> readable_as;
};

constexpr std::array kWholeNumbers = {arrow::Type::INT16, arrow::Type::INT32, arrow::Type::INT64};
constexpr std::array kNumbers = {
    arrow::Type::BOOL,  arrow::Type::INT16,  arrow::Type::INT32,      arrow::Type::INT64,
    arrow::Type::FLOAT, arrow::Type::DOUBLE, arrow::Type::DECIMAL128, arrow::Type::DECIMAL256};
constexpr std::array kTimes = {arrow::Type::TIMESTAMP};
constexpr std::array kBytes = {arrow::Type::BINARY};

/// What is not here holds all that a cast of it could yield: a timestamp the dates, a text (which
/// each number and each moment has) all but blobs.
constexpr std::array kReadableAs = {
    TypesOfType{arrow::Type::BOOL, kWholeNumbers}, TypesOfType{arrow::Type::INT64, kNumbers},
    TypesOfType{arrow::Type::DOUBLE, kNumbers},    TypesOfType{arrow::Type::DECIMAL128, kNumbers},
    TypesOfType{arrow::Type::DATE32, kTimes},      TypesOfType{arrow::Type::STRING, kBytes},
    TypesOfType{arrow::Type::BINARY, kBytes},
};

}  // namespace

std::vector<arrow::Type::type> TypesToReadAs(const arrow::DataType& type) {
  const auto* found = std::ranges::find(kReadableAs, type.id(), &TypesOfType::type);
  if (found == kReadableAs.end()) return {};
  return {found->readable_as.begin(), found->readable_as.end()};
}

DeclaredMapping MapDeclaredType(std::string_view declared) {
  const std::string upper = UpperAsciiText(Trim(declared));
  const DeclaredParts parts = SplitDeclared(upper);
  const auto same_name = [&](const TypeOfName& named) { return named.name == parts.name; };
  if (const TypeOfName* named = FindIf(kNamedTypes, same_name)) return {named->make(), {}};
  if (std::optional<DeclaredMapping> decimal = MapDecimal(parts)) return *std::move(decimal);
  const auto contains = [&](const TypeOfName& word) {
    return upper.find(word.name) != std::string::npos;
  };
  if (const TypeOfName* word = FindIf(kAffinityWords, contains)) return {word->make(), {}};
  return {nullptr, {}};
}

bool FitsDouble(int64_t value) {
  // 2^63 as a double is outside of int64: converting it back would be undefined.
  const auto real = static_cast<double>(value);
  return real < 9223372036854775808.0 && static_cast<int64_t>(real) == value;
}

void WidestType::Add(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      integer_ = true;
      large_integer_ = large_integer_ || !FitsDouble(sqlite3_value_int64(value));
      break;
    case SQLITE_FLOAT:
      real_ = true;
      break;
    case SQLITE_TEXT:
      text_ = true;
      break;
    case SQLITE_BLOB:
      blob_ = true;
      break;
    default:
      break;
  }
}

std::shared_ptr<arrow::DataType> WidestType::type() const {
  if (blob_ && !text_ && !real_ && !integer_) return arrow::binary();
  if (text_ || blob_) return arrow::utf8();
  if (real_) return large_integer_ ? arrow::utf8() : arrow::float64();
  return integer_ ? arrow::int64() : arrow::utf8();
}

}  // namespace headrace::sqlite
