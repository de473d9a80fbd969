#include "headrace/destination/bigquery/fit_batch.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/initialize.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>

#include <nlohmann/json.hpp>
#include <random>

#include "headrace/destination/bigquery/schema_change.h"

namespace headrace {
namespace {

using arrow::field;
using testing::ElementsAre;
using testing::HasSubstr;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;
using FieldPtr = std::shared_ptr<arrow::Field>;
using Json = nlohmann::json;

/// The value in `row` as a naive reader sees it: a NULL list is an empty one, records are lists of
/// their fields, timestamps are microseconds, all else is text.
Json NaiveValue(const arrow::Array& values, int64_t row) {
  const bool is_list = arrow::is_list_like(values.type_id()) ||
                       values.type_id() == arrow::Type::LIST_VIEW ||
                       values.type_id() == arrow::Type::LARGE_LIST_VIEW;
  if (values.IsNull(row)) return is_list ? Json::array() : Json();
  const auto scalar = values.GetScalar(row).ValueOrDie();
  Json list = Json::array();
  if (is_list) {
    const arrow::Array& elements = *dynamic_cast<const arrow::BaseListScalar&>(*scalar).value;
    for (int64_t i = 0; i < elements.length(); ++i) list.push_back(NaiveValue(elements, i));
    return list;
  }
  if (const auto* record = dynamic_cast<const arrow::StructArray*>(&values)) {
    for (int i = 0; i < record->num_fields(); ++i) {
      list.push_back(NaiveValue(*record->field(i), row));
    }
    return list;
  }
  if (const auto* time = dynamic_cast<const arrow::TimestampScalar*>(scalar.get())) {
    const auto unit = dynamic_cast<const arrow::TimestampType&>(*values.type()).unit();
    return unit == arrow::TimeUnit::NANO ? time->value / 1000 : time->value;
  }
  return scalar->ToString();
}

std::vector<Json> NaiveValues(const arrow::Array& values) {
  std::vector<Json> rows;
  for (int64_t row = 0; row < values.length(); ++row) rows.push_back(NaiveValue(values, row));
  return rows;
}

ArrayPtr ArrayOf(const TypePtr& type, std::string_view json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

/// The one column `values` in the form in which it is staged; `table`: the fields of the table's
/// schema as JSON, empty where it is made.
arrow::Result<ArrayPtr> Fit(const FieldPtr& output, const ArrayPtr& values,
                            const std::string& table = {}) {
  const auto schema = arrow::schema({output});
  ARROW_ASSIGN_OR_RAISE(auto columns, ColumnsOf(*schema));
  if (!table.empty()) {
    ARROW_ASSIGN_OR_RAISE(const auto fields, TableFieldsFromJson(Json::parse(table)));
    columns.columns = ColumnsForTable(columns.columns, fields);
  }
  ARROW_ASSIGN_OR_RAISE(const BatchFitter fitter, BatchFitter::Make(schema, columns.columns));
  ARROW_ASSIGN_OR_RAISE(const auto batch,
                        fitter.Fit(arrow::RecordBatch::Make(schema, values->length(), {values})));
  ARROW_RETURN_NOT_OK(batch->ValidateFull());
  EXPECT_TRUE(batch->column(0)->type()->Equals(*fitter.staged()->field(0)->type(), true));
  return batch->column(0);
}

/// What a reader of the file finds that `values` are staged in.
arrow::Result<ArrayPtr> ThroughParquet(const FieldPtr& staged, const ArrayPtr& values) {
  ARROW_ASSIGN_OR_RAISE(const auto sink, arrow::io::BufferOutputStream::Create());
  const auto table = arrow::Table::Make(arrow::schema({staged}), {values});
  ARROW_RETURN_NOT_OK(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink));
  ARROW_ASSIGN_OR_RAISE(const auto buffer, sink->Finish());
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        parquet::arrow::OpenFile(std::make_shared<arrow::io::BufferReader>(buffer),
                                                 arrow::default_memory_pool()));
  ARROW_ASSIGN_OR_RAISE(const auto read, reader->ReadTable());
  ARROW_ASSIGN_OR_RAISE(const auto batch, read->CombineChunksToBatch());
  return batch->column(0);
}

class FitBatchTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(arrow::compute::Initialize().ok()); }
};

TEST_F(FitBatchTest, TypesThatTheServiceLacksAreCast) {
  struct Case {
    TypePtr type;
    const char* values;
    TypePtr staged;
    const char* expected;
  };
  const auto element = [](const TypePtr& type) { return arrow::list(field("element", type)); };
  for (const Case& each : std::vector<Case>{
           {arrow::int8(), "[-128, null, 127]", arrow::int16(), "[-128, null, 127]"},
           {arrow::uint8(), "[255]", arrow::int16(), "[255]"},
           {arrow::uint32(), "[4294967295]", arrow::int64(), "[4294967295]"},
           {arrow::uint64(), "[18446744073709551615, null, 0]", arrow::decimal128(20, 0),
            R"(["18446744073709551615", null, "0"])"},
           {arrow::float16(), "[1.5, null, -2]", arrow::float32(), "[1.5, null, -2]"},
           {arrow::date64(), "[86400000, null]", arrow::date32(), "[1, null]"},
           {arrow::time32(arrow::TimeUnit::SECOND), "[1]", arrow::time64(arrow::TimeUnit::MICRO),
            "[1000000]"},
           {arrow::timestamp(arrow::TimeUnit::SECOND), "[1, null]",
            arrow::timestamp(arrow::TimeUnit::MICRO), "[1000000, null]"},
           {arrow::timestamp(arrow::TimeUnit::MICRO, "Asia/Tokyo"), "[1]",
            arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[1]"},
           {arrow::large_utf8(), R"(["ü", null])", arrow::utf8(), R"(["ü", null])"},
           {arrow::utf8_view(), R"(["a", null])", arrow::utf8(), R"(["a", null])"},
           {arrow::fixed_size_binary(2), R"(["ab"])", arrow::binary(), R"(["ab"])"},
           {arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["x", null, "x"])", arrow::utf8(),
            R"(["x", null, "x"])"},
           {arrow::dictionary(arrow::int8(), arrow::uint64()), "[7, null]",
            arrow::decimal128(20, 0), R"(["7", null])"},
           {arrow::large_list(arrow::uint8()), "[[1], null, [], [2, 3]]", element(arrow::int16()),
            "[[1], null, [], [2, 3]]"},
           {arrow::fixed_size_list(arrow::int8(), 2), "[[1, 2], null, [3, 4]]",
            element(arrow::int16()), "[[1, 2], null, [3, 4]]"},
           {arrow::large_list_view(arrow::uint8()), "[[1], null, [], [2, 3]]",
            element(arrow::int16()), "[[1], null, [], [2, 3]]"},
           {arrow::list_view(arrow::int64()), "[[1], null, [2, 3]]", element(arrow::int64()),
            "[[1], null, [2, 3]]"},
       }) {
    SCOPED_TRACE(each.type->ToString());
    const ArrayPtr values = ArrayOf(each.type, each.values);
    const auto fitted = Fit(field("c", each.type), values);
    ASSERT_TRUE(fitted.ok()) << fitted.status();
    const ArrayPtr expected = ArrayOf(each.staged, each.expected);
    EXPECT_TRUE((*fitted)->type()->Equals(*each.staged)) << (*fitted)->type()->ToString();
    EXPECT_EQ(NaiveValues(**fitted), NaiveValues(*expected));
    for (int64_t offset = 0; offset < values->length(); ++offset) {
      const auto slice = Fit(field("c", each.type), values->Slice(offset, 1));
      ASSERT_TRUE(slice.ok()) << slice.status();
      EXPECT_EQ(NaiveValues(**slice), NaiveValues(*expected->Slice(offset, 1)));
    }
  }
}

TEST_F(FitBatchTest, ADecimalOfNegativeScaleIsOneOfMoreDigits) {
  arrow::Decimal128Builder builder(arrow::decimal128(5, -2));
  ASSERT_TRUE(builder.Append(arrow::Decimal128(123)).ok());
  const auto fitted = Fit(field("c", arrow::decimal128(5, -2)), builder.Finish().ValueOrDie());
  ASSERT_TRUE(fitted.ok()) << fitted.status();
  EXPECT_THAT(NaiveValues(**fitted), ElementsAre(Json("12300")));
}

TEST_F(FitBatchTest, FieldsAreCalledAsInTheTableAtEveryDepth) {
  const auto inner = arrow::struct_({field("x y", arrow::int8()), field("1", arrow::utf8())});
  const auto outer = arrow::struct_({field("in ner", arrow::list(inner))});
  const auto fitted =
      Fit(field("out er", outer),
          ArrayOf(outer, R"([{"in ner": [{"x y": 1, "1": "a"}]}, {"in ner": null}, null])"));
  ASSERT_TRUE(fitted.ok()) << fitted.status();
  EXPECT_EQ((*fitted)->type()->ToString(),
            "struct<in_ner: list<element: struct<x_y: int16, _1: string>>>");
  EXPECT_THAT(NaiveValues(**fitted),
              ElementsAre(Json::parse(R"([[["1", "a"]]])"), Json::parse("[[]]"), Json()));
}

TEST_F(FitBatchTest, FieldsOfTheValuesOfAMapAreCalledSoToo) {
  const auto record = arrow::struct_({field("x y", arrow::int8()), field("z", arrow::uint64())});
  const auto map = arrow::map(arrow::utf8(), record);
  const auto fitted =
      Fit(field("m", map),
          ArrayOf(map, R"([[["k", {"x y": 1, "z": 2}], ["l", {"x y": 3, "z": 4}]], null, []])"));
  ASSERT_TRUE(fitted.ok()) << fitted.status();
  EXPECT_THAT(NaiveValues(**fitted),
              ElementsAre(Json::parse(R"([["k", ["1", "2"]], ["l", ["3", "4"]]])"), Json::array(),
                          Json::array()));
}

TEST_F(FitBatchTest, FieldsThatTheTableHasNotAreLeftOut) {
  const auto home = arrow::struct_({field("floor", arrow::int32()), field("ZIP", arrow::utf8())});
  const ArrayPtr values = ArrayOf(home, R"([{"floor": 1, "ZIP": "a"}, null])");
  const auto fitted = Fit(field("home", home), values, R"({"fields":[{"name":"Home",
      "type":"RECORD","fields":[{"name":"zip","type":"STRING"}]}]})");
  ASSERT_TRUE(fitted.ok()) << fitted.status();
  EXPECT_EQ((*fitted)->type()->ToString(), "struct<zip: string>");
  EXPECT_THAT(NaiveValues(**fitted), ElementsAre(Json::parse(R"(["a"])"), Json()));
}

TEST_F(FitBatchTest, ANullThatTheTableDoesNotTakeIsAnError) {
  struct Case {
    FieldPtr output;
    const char* values;
    const char* table;
    const char* message;
  };
  const auto pair = arrow::struct_({field("a b", arrow::int64())});
  for (const Case& each :
       std::vector<Case>{{field("c", arrow::int64()), "[1, null]",
                          R"({"fields":[{"name":"c","type":"INTEGER","mode":"REQUIRED"}]})",
                          "column 'c' has a NULL, which"},
                         {field("c", arrow::list(arrow::int64())), "[[1], [2, null]]", "",
                          "column 'c' has a NULL among its elements, which"},
                         {field("c", arrow::large_list(arrow::int64())), "[[1], [null]]", "",
                          "column 'c' has a NULL among its elements, which"},
                         {field("c", pair), R"([{"a b": 1}, {"a b": null}])",
                          R"({"fields":[{"name":"c","type":"RECORD","fields":[
                {"name":"a_b","type":"INTEGER","mode":"REQUIRED"}]}]})",
                          "column 'c.a_b' has a NULL, which"},
                         {field("c", arrow::list(pair)), R"([[{"a b": 1}, {"a b": null}]])",
                          R"({"fields":[{"name":"c","type":"RECORD","mode":"REPEATED","fields":[
                {"name":"a_b","type":"INTEGER","mode":"REQUIRED"}]}]})",
                          "column 'c[].a_b' has a NULL, which"}}) {
    SCOPED_TRACE(each.values);
    const auto error = Fit(each.output, ArrayOf(each.output->type(), each.values), each.table);
    ASSERT_FALSE(error.ok());
    EXPECT_EQ(ClassOf(error.status()), ErrorClass::kPermanent);
    EXPECT_THAT(error.status().message(), HasSubstr(each.message));
    // The first row alone is fine.
    const auto first =
        Fit(each.output, ArrayOf(each.output->type(), each.values)->Slice(0, 1), each.table);
    if (std::string_view(each.values).find(", [") != std::string_view::npos ||
        each.output->type()->id() == arrow::Type::STRUCT) {
      EXPECT_TRUE(first.ok()) << first.status();
    }
  }
}

TEST_F(FitBatchTest, NullsUnderNullsAreNone) {
  const auto record = arrow::struct_({field("x", arrow::int64(), false)});
  const auto children = ArrayOf(arrow::int64(), "[1, null, 3]");
  const auto validity = ArrayOf(arrow::boolean(), "[true, false, true]");
  const auto bitmap = validity->data()->buffers[1];
  const auto values = std::make_shared<arrow::StructArray>(record, 3, arrow::ArrayVector{children},
                                                           bitmap, arrow::kUnknownNullCount);
  const auto fitted = Fit(field("c", record), values);
  ASSERT_TRUE(fitted.ok()) << fitted.status();
  const auto staged = field("c", (*fitted)->type());
  const auto read = ThroughParquet(staged, *fitted);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(NaiveValues(**read), NaiveValues(*values));
}

TEST_F(FitBatchTest, WhatIsNotInTheBatchDoesNotCount) {
  // Nanoseconds do not fit, and lie outside of the slice and under NULLs.
  const auto nanos = arrow::timestamp(arrow::TimeUnit::NANO);
  const auto record = arrow::struct_({field("t", nanos)});
  const auto records = ArrayOf(record, R"([{"t": 1}, {"t": 2000}, {"t": 3}])")->Slice(1, 1);
  const auto struct_fitted = Fit(field("c", record), records);
  ASSERT_TRUE(struct_fitted.ok()) << struct_fitted.status();
  EXPECT_THAT(NaiveValues(**struct_fitted), ElementsAre(Json::parse("[2]")));
  const auto list = arrow::list(nanos);
  const auto lists = ArrayOf(list, "[[1, 2], [3000, 4000], [5]]")->Slice(1, 1);
  const auto list_fitted = Fit(field("c", list), lists);
  ASSERT_TRUE(list_fitted.ok()) << list_fitted.status();
  EXPECT_THAT(NaiveValues(**list_fitted), ElementsAre(Json::parse("[3, 4]")));
}

TEST_F(FitBatchTest, AValueThatDoesNotFitIsAnErrorOfItsColumn) {
  const auto nanos = arrow::timestamp(arrow::TimeUnit::NANO);
  const auto error = Fit(field("c d", nanos), ArrayOf(nanos, "[1]"));
  EXPECT_EQ(ClassOf(error.status()), ErrorClass::kPermanent);
  EXPECT_THAT(error.status().message(), HasSubstr("column 'c_d': "));
}

TEST_F(FitBatchTest, WhatNeedsNoCastIsShared) {
  const auto values = ArrayOf(arrow::int64(), "[1, 2]");
  EXPECT_EQ(Fit(field("a b", arrow::int64()), values).ValueOrDie()->data()->buffers[1],
            values->data()->buffers[1]);
}

/// Random arrays of random types, with all that Arrow allows where nobody looks: other values and
/// NULLs under NULLs.
class RandomArrays {
 public:
  explicit RandomArrays(uint64_t seed) : random_(seed) {}

  bool Flip(uint64_t of = 2) { return random_() % of == 0; }
  int64_t Below(int64_t limit) {
    return static_cast<int64_t>(random_() % static_cast<uint64_t>(limit));
  }

  FieldPtr Field(int depth, bool in_list) {
    const TypePtr type = Type(depth, in_list);
    const std::string name = (Flip() ? "a " : "b") + std::to_string(++names_);
    return field(name, type, !Flip(3));
  }

  /// `seen`: which of the values count.
  ArrayPtr Values(const arrow::Field& of, const std::vector<bool>& seen) {
    std::vector<bool> valid(seen.size(), true);
    for (size_t i = 0; i < seen.size(); ++i) {
      if (of.nullable() || !seen[i]) valid[i] = !Flip(4);
    }
    std::vector<bool> inside = seen;
    for (size_t i = 0; i < seen.size(); ++i) inside[i] = seen[i] && valid[i];
    const TypePtr& type = of.type();
    switch (type->id()) {
      case arrow::Type::STRUCT:
        return Struct(type, valid, inside);
      case arrow::Type::LIST:
        return List<arrow::ListArray>(type, valid, inside);
      case arrow::Type::LARGE_LIST:
        return List<arrow::LargeListArray>(type, valid, inside);
      case arrow::Type::MAP:
        return Map(type, valid, inside);
      case arrow::Type::FIXED_SIZE_LIST:
        return FixedList(type, valid, inside);
      default:
        return Scalars(type, valid, inside);
    }
  }

 private:
  TypePtr Type(int depth, bool in_list) {
    const int64_t kind = depth == 0 ? Below(8) : Below(14);
    switch (kind) {
      case 0:
        return arrow::int8();
      case 1:
        return arrow::uint64();
      case 2:
        return arrow::utf8();
      case 3:
        return arrow::large_utf8();
      case 4:
        return arrow::float64();
      case 5:
        return arrow::boolean();
      case 6:
      case 7:
        return arrow::timestamp(arrow::TimeUnit::NANO);
      case 8:
      case 9:
        break;
      default:
        if (!in_list) return ListType(kind, depth);
    }
    arrow::FieldVector fields;
    for (int64_t i = 0; i <= Below(3); ++i) fields.push_back(Field(depth - 1, false));
    return arrow::struct_(fields);
  }

  TypePtr ListType(int64_t kind, int depth) {
    const auto elements = Field(depth - 1, true);
    if (kind == 10) return arrow::list(elements->WithName("item"));
    if (kind == 11) return arrow::large_list(elements->WithName("item"));
    if (kind == 12) return arrow::fixed_size_list(elements->WithName("item"), 2);
    return arrow::map(arrow::utf8(), elements->WithName("value"));
  }

  static std::shared_ptr<arrow::Buffer> Bitmap(const std::vector<bool>& valid) {
    arrow::BooleanBuilder builder;
    EXPECT_TRUE(builder.AppendValues(valid).ok());
    return builder.Finish().ValueOrDie()->data()->buffers[1];
  }

  ArrayPtr Scalars(const TypePtr& type, const std::vector<bool>& valid,
                   const std::vector<bool>& seen) {
    std::string json = "[";
    for (size_t i = 0; i < valid.size(); ++i) {
      std::string value = std::to_string(Below(99) + 1);
      if (type->id() == arrow::Type::TIMESTAMP && seen[i]) value += "000";
      if (type->id() == arrow::Type::BOOL) value = Flip() ? "true" : "false";
      if (i > 0) json += ", ";
      json += arrow::is_string(type->id()) ? Json(value).dump() : value;
    }
    const auto data = ArrayOf(type, json + "]")->data()->Copy();
    data->buffers[0] = Bitmap(valid);  // What lies under NULLs stays.
    data->null_count = arrow::kUnknownNullCount;
    return arrow::MakeArray(data);
  }

  ArrayPtr Struct(const TypePtr& type, const std::vector<bool>& valid,
                  const std::vector<bool>& inside) {
    arrow::ArrayVector children;
    for (const auto& child : type->fields()) children.push_back(Values(*child, inside));
    return std::make_shared<arrow::StructArray>(type, static_cast<int64_t>(valid.size()), children,
                                                Bitmap(valid), arrow::kUnknownNullCount);
  }

  /// Of each row some elements, also where it is NULL; offsets need not begin at 0.
  template <typename Offset>
  std::vector<Offset> Offsets(const std::vector<bool>& inside, std::vector<bool>& seen) {
    seen.assign(static_cast<size_t>(Below(3)), false);
    std::vector<Offset> offsets = {static_cast<Offset>(seen.size())};
    for (const bool row : inside) {
      seen.insert(seen.end(), static_cast<size_t>(Below(4)), row);
      offsets.push_back(static_cast<Offset>(seen.size()));
    }
    return offsets;
  }

  /// Elements that are seen are not NULL.
  ArrayPtr Elements(const arrow::Field& of, const std::vector<bool>& seen) {
    return Values(*of.WithNullable(false), seen);
  }

  template <typename Array>
  ArrayPtr List(const TypePtr& type, const std::vector<bool>& valid,
                const std::vector<bool>& inside) {
    std::vector<bool> seen;
    const auto offsets = Offsets<typename Array::offset_type>(inside, seen);
    return std::make_shared<Array>(type, static_cast<int64_t>(valid.size()),
                                   arrow::Buffer::FromVector(offsets),
                                   Elements(*type->field(0), seen), Bitmap(valid));
  }

  ArrayPtr Map(const TypePtr& type, const std::vector<bool>& valid,
               const std::vector<bool>& inside) {
    std::vector<bool> seen;
    const auto offsets = Offsets<int32_t>(inside, seen);
    const std::vector<bool> all(seen.size(), true);
    const auto& map = dynamic_cast<const arrow::MapType&>(*type);
    const auto keys = Scalars(arrow::utf8(), all, all);
    const auto items = Values(*map.item_field(), seen);
    return std::make_shared<arrow::MapArray>(type, static_cast<int64_t>(valid.size()),
                                             arrow::Buffer::FromVector(offsets), keys, items,
                                             Bitmap(valid));
  }

  ArrayPtr FixedList(const TypePtr& type, const std::vector<bool>& valid,
                     const std::vector<bool>& inside) {
    std::vector<bool> seen;
    for (const bool row : inside) seen.insert(seen.end(), 2, row);
    return std::make_shared<arrow::FixedSizeListArray>(
        type, static_cast<int64_t>(valid.size()), Elements(*type->field(0), seen), Bitmap(valid));
  }

  std::mt19937_64 random_;
  int names_ = 0;
};

TEST_F(FitBatchTest, RandomNestedArraysKeepEveryValue) {
  constexpr uint64_t kSeeds = 1500;
  constexpr int64_t kRows = 24;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    RandomArrays random(seed);
    const FieldPtr output = random.Field(3, false);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + output->ToString());
    const int64_t offset = random.Below(kRows);
    const int64_t length = random.Below(kRows - offset) + 1;
    std::vector<bool> seen(kRows, false);
    for (int64_t i = offset; i < offset + length; ++i) seen[static_cast<size_t>(i)] = true;
    const ArrayPtr values = random.Values(*output, seen)->Slice(offset, length);
    const auto fitted = Fit(output, values);
    ASSERT_TRUE(fitted.ok()) << fitted.status();
    ASSERT_EQ(NaiveValues(**fitted), NaiveValues(*values));
    const auto columns = ColumnsOf(*arrow::schema({output})).ValueOrDie().columns;
    const auto read = ThroughParquet(columns[0].staged, *fitted);
    ASSERT_TRUE(read.ok()) << read.status() << (*fitted)->ToString();
    ASSERT_EQ(NaiveValues(**read), NaiveValues(*values));
  }
}

TEST(BatchFitterTest, AColumnThatTheOutputHasNotIsABug) {
  const auto columns = ColumnsOf(*arrow::schema({field("a", arrow::int64())}))->columns;
  const auto made = BatchFitter::Make(arrow::schema({field("b", arrow::int64())}), columns);
  EXPECT_EQ(ClassOf(made.status()), ErrorClass::kBug);
}

}  // namespace
}  // namespace headrace
