#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/base64.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "headrace/model/civil_time.h"
#include "headrace/model/json_row.h"
#include "headrace/model/utf8.h"

// Whatever a row holds, its JSON is one line, and a reader gets the same values back.
namespace headrace {
namespace {

using Json = nlohmann::json;

template <typename T>
std::vector<std::optional<T>> AnyValues(const rc::Gen<T>& values) {
  return *rc::gen::container<std::vector<std::optional<T>>>(rc::gen::exec([values] {
    return *rc::gen::inRange(0, 5) == 0 ? std::nullopt : std::optional<T>(*values);
  }));
}

/// Of all bits, however few tests have run.
template <typename Integer>
rc::Gen<Integer> AnyBits() {
  return rc::gen::oneOf(rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<Integer>()),
                        rc::gen::arbitrary<Integer>());
}

std::shared_ptr<arrow::RecordBatch> BatchOfOne(const std::shared_ptr<arrow::Array>& column) {
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("c", column->type())}),
                                  column->length(), {column});
}

/// The rows of `batch` as a reader has them.
std::vector<Json> RowsRead(const arrow::RecordBatch& batch) {
  std::string text;
  const auto writer = JsonRowWriter::Make(batch.schema()).ValueOrDie();
  RC_ASSERT(writer.AppendLines(batch, text).ok());
  RC_ASSERT(IsUtf8(text));
  std::vector<Json> rows;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    rows.push_back(Json::parse(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  RC_ASSERT(rows.size() == static_cast<size_t>(batch.num_rows()));
  return rows;
}

/// A column of `values`, from any of them on, comes back: `same(json, value)`.
template <typename Builder, typename T, typename Same>
void ComesBack(Builder& builder, const std::vector<std::optional<T>>& values, Same same) {
  for (const auto& value : values) {
    RC_ASSERT((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  const auto first = *rc::gen::inRange<size_t>(0, values.size() + 1);
  const auto column = builder.Finish().ValueOrDie()->Slice(static_cast<int64_t>(first));
  const std::vector<Json> rows = RowsRead(*BatchOfOne(column));
  for (size_t i = 0; i < rows.size(); ++i) {
    const Json& json = rows[i].at("c");
    const auto& value = values[first + i];
    RC_ASSERT((value ? same(json, *value) : json.is_null()));
  }
}

template <typename Integer>
bool IsInteger(const Json& json, Integer value) {
  constexpr int64_t kExact = 9'007'199'254'740'991;
  if (std::cmp_less_equal(value, kExact) && std::cmp_greater_equal(value, -kExact)) {
    return json.is_number_integer() && json.get<Integer>() == value;
  }
  return json.is_string() && json.get<std::string>() == std::to_string(value);
}

RC_GTEST_PROP(JsonRowProperty, SignedIntegers, ()) {
  arrow::Int64Builder builder;
  ComesBack(builder, AnyValues(AnyBits<int64_t>()), IsInteger<int64_t>);
}

RC_GTEST_PROP(JsonRowProperty, UnsignedIntegers, ()) {
  arrow::UInt64Builder builder;
  ComesBack(builder, AnyValues(AnyBits<uint64_t>()), IsInteger<uint64_t>);
}

bool IsDouble(const Json& json, double value) {
  if (std::isnan(value)) return json == "NaN";
  if (std::isinf(value)) return json == (value > 0 ? "Infinity" : "-Infinity");
  return json.is_number() && json.get<double>() == value &&
         std::signbit(json.get<double>()) == std::signbit(value);
}

RC_GTEST_PROP(JsonRowProperty, Doubles, ()) {
  arrow::DoubleBuilder builder;
  const auto doubles =
      rc::gen::map(AnyBits<uint64_t>(), [](uint64_t bits) { return std::bit_cast<double>(bits); });
  ComesBack(builder, AnyValues(rc::gen::oneOf(doubles, rc::gen::arbitrary<double>())), IsDouble);
}

/// Read as what their column holds.
RC_GTEST_PROP(JsonRowProperty, Floats, ()) {
  const auto value = std::bit_cast<float>(*AnyBits<uint32_t>());
  RC_PRE(std::isfinite(value));
  arrow::FloatBuilder builder;
  RC_ASSERT(builder.Append(value).ok());
  const std::string row = SerializeRow(*BatchOfOne(*builder.Finish()), 0).ValueOrDie();
  constexpr std::string_view kFront = R"({"c":)";
  double read = 0;
  const char* begin = row.data() + kFront.size();
  const auto [end, error] = std::from_chars(begin, row.data() + row.size(), read);
  RC_ASSERT(std::string_view(end) == "}");
  RC_ASSERT(std::bit_cast<uint64_t>(read) == std::bit_cast<uint64_t>(double{value}));
}

template <typename Decimal>
rc::Gen<Decimal> AnyDecimal(int most_digits) {
  return rc::gen::exec([most_digits] {
    const auto size = static_cast<size_t>(*rc::gen::inRange(1, most_digits + 1));
    const auto digits =
        *rc::gen::container<std::string>(size, rc::gen::elementOf(std::string("0123456789")));
    return Decimal::FromString((*rc::gen::arbitrary<bool>() ? "-" : "") + digits).ValueOrDie();
  });
}

template <typename Decimal>
auto IsDecimal(int32_t scale) {
  return [scale](const Json& json, const Decimal& value) {
    Decimal read;
    int32_t precision = 0;
    int32_t read_scale = 0;
    const auto text = json.get<std::string>();
    return Decimal::FromString(text, &read, &precision, &read_scale).ok() && read == value &&
           read_scale == scale && text.find_first_of("eE+") == std::string::npos;
  };
}

RC_GTEST_PROP(JsonRowProperty, Decimals128, ()) {
  const int32_t scale = *rc::gen::inRange(0, 39);
  arrow::Decimal128Builder builder(arrow::decimal128(38, scale));
  ComesBack(builder, AnyValues(AnyDecimal<arrow::Decimal128>(38 - (scale == 38 ? 0 : 1))),
            IsDecimal<arrow::Decimal128>(scale));
}

RC_GTEST_PROP(JsonRowProperty, Decimals256, ()) {
  const int32_t scale = *rc::gen::inRange(0, 77);
  arrow::Decimal256Builder builder(arrow::decimal256(76, scale));
  ComesBack(builder, AnyValues(AnyDecimal<arrow::Decimal256>(75)),
            IsDecimal<arrow::Decimal256>(scale));
}

RC_GTEST_PROP(JsonRowProperty, Bytes, ()) {
  arrow::BinaryBuilder builder;
  ComesBack(builder, AnyValues(rc::gen::arbitrary<std::string>()),
            [](const Json& json, const std::string& value) {
              return arrow::util::base64_decode(json.get<std::string>()).ValueOrDie() == value &&
                     json == arrow::util::base64_encode(value);
            });
}

rc::Gen<std::string> AnyCharacters() {
  const auto pieces = rc::gen::element<std::string>("a", "\"", "\\", "\n", "\x01", "é", "注", "😀",
                                                    std::string(1, '\0'), "\x7F", "\u2028");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(pieces),
                      [](const std::vector<std::string>& chosen) {
                        std::string text;
                        for (const std::string& piece : chosen) text += piece;
                        return text;
                      });
}

RC_GTEST_PROP(JsonRowProperty, Texts, ()) {
  arrow::StringBuilder builder;
  ComesBack(builder, AnyValues(AnyCharacters()),
            [](const Json& json, const std::string& value) { return json == value; });
}

/// `bytes` with those that make no character replaced.
std::string Repaired(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const size_t size = Utf8CharacterSize(bytes);
    text += size == 0 ? kReplacementCharacter : bytes.substr(0, size);
    bytes.remove_prefix(std::max<size_t>(size, 1));
  }
  return text;
}

RC_GTEST_PROP(JsonRowProperty, TextsThatAreNoUtf8, ()) {
  arrow::StringBuilder builder;
  ComesBack(builder, AnyValues(rc::gen::arbitrary<std::string>()),
            [](const Json& json, const std::string& value) { return json == Repaired(value); });
}

RC_GTEST_PROP(JsonRowProperty, TimestampsWithAndWithoutZone, ()) {
  const bool zoned = *rc::gen::arbitrary<bool>();
  arrow::TimestampBuilder builder(arrow::timestamp(arrow::TimeUnit::MICRO, zoned ? "UTC" : ""),
                                  arrow::default_memory_pool());
  ComesBack(builder, AnyValues(AnyBits<int64_t>()), [zoned](const Json& json, int64_t value) {
    auto text = json.get<std::string>();
    if (zoned != text.ends_with('Z')) return false;
    if (zoned) text.pop_back();
    return MicrosOfIsoTime(text) == value;
  });
}

RC_GTEST_PROP(JsonRowProperty, NanosecondsLoseNothing, ()) {
  arrow::TimestampBuilder builder(arrow::timestamp(arrow::TimeUnit::NANO),
                                  arrow::default_memory_pool());
  ComesBack(builder, AnyValues(AnyBits<int64_t>()), [](const Json& json, int64_t value) {
    auto text = json.get<std::string>();
    int64_t below_micro = 0;
    if (const size_t point = text.find('.');
        point != std::string::npos && text.size() > point + 7) {
      below_micro = std::stoll(text.substr(point + 7));
      text.resize(point + 7);
    }
    const auto micros = MicrosOfIsoTime(text);
    return micros == FloorDivide(value, 1'000) && below_micro == FloorRemainder(value, 1'000);
  });
}

RC_GTEST_PROP(JsonRowProperty, Dates, ()) {
  arrow::Date32Builder builder;
  const auto days = rc::gen::inRange<int32_t>(-100'000'000, 100'000'000);
  ComesBack(builder, AnyValues(days), [](const Json& json, int32_t value) {
    return MicrosOfIsoTime(json.get<std::string>() + "T00:00:00") == value * kMicrosPerDay;
  });
}

RC_GTEST_PROP(JsonRowProperty, TimesOfDay, ()) {
  arrow::Time64Builder builder(arrow::time64(arrow::TimeUnit::MICRO), arrow::default_memory_pool());
  const auto times = rc::gen::inRange<int64_t>(0, kMicrosPerDay);
  ComesBack(builder, AnyValues(times), [](const Json& json, int64_t value) {
    return MicrosOfIsoTime("1970-01-01T" + json.get<std::string>()) == value;
  });
}

/// What a row of nested columns holds, and what its JSON must be.
struct NestedRow {
  std::optional<std::vector<std::optional<int64_t>>> numbers;
  std::optional<std::string> name;
  bool is_null = false;

  Json ToJson() const {
    if (is_null) return {{"group", nullptr}};
    Json list = nullptr;
    if (numbers) {
      list = Json::array();
      for (const auto& number : *numbers) list.push_back(number ? Json(*number) : Json(nullptr));
    }
    return {{"group", {{"numbers", list}, {"name", name ? Json(*name) : Json(nullptr)}}}};
  }
};

std::vector<NestedRow> AnyNestedRows() {
  return *rc::gen::container<std::vector<NestedRow>>(rc::gen::exec([] {
    NestedRow row;
    row.is_null = *rc::gen::inRange(0, 5) == 0;
    if (*rc::gen::inRange(0, 4) != 0) row.name = *AnyCharacters();
    if (*rc::gen::inRange(0, 4) != 0) {
      row.numbers = AnyValues(rc::gen::inRange<int64_t>(-1'000, 1'000));
    }
    return row;
  }));
}

std::shared_ptr<arrow::RecordBatch> BatchOfNested(const std::vector<NestedRow>& rows) {
  const auto type = arrow::struct_(
      {arrow::field("numbers", arrow::list(arrow::int64())), arrow::field("name", arrow::utf8())});
  const auto numbers = std::make_shared<arrow::Int64Builder>();
  const auto lists = std::make_shared<arrow::ListBuilder>(arrow::default_memory_pool(), numbers);
  const auto names = std::make_shared<arrow::StringBuilder>();
  arrow::StructBuilder groups(type, arrow::default_memory_pool(), {lists, names});
  for (const NestedRow& row : rows) {
    RC_ASSERT(groups.Append(!row.is_null).ok());
    RC_ASSERT((row.name ? names->Append(*row.name) : names->AppendNull()).ok());
    RC_ASSERT(lists->Append(row.numbers.has_value()).ok());
    for (const auto& number : row.numbers.value_or(std::vector<std::optional<int64_t>>())) {
      RC_ASSERT((number ? numbers->Append(*number) : numbers->AppendNull()).ok());
    }
  }
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("group", type)}),
                                  static_cast<int64_t>(rows.size()),
                                  arrow::ArrayVector{groups.Finish().ValueOrDie()});
}

RC_GTEST_PROP(JsonRowProperty, StructsOfLists, ()) {
  const std::vector<NestedRow> rows = AnyNestedRows();
  const auto first = *rc::gen::inRange<size_t>(0, rows.size() + 1);
  const auto batch = BatchOfNested(rows)->Slice(static_cast<int64_t>(first));
  const std::vector<Json> read = RowsRead(*batch);
  for (size_t i = 0; i < read.size(); ++i) RC_ASSERT(read[i] == rows[first + i].ToJson());
}

}  // namespace
}  // namespace headrace
