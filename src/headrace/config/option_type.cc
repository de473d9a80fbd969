#include "headrace/config/option_type.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "headrace/config/nearest.h"
#include "headrace/config/problems.h"
#include "headrace/model/type_name.h"

namespace headrace {
namespace {

using Value = OptionValues::Value;

/// A number's unit and what it multiplies by.
struct Unit {
  std::string_view name;
  int64_t factor;
};

constexpr std::array<Unit, 9> kByteUnits = {{{"B", 1},
                                             {"kB", 1'000},
                                             {"MB", 1'000'000},
                                             {"GB", 1'000'000'000},
                                             {"TB", 1'000'000'000'000},
                                             {"KiB", int64_t{1} << 10},
                                             {"MiB", int64_t{1} << 20},
                                             {"GiB", int64_t{1} << 30},
                                             {"TiB", int64_t{1} << 40}}};
/// In milliseconds.
constexpr std::array<Unit, 5> kDurationUnits = {
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

constexpr size_t kLongestName = 64;

constexpr std::array<OptionTypeInfo, 11> kOptionTypes = {{
    {OptionType::kString, "text", "text", "", true},
    {OptionType::kSecret, "secret", "text", "", true},
    {OptionType::kInteger, "integer", "an integer", "", false},
    {OptionType::kBoolean, "boolean", "true or false", "", false},
    {OptionType::kBytes, "size", "a size like 64MiB", "[0-9]+ ?([kMGT]?B|[KMGT]iB)", true},
    {OptionType::kDuration, "duration", "a duration like 30s", "0|[0-9]+ ?(ms|s|m|h|d)", true},
    {OptionType::kEnum, "choice", "a choice", "", true},
    {OptionType::kStringList, "list", "a list of texts", "", true},
    {OptionType::kPath, "path", "a path", "", true},
    {OptionType::kName, "name",
     "a name (at most 64 letters, digits, '_', '-', '.'; a letter or digit first)",
     "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", true},
    {OptionType::kColumnType, "type", "a type", "", true},
}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::optional<int64_t> ParseDigits(std::string_view text, int base = 10) {
  int64_t value = 0;
  const char* begin = text.data();
  const char* end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

/// The integers of the core schema (YAML 1.2.2, 10.3.2): decimal with a sign, 0o octal, 0x
/// hexadecimal.
std::optional<Value> ParseInteger(std::string_view text) {
  std::optional<int64_t> value;
  if (text.starts_with("0o") || text.starts_with("0x")) {
    const std::string_view digits = text.substr(2);
    if (digits.starts_with('-')) return std::nullopt;
    value = ParseDigits(digits, text[1] == 'o' ? 8 : 16);
  } else {
    if (text.starts_with('+') && text.size() > 1 && IsDigit(text[1])) text.remove_prefix(1);
    value = ParseDigits(text);
  }
  return value.has_value() ? std::optional<Value>(*value) : std::nullopt;
}

std::optional<Value> ParseBoolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

/// A whole number and one of `units`, with or without a space between them.
std::optional<int64_t> ParseQuantity(std::string_view text, std::span<const Unit> units) {
  const auto digits_end = std::ranges::find_if_not(text, IsDigit);
  const auto digits = static_cast<size_t>(digits_end - text.begin());
  const auto number = ParseDigits(text.substr(0, digits));
  text.remove_prefix(digits);
  if (text.starts_with(' ')) text.remove_prefix(1);
  const auto unit = std::ranges::find_if(units, [&](const Unit& row) { return row.name == text; });
  if (!number.has_value() || unit == units.end()) return std::nullopt;
  int64_t value = 0;
  if (__builtin_mul_overflow(*number, unit->factor, &value)) return std::nullopt;
  return value;
}

std::optional<Value> ParseBytes(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, IsDigit)) return ParseInteger(text);
  const auto bytes = ParseQuantity(text, kByteUnits);
  return bytes.has_value() ? std::optional<Value>(*bytes) : std::nullopt;
}

std::optional<Value> ParseDuration(std::string_view text) {
  if (text == "0") return int64_t{0};
  const auto milliseconds = ParseQuantity(text, kDurationUnits);
  return milliseconds.has_value() ? std::optional<Value>(*milliseconds) : std::nullopt;
}

std::optional<Value> ParseName(std::string_view text) {
  const auto is_alphanumeric = [](char c) {
    return IsDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  const auto is_allowed = [&](char c) {
    return is_alphanumeric(c) || c == '_' || c == '-' || c == '.';
  };
  const bool good = !text.empty() && text.size() <= kLongestName && is_alphanumeric(text.front()) &&
                    std::ranges::all_of(text, is_allowed);
  return good ? std::optional<Value>(std::string(text)) : std::nullopt;
}

std::optional<Value> ParseText(std::string_view text) { return std::string(text); }

std::optional<Value> ParsePath(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional<Value>(std::string(text));
}

std::optional<Value> ParseColumnType(std::string_view text) {
  return ParseTypeName(text).ok() ? std::optional<Value>(std::string(text)) : std::nullopt;
}

using ParseFunction = std::optional<Value> (*)(std::string_view);

/// Reads texts whose type alone says what is valid; row i belongs to row i of kOptionTypes.
constexpr std::array<ParseFunction, kOptionTypes.size()> kParseFunctions = {
    ParseText, ParseText, ParseInteger, ParseBoolean, ParseBytes,     ParseDuration,
    ParseText, ParseText, ParsePath,    ParseName,    ParseColumnType};

std::string Listed(std::span<const std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) list += (list.empty() ? "" : ", ") + std::string(name);
  return list;
}

/// A bound as the option would be written: 16 MiB, not 16777216.
std::string BoundText(OptionType type, int64_t bound) {
  const std::span<const Unit> units = type == OptionType::kBytes ? std::span<const Unit>(kByteUnits)
                                      : type == OptionType::kDuration
                                          ? std::span<const Unit>(kDurationUnits)
                                          : std::span<const Unit>();
  const Unit* largest = nullptr;
  for (const Unit& unit : units) {
    const bool fits = bound != 0 && bound % unit.factor == 0;
    if (fits && (largest == nullptr || unit.factor > largest->factor)) largest = &unit;
  }
  if (largest != nullptr) {
    return std::to_string(bound / largest->factor) + std::string(largest->name);
  }
  return std::to_string(bound);
}

std::string RangeText(const OptionSpec& option) {
  const bool from = option.minimum != std::numeric_limits<int64_t>::min();
  const bool to = option.maximum != std::numeric_limits<int64_t>::max();
  const std::string minimum = BoundText(option.type, option.minimum);
  const std::string maximum = BoundText(option.type, option.maximum);
  if (from && to) return " (" + minimum + " to " + maximum + ")";
  if (from) return " (at least " + minimum + ")";
  return to ? " (at most " + maximum + ")" : std::string();
}

bool InRange(const OptionSpec& option, const Value& value) {
  const int64_t* number = std::get_if<int64_t>(&value);
  return number == nullptr || (*number >= option.minimum && *number <= option.maximum);
}

/// What was found; of a reference only that its value is not right.
std::string FoundIn(std::string_view text, std::string_view shown) {
  if (text == shown) return "; found '" + Shown(text) + "'";
  return "; '" + Shown(shown) + "' stands for something else";
}

arrow::Result<Value> ParseChoice(const OptionSpec& option, std::string_view text,
                                 std::string_view shown) {
  const auto& choices = option.choices;
  if (std::ranges::find(choices, text) != choices.end()) return std::string(text);
  for (const RefusedChoice& refused : option.refused_choices) {
    if (refused.value == text) return UserError(std::string(refused.sentence));
  }
  std::string message = "expected " + ExpectedOf(option) + FoundIn(text, shown);
  const std::string_view nearest = Nearest(text, choices);
  if (!nearest.empty() && text == shown) {
    message += "; did you mean '" + std::string(nearest) + "'?";
  }
  return UserError(message);
}

/// What helps with a value that is nearly right.
std::string_view HintFor(OptionType type, std::string_view text) {
  if (type == OptionType::kBytes) {
    return " (units: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB; whole numbers)";
  }
  if (type == OptionType::kDuration) return " (units: ms, s, m, h, d; whole numbers)";
  if (type == OptionType::kInteger && text.find('_') != std::string_view::npos) {
    return " (YAML has no '_' in numbers)";
  }
  return {};
}

constexpr std::string_view kNoTilde =
    "`~` is the shell's and is not expanded here; write ${HOME}/…, or an absolute path (./~… for a "
    "name that begins so)";

}  // namespace

const OptionTypeInfo& InfoOf(OptionType type) { return kOptionTypes.at(static_cast<size_t>(type)); }

std::string ExpectedOf(const OptionSpec& option) {
  if (option.type == OptionType::kEnum) return "one of " + Listed(option.choices);
  return std::string(InfoOf(option.type).expected) + RangeText(option);
}

arrow::Result<Value> ParseOptionText(const OptionSpec& option, std::string_view text,
                                     std::string_view shown) {
  if (option.type == OptionType::kEnum) return ParseChoice(option, text, shown);
  if (option.type == OptionType::kColumnType && text == shown) {
    ARROW_RETURN_NOT_OK(ParseTypeName(text));  // Its message lists the types.
  }
  if (option.type == OptionType::kPath && text.starts_with('~')) {
    return UserError(std::string(kNoTilde));
  }
  auto value = kParseFunctions.at(static_cast<size_t>(option.type))(text);
  if (value.has_value() && InRange(option, *value)) return *std::move(value);
  const std::string_view hint = value.has_value() ? std::string_view() : HintFor(option.type, text);
  return UserError("expected " + ExpectedOf(option) + FoundIn(text, shown) + std::string(hint));
}

arrow::Result<OptionValues> DefaultValues(std::span<const OptionSpec> options) {
  OptionValues values;
  for (const OptionSpec& option : options) {
    if (option.default_text.empty() || !option.refused.empty()) continue;
    ARROW_ASSIGN_OR_RAISE(auto value,
                          ParseOptionText(option, option.default_text, option.default_text));
    values.Set(std::string(option.key), std::move(value), /*from_default=*/true);
  }
  return values;
}

}  // namespace headrace
