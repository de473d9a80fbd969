#include "headrace/model/json_value_writer.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/binary_view_util.h>
#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "headrace/model/base64.h"
#include "headrace/model/civil_time.h"
#include "headrace/model/json_string.h"
#include "headrace/model/utf8.h"

namespace headrace {
namespace {

/// Of both signs: integers up to it are doubles, which is what many readers make of a number.
constexpr int64_t kMostExactInteger = (int64_t{1} << 53U) - 1;

/// More than PostgreSQL's and BigQuery's decimals have, few enough to write as zeros.
constexpr int32_t kMostScale = 1000;

template <typename Number>
void AppendNumber(Number number, std::string& json) {
  std::array<char, 32> text;  // A double takes 24 at most, an integer 20.
  json.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

class NullJson final : public JsonValueWriter {
 public:
  explicit NullJson(const arrow::DataType& /*type*/) {}

 private:
  void AppendValid(const arrow::ArrayData& /*data*/, int64_t /*position*/,
                   std::string& json) const override {
    json += "null";
  }
};

class BoolJson final : public JsonValueWriter {
 public:
  explicit BoolJson(const arrow::DataType& /*type*/) {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    json += arrow::bit_util::GetBit(data.buffers[1]->data(), position) ? "true" : "false";
  }
};

template <typename Integer>
class IntegerJson final : public JsonValueWriter {
 public:
  explicit IntegerJson(const arrow::DataType& /*type*/) {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    const Integer value = data.GetValues<Integer>(1, 0)[position];
    const bool exact = std::cmp_greater_equal(value, -kMostExactInteger) &&
                       std::cmp_less_equal(value, kMostExactInteger);
    if (!exact) json += '"';
    AppendNumber(value, json);
    if (!exact) json += '"';
  }
};

void AppendFloat(double value, std::string& json) {
  if (std::isnan(value)) {
    json += R"("NaN")";
  } else if (std::isinf(value)) {
    json += value > 0 ? R"("Infinity")" : R"("-Infinity")";
  } else if (value == 0 && std::signbit(value)) {
    json += "-0.0";  // Readers that find no point make an integer of it, which has no such zero.
  } else {
    AppendNumber(value, json);
  }
}

template <typename Float>
class FloatJson final : public JsonValueWriter {
 public:
  explicit FloatJson(const arrow::DataType& /*type*/) {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    // A column of floats is one of doubles: the shortest text of a float would be another double.
    AppendFloat(data.GetValues<Float>(1, 0)[position], json);
  }
};

class HalfFloatJson final : public JsonValueWriter {
 public:
  explicit HalfFloatJson(const arrow::DataType& /*type*/) {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    const uint16_t bits = data.GetValues<uint16_t>(1, 0)[position];
    AppendFloat(arrow::util::Float16::FromBits(bits).ToFloat(), json);
  }
};

/// Appends `digits`, an integer with its sign, times 10^-`scale`, without an exponent.
void AppendScaled(std::string_view digits, int32_t scale, std::string& json) {
  if (digits.starts_with('-')) {
    json += '-';
    digits.remove_prefix(1);
  }
  if (scale <= 0) {
    json += digits;
    if (digits != "0") json.append(static_cast<size_t>(-scale), '0');
    return;
  }
  const auto behind = static_cast<size_t>(scale);
  const size_t before = digits.size() > behind ? digits.size() - behind : 0;
  json += before == 0 ? "0" : digits.substr(0, before);
  json += '.';
  json.append(behind - (digits.size() - before), '0');
  json += digits.substr(before);
}

void AppendUnscaled(int64_t unscaled, int32_t scale, std::string& json) {
  std::array<char, 20> text;
  const char* end = std::to_chars(text.data(), text.data() + text.size(), unscaled).ptr;
  AppendScaled({text.data(), end}, scale, json);
}

/// Most values of a wide type are small.
template <typename Decimal, size_t Limbs>
void AppendWide(const std::array<uint64_t, Limbs>& limbs, int32_t scale, std::string& json) {
  const auto low = static_cast<int64_t>(limbs[0]);
  bool small = true;
  for (size_t i = 1; i < Limbs; ++i) small = small && limbs[i] == static_cast<uint64_t>(low >> 63U);
  if (small) return AppendUnscaled(low, scale, json);
  AppendScaled(Decimal(Decimal::LittleEndianArray, limbs).ToIntegerString(), scale, json);
}

void AppendUnscaled(const std::array<uint64_t, 2>& limbs, int32_t scale, std::string& json) {
  AppendWide<arrow::Decimal128>(limbs, scale, json);
}

void AppendUnscaled(const std::array<uint64_t, 4>& limbs, int32_t scale, std::string& json) {
  AppendWide<arrow::Decimal256>(limbs, scale, json);
}

/// Unscaled values as they lie in the buffer: an integer, or limbs from the least significant on.
template <typename Unscaled>
class DecimalJson final : public JsonValueWriter {
 public:
  explicit DecimalJson(const arrow::DataType& type)
      : scale_(static_cast<const arrow::DecimalType&>(type).scale()) {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    json += '"';
    AppendUnscaled(data.GetValues<Unscaled>(1, 0)[position], scale_, json);
    json += '"';
  }

  int32_t scale_;
};

template <typename Offset>
struct OffsetBytes {
  explicit OffsetBytes(const arrow::DataType& /*type*/) {}
  std::string_view At(const arrow::ArrayData& data, int64_t position) const {
    const auto* offsets = data.GetValues<Offset>(1, 0);
    const Offset first = offsets[position];
    const auto size = static_cast<size_t>(offsets[position + 1] - first);
    return size == 0 ? std::string_view() : std::string_view(data.GetValues<char>(2, first), size);
  }
};

struct ViewBytes {
  explicit ViewBytes(const arrow::DataType& /*type*/) {}
  std::string_view At(const arrow::ArrayData& data, int64_t position) const {
    const auto& view = data.GetValues<arrow::BinaryViewType::c_type>(1, 0)[position];
    return arrow::util::FromBinaryView(view, data.buffers.data() + 2);
  }
};

struct FixedBytes {
  explicit FixedBytes(const arrow::DataType& type) : width(type.byte_width()) {}
  std::string_view At(const arrow::ArrayData& data, int64_t position) const {
    return {data.GetValues<char>(1, 0) + position * width, static_cast<size_t>(width)};
  }
  int64_t width;
};

template <typename Layout>
class TextJson final : public JsonValueWriter {
 public:
  explicit TextJson(const arrow::DataType& type) : layout_(type) {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    AppendJsonString(layout_.At(data, position), json);
  }

  Layout layout_;
};

template <typename Layout>
class BytesJson final : public JsonValueWriter {
 public:
  explicit BytesJson(const arrow::DataType& type) : layout_(type) {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    json += '"';
    AppendBase64(layout_.At(data, position), json);
    json += '"';
  }

  Layout layout_;
};

/// Numbers of days or milliseconds since 1970.
template <typename Integer, int64_t PerDay>
class DateJson final : public JsonValueWriter {
 public:
  explicit DateJson(const arrow::DataType& /*type*/) {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    constexpr int64_t kSecondsPerDay = 86'400;
    const int64_t day = FloorDivide(data.GetValues<Integer>(1, 0)[position], PerDay);
    json += '"';
    AppendDate(CivilTimeOfSeconds(day * kSecondsPerDay), json);
    json += '"';
  }
};

struct SecondParts {
  int64_t per_second;
  size_t digits;  ///< That such a part has behind the point.
};

/// By arrow::TimeUnit: seconds, milliseconds, microseconds, nanoseconds.
constexpr std::array<SecondParts, 4> kSecondParts = {
    {{1, 0}, {1'000, 3}, {1'000'000, 6}, {1'000'000'000, 9}}};

const SecondParts& PartsOf(arrow::TimeUnit::type unit) {
  return kSecondParts.at(static_cast<size_t>(unit));
}

/// `count`: 0 or more, less than a second. Nanoseconds that are whole microseconds are written as
/// these, which is all that BigQuery's types hold.
void AppendSecondParts(int64_t count, SecondParts parts, std::string& json) {
  if (count == 0) return;
  if (parts.digits == 9 && count % 1'000 == 0) {
    count /= 1'000;
    parts.digits = 6;
  }
  json += '.';
  AppendDigits(count, parts.digits, json);
}

class TimestampJson final : public JsonValueWriter {
 public:
  explicit TimestampJson(const arrow::DataType& type)
      : parts_(PartsOf(static_cast<const arrow::TimestampType&>(type).unit())),
        end_(static_cast<const arrow::TimestampType&>(type).timezone().empty() ? "\"" : "Z\"") {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    const int64_t value = data.GetValues<int64_t>(1, 0)[position];
    const CivilTime time = CivilTimeOfSeconds(FloorDivide(value, parts_.per_second));
    json += '"';
    AppendDate(time, json);
    json += 'T';
    AppendTimeOfDay(time, json);
    AppendSecondParts(FloorRemainder(value, parts_.per_second), parts_, json);
    json += end_;
  }

  SecondParts parts_;
  std::string_view end_;
};

/// Total, so that no value is changed: what no day has, and readers refuse, is `24:00:00` and
/// later, or has a sign.
template <typename Integer>
class TimeOfDayJson final : public JsonValueWriter {
 public:
  explicit TimeOfDayJson(const arrow::DataType& type)
      : parts_(PartsOf(static_cast<const arrow::TimeType&>(type).unit())) {}

 private:
  void AppendValid(const arrow::ArrayData& data, int64_t position,
                   std::string& json) const override {
    const int64_t value = data.GetValues<Integer>(1, 0)[position];
    const int64_t second = std::abs(value / parts_.per_second);
    json += value < 0 ? "\"-" : "\"";
    AppendDigits(second / 3'600, 2, json);
    json += ':';
    AppendDigits(second / 60 % 60, 2, json);
    json += ':';
    AppendDigits(second % 60, 2, json);
    AppendSecondParts(std::abs(value % parts_.per_second), parts_, json);
    json += '"';
  }

  SecondParts parts_;
};

struct JsonWriterRow {
  arrow::Type::type type;
  std::unique_ptr<JsonValueWriter> (*make)(const arrow::DataType&);
};

template <typename Writer>
std::unique_ptr<JsonValueWriter> NewJsonWriter(const arrow::DataType& type) {
  return std::make_unique<Writer>(type);
}

constexpr std::array<JsonWriterRow, 29> kJsonWriters = {{
    {arrow::Type::NA, NewJsonWriter<NullJson>},
    {arrow::Type::BOOL, NewJsonWriter<BoolJson>},
    {arrow::Type::INT8, NewJsonWriter<IntegerJson<int8_t>>},
    {arrow::Type::INT16, NewJsonWriter<IntegerJson<int16_t>>},
    {arrow::Type::INT32, NewJsonWriter<IntegerJson<int32_t>>},
    {arrow::Type::INT64, NewJsonWriter<IntegerJson<int64_t>>},
    {arrow::Type::UINT8, NewJsonWriter<IntegerJson<uint8_t>>},
    {arrow::Type::UINT16, NewJsonWriter<IntegerJson<uint16_t>>},
    {arrow::Type::UINT32, NewJsonWriter<IntegerJson<uint32_t>>},
    {arrow::Type::UINT64, NewJsonWriter<IntegerJson<uint64_t>>},
    {arrow::Type::HALF_FLOAT, NewJsonWriter<HalfFloatJson>},
    {arrow::Type::FLOAT, NewJsonWriter<FloatJson<float>>},
    {arrow::Type::DOUBLE, NewJsonWriter<FloatJson<double>>},
    {arrow::Type::DECIMAL32, NewJsonWriter<DecimalJson<int32_t>>},
    {arrow::Type::DECIMAL64, NewJsonWriter<DecimalJson<int64_t>>},
    {arrow::Type::DECIMAL128, NewJsonWriter<DecimalJson<std::array<uint64_t, 2>>>},
    {arrow::Type::DECIMAL256, NewJsonWriter<DecimalJson<std::array<uint64_t, 4>>>},
    {arrow::Type::STRING, NewJsonWriter<TextJson<OffsetBytes<int32_t>>>},
    {arrow::Type::LARGE_STRING, NewJsonWriter<TextJson<OffsetBytes<int64_t>>>},
    {arrow::Type::STRING_VIEW, NewJsonWriter<TextJson<ViewBytes>>},
    {arrow::Type::BINARY, NewJsonWriter<BytesJson<OffsetBytes<int32_t>>>},
    {arrow::Type::LARGE_BINARY, NewJsonWriter<BytesJson<OffsetBytes<int64_t>>>},
    {arrow::Type::BINARY_VIEW, NewJsonWriter<BytesJson<ViewBytes>>},
    {arrow::Type::FIXED_SIZE_BINARY, NewJsonWriter<BytesJson<FixedBytes>>},
    {arrow::Type::DATE32, NewJsonWriter<DateJson<int32_t, 1>>},
    {arrow::Type::DATE64, NewJsonWriter<DateJson<int64_t, 86'400'000>>},
    {arrow::Type::TIME32, NewJsonWriter<TimeOfDayJson<int32_t>>},
    {arrow::Type::TIME64, NewJsonWriter<TimeOfDayJson<int64_t>>},
    {arrow::Type::TIMESTAMP, NewJsonWriter<TimestampJson>},
}};

/// A scale may be any 32 bits, and so would be the number of zeros to write.
bool HasJsonRule(const arrow::DataType& type) {
  return !arrow::is_decimal(type.id()) ||
         std::abs(int64_t{static_cast<const arrow::DecimalType&>(type).scale()}) <= kMostScale;
}

}  // namespace

JsonWriterResult MakeJsonWriter(const arrow::DataType& type, const std::string& path) {
  for (const JsonWriterRow& row : kJsonWriters) {
    if (row.type == type.id() && HasJsonRule(type)) return row.make(type);
  }
  ARROW_ASSIGN_OR_RAISE(auto nested, MakeNestedJsonWriter(type, path));
  if (nested == nullptr) {
    return BugError("column " + QuotedText(path) + ": no JSON rule for values of type " +
                    type.ToString());
  }
  return nested;
}

}  // namespace headrace
