#include "conformance/typed_rows.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>

namespace headrace {
namespace {

struct TypedColumn {
  std::shared_ptr<arrow::DataType> type;
  std::string json;
};

struct TypedColumns {
  std::string name;
  std::vector<TypedColumn> columns;
  bool decimal256 = false;
};

bool HasNullElement(const arrow::Array& values) {
  const bool is_list = values.type_id() == arrow::Type::LIST;
  for (const auto& child : values.data()->child_data) {
    const auto inner = arrow::MakeArray(child);
    if ((is_list && inner->null_count() > 0) || HasNullElement(*inner)) return true;
  }
  return false;
}

bool IsWanted(const TypedColumn& column, const TypedRowsWanted& wanted) {
  if (column.type->id() == arrow::Type::BINARY) return wanted.bytes;
  const auto values = arrow::json::ArrayFromJSONString(column.type, column.json).ValueOrDie();
  return wanted.null_elements || !HasNullElement(*values);
}

std::string Nines(int digits) {
  std::string nines(static_cast<size_t>(digits), '9');
  return nines;
}

/// All columns of one entry have the same number of rows.
std::vector<TypedColumns> AllColumns() {
  const auto pair =
      arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y", arrow::utf8())});
  const auto integers = arrow::list(arrow::field("element", arrow::int32()));
  return {
      {"integers",
       {{arrow::boolean(), "[true, false, null]"},
        {arrow::int16(), "[-32768, 32767, null]"},
        {arrow::int32(), "[-2147483648, 2147483647, null]"},
        {arrow::int64(), "[-9223372036854775808, 9223372036854775807, null]"}}},
      {"floats",
       {{arrow::float32(), "[NaN, Inf, -Inf, -0.0, 1.5, null]"},
        {arrow::float64(), "[NaN, Inf, -Inf, -0.0, 2.2250738585072014e-308, null]"}}},
      {"decimals",
       {{arrow::decimal128(4, 0), R"(["-9999", "9999", null])"},
        {arrow::decimal128(9, 2), R"(["-9999999.99", "0.01", null])"},
        {arrow::decimal128(12, 2), R"(["-9999999999.99", "-0.05", null])"},
        {arrow::decimal128(18, 6), R"(["-999999999999.999999", "1.000000", null])"},
        {arrow::decimal128(19, 0), R"(["-9999999999999999999", "0", null])"},
        {arrow::decimal128(38, 9),
         "[\"-" + Nines(29) + "." + Nines(9) + R"(", "0.000000001", null])"}}},
      {"wide_decimals",
       {{arrow::decimal256(39, 0), "[\"-" + Nines(39) + R"(", "7", null])"},
        {arrow::decimal256(76, 10),
         "[\"-" + Nines(66) + "." + Nines(10) + R"(", "0.0000000001", null])"}},
       true},
      {"nested_wide_decimals",
       {{arrow::list(arrow::field("element", arrow::decimal256(50, 10))),
         "[[\"-" + Nines(40) + "." + Nines(10) + R"(", null, "1.0000000000"], [], null])"},
        {arrow::struct_({arrow::field("d", arrow::decimal256(39, 0)),
                         arrow::field("w", arrow::decimal256(76, 38))}),
         R"([{"d": ")" + Nines(39) +
             R"(", "w": null}, {"d": "-1", "w": "-0.00000000000000000000000000000000000001"}, null])"}},
       true},
      {"texts",
       {{arrow::utf8(), R"(["", "größer 日本 🙂", "a\u0000b", null])"},
        {arrow::binary(), R"(["", "\u0000\u007f", "x", null])"}}},
      {"times",
       {{arrow::date32(), "[-719162, 2932896, 0, null]"},
        {arrow::timestamp(arrow::TimeUnit::MICRO),
         "[-62135596800000000, 253402300799999999, 0, null]"},
        {arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
         "[-62135596800000000, 253402300799999999, 0, null]"},
        {arrow::time64(arrow::TimeUnit::MICRO), "[0, 86399999999, 1, null]"}}},
      {"nested",
       {{integers, "[[1, null, 3], [], null, [4]]"},
        {pair, R"([{"x": 1, "y": "a"}, {"x": null, "y": null}, null, {"x": 2, "y": ""}])"},
        {arrow::list(arrow::field("element", arrow::utf8())), R"([["a", null], [""], null, []])"},
        {arrow::list(arrow::field("element", pair)),
         R"([[{"x": 1, "y": "a"}, null], [], null, [{"x": null, "y": "b"}]])"},
        {arrow::struct_({arrow::field("l", integers), arrow::field("s", pair)}),
         R"([{"l": [1], "s": {"x": 1, "y": null}}, {"l": null, "s": null}, null, {"l": [], "s": {"x": 0, "y": "z"}}])"}}},
      {"lists",
       {{integers, "[[1, 3], [], null, [4]]"},
        {arrow::list(arrow::field("element", arrow::utf8())), R"([["a", ""], ["ß"], null, []])"},
        {arrow::list(arrow::field("element", pair)),
         R"([[{"x": 1, "y": "a"}, {"x": null, "y": null}], [], null, [{"x": null, "y": "b"}]])"}}},
      {"only_nulls",
       {{arrow::int64(), "[null, null]"},
        {arrow::utf8(), "[null, null]"},
        {integers, "[null, null]"}}},
  };
}

std::shared_ptr<arrow::RecordBatch> BatchOf(const TypedColumns& columns, int copies) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const TypedColumn& column : columns.columns) {
    fields.push_back(arrow::field("c" + std::to_string(fields.size()), column.type));
    const auto once = arrow::json::ArrayFromJSONString(column.type, column.json).ValueOrDie();
    arrays.push_back(
        arrow::Concatenate(arrow::ArrayVector(static_cast<size_t>(copies), once)).ValueOrDie());
  }
  const int64_t rows = arrays[0]->length();
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, arrays);
}

/// The rows that hold no NULL, in columns that cannot.
std::shared_ptr<arrow::RecordBatch> RequiredBatchOf(const TypedColumns& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const TypedColumn& column : columns.columns) {
    fields.push_back(
        arrow::field("c" + std::to_string(fields.size()), column.type, /*nullable=*/false));
    arrays.push_back(
        arrow::json::ArrayFromJSONString(column.type, column.json).ValueOrDie()->Slice(0, 2));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), 2, arrays);
}

}  // namespace

std::vector<TypedRows> AllTypedRows(const TypedRowsWanted& wanted) {
  constexpr int kMany = 1000;  // Enough for dictionaries to pay.
  std::vector<TypedRows> rows;
  for (TypedColumns& columns : AllColumns()) {
    if (columns.decimal256 && !wanted.decimal256) continue;
    std::erase_if(columns.columns,
                  [&](const TypedColumn& column) { return !IsWanted(column, wanted); });
    if (columns.columns.empty()) continue;
    rows.push_back({columns.name, BatchOf(columns, 1)});
    rows.push_back({columns.name + "_often", BatchOf(columns, kMany)});
    if (columns.name != "only_nulls") {
      rows.push_back({columns.name + "_required", RequiredBatchOf(columns)});
    }
    rows.push_back({columns.name + "_sliced", BatchOf(columns, kMany)->Slice(3, kMany)});
  }
  return rows;
}

}  // namespace headrace
