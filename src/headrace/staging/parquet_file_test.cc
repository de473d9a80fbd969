#include "headrace/staging/parquet_file.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/key_value_metadata.h>
#include <gmock/gmock.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <random>
#include <utility>

#include "headrace/client/store/durable_fs.h"
#include "headrace/client/store/fault_injection_fs.h"
#include "headrace/staging/direct_file.h"
#include "headrace/staging/library_file.h"

namespace headrace {
namespace {

using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

/// How the values of one test column are drawn.
struct Shape {
  double nulls = 0;      ///< Share of NULLs.
  int64_t distinct = 0;  ///< 0: no two alike, or nearly.
  size_t text_length = 12;
  bool sorted = false;
};

class RandomValues {
 public:
  RandomValues(Shape shape, uint64_t seed) : shape_(shape), random_(seed) {}

  bool Null() { return std::uniform_real_distribution<double>()(random_) < shape_.nulls; }

  int64_t Number() {
    if (shape_.sorted) return position_++ / 1000;
    if (shape_.distinct > 0) {
      return static_cast<int64_t>(random_() % static_cast<uint64_t>(shape_.distinct)) - 2;
    }
    return static_cast<int64_t>(random_());
  }

  double Real() {
    constexpr double kSpecial[] = {std::numeric_limits<double>::quiet_NaN(), 0.0, -0.0,
                                   std::numeric_limits<double>::infinity(), -1.5};
    const int64_t number = Number();
    return number % 7 == 0 ? kSpecial[static_cast<size_t>(std::abs(number / 7 % 5))]
                           : static_cast<double>(number);
  }

  std::string Text() {
    const int64_t number = Number();
    std::string text = std::to_string(number);
    const size_t length =
        shape_.text_length == 0 ? 0 : static_cast<uint64_t>(number) % (2 * shape_.text_length);
    text.resize(length, static_cast<char>('a' + static_cast<uint64_t>(number) % 26));
    return text;
  }

 private:
  Shape shape_;
  std::mt19937_64 random_;
  int64_t position_ = 0;
};

int32_t PrecisionOf(const arrow::DataType& type) {
  return static_cast<const arrow::DecimalType&>(type).precision();
}

/// As many digits as the type has, where those are more than an int64 holds.
template <typename Decimal>
Decimal RandomDecimal(RandomValues& values, int32_t precision) {
  constexpr int32_t kDigits = 18;
  constexpr int64_t kMost = 1'000'000'000'000'000'000;
  if (precision <= kDigits) return Decimal(values.Number() % 9999);
  return Decimal(Decimal(values.Number() % kMost).IncreaseScaleBy(precision - kDigits));
}

std::shared_ptr<arrow::Array> RandomColumn(const std::shared_ptr<arrow::DataType>& type,
                                           int64_t rows, Shape shape, uint64_t seed) {
  RandomValues values(shape, seed);
  const auto builder = arrow::MakeBuilder(type).ValueOrDie();
  const auto append = [&]() -> arrow::Status {
    switch (type->id()) {
      case arrow::Type::BOOL:
        return static_cast<arrow::BooleanBuilder&>(*builder).Append(values.Number() % 2 == 0);
      case arrow::Type::INT16:
        return static_cast<arrow::Int16Builder&>(*builder).Append(
            static_cast<int16_t>(values.Number()));
      case arrow::Type::INT32:
        return static_cast<arrow::Int32Builder&>(*builder).Append(
            static_cast<int32_t>(values.Number()));
      case arrow::Type::DATE32:
        return static_cast<arrow::Date32Builder&>(*builder).Append(
            static_cast<int32_t>(values.Number() % 1'000'000));
      case arrow::Type::INT64:
        return static_cast<arrow::Int64Builder&>(*builder).Append(values.Number());
      case arrow::Type::TIMESTAMP:
        return static_cast<arrow::TimestampBuilder&>(*builder).Append(values.Number() %
                                                                      100'000'000'000'000);
      case arrow::Type::TIME64:
        return static_cast<arrow::Time64Builder&>(*builder).Append(
            std::abs(values.Number() % 86'400'000'000));
      case arrow::Type::FLOAT:
        return static_cast<arrow::FloatBuilder&>(*builder).Append(
            static_cast<float>(values.Real()));
      case arrow::Type::DOUBLE:
        return static_cast<arrow::DoubleBuilder&>(*builder).Append(values.Real());
      case arrow::Type::DECIMAL128:
        return static_cast<arrow::Decimal128Builder&>(*builder).Append(
            RandomDecimal<arrow::Decimal128>(values, PrecisionOf(*type)));
      case arrow::Type::DECIMAL256:
        return static_cast<arrow::Decimal256Builder&>(*builder).Append(
            RandomDecimal<arrow::Decimal256>(values, PrecisionOf(*type)));
      case arrow::Type::STRING:
        return static_cast<arrow::StringBuilder&>(*builder).Append(values.Text());
      default:
        return static_cast<arrow::BinaryBuilder&>(*builder).Append(values.Text());
    }
  };
  for (int64_t row = 0; row < rows; ++row) {
    EXPECT_TRUE((values.Null() ? builder->AppendNull() : append()).ok());
  }
  return builder->Finish().ValueOrDie();
}

/// Least and greatest of a FLOAT or DOUBLE column as a receipt has them: none where a NaN is among
/// them, and zeros of the sign that takes in the other one.
std::pair<std::optional<std::string>, std::optional<std::string>> RealBounds(
    const arrow::ChunkedArray& column) {
  const bool is_float = column.type()->id() == arrow::Type::FLOAT;
  std::vector<double> reals;
  for (const auto& chunk : column.chunks()) {
    for (int64_t row = 0; row < chunk->length(); ++row) {
      if (chunk->IsNull(row)) continue;
      reals.push_back(is_float ? static_cast<const arrow::FloatArray&>(*chunk).Value(row)
                               : static_cast<const arrow::DoubleArray&>(*chunk).Value(row));
      if (std::isnan(reals.back())) return {};
    }
  }
  if (reals.empty()) return {};
  const auto text = [&](double real, double zero) {
    const double bound = real == 0 ? zero : real;
    return is_float ? arrow::FloatScalar(static_cast<float>(bound)).ToString()
                    : arrow::DoubleScalar(bound).ToString();
  };
  return {text(std::ranges::min(reals), -0.0), text(std::ranges::max(reals), 0.0)};
}

arrow::FieldVector DirectFields(bool nullable) {
  arrow::FieldVector fields;
  for (const auto& type : {arrow::boolean(),
                           arrow::int16(),
                           arrow::int32(),
                           arrow::int64(),
                           arrow::float32(),
                           arrow::float64(),
                           arrow::date32(),
                           arrow::timestamp(arrow::TimeUnit::MICRO),
                           arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                           arrow::time64(arrow::TimeUnit::MICRO),
                           arrow::decimal128(5, 2),
                           arrow::decimal128(18, 3),
                           arrow::decimal128(19, 0),
                           arrow::decimal128(38, 9),
                           arrow::decimal256(39, 0),
                           arrow::decimal256(50, 10),
                           arrow::decimal256(58, 3),
                           arrow::decimal256(76, 38),
                           arrow::utf8(),
                           arrow::binary()}) {
    fields.push_back(arrow::field("c" + std::to_string(fields.size()), type, nullable));
  }
  return fields;
}

/// Batches whose arrays are slices, so that no bit offset is a multiple of eight.
Batches RandomBatches(const std::shared_ptr<arrow::Schema>& schema,
                      const std::vector<int64_t>& sizes, Shape shape) {
  Batches batches;
  uint64_t seed = 1;
  for (const int64_t size : sizes) {
    arrow::ArrayVector columns;
    for (const auto& field : schema->fields()) {
      columns.push_back(RandomColumn(field->type(), size + 3, shape, seed++)->Slice(3));
    }
    batches.push_back(arrow::RecordBatch::Make(schema, size, columns));
  }
  return batches;
}

class ParquetFileTest : public testing::Test {
 protected:
  ParquetFileTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-parquet-file-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ParquetFileTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path path() const { return folder_ / "file.parquet"; }

  ParquetFile::Sealed Write(ParquetFile& file, const std::vector<Batches>& row_groups) {
    for (const Batches& batches : row_groups) {
      const arrow::Status status = file.WriteRowGroup(batches);
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
    auto sealed = file.Seal();
    EXPECT_TRUE(sealed.ok()) << sealed.status().ToString();
    return sealed.ok() ? *sealed : ParquetFile::Sealed{};
  }

  ParquetFile::Sealed WriteDirectly(const ParquetFormat& format,
                                    const std::vector<Batches>& row_groups) {
    std::filesystem::remove(path());
    EXPECT_TRUE(CanWriteDirectly(*format.schema));
    return Write(*CreateParquetFile(*fs_, path(), format).ValueOrDie(), row_groups);
  }

  ParquetFile::Sealed WriteByLibrary(const ParquetFormat& format,
                                     const std::vector<Batches>& row_groups) {
    const auto other = folder_ / "library.parquet";
    std::filesystem::remove(other);
    return Write(*MakeLibraryFile(fs_->CreateFile(other).ValueOrDie(), format), row_groups);
  }

  std::shared_ptr<arrow::Table> Read() {
    const auto input = arrow::io::ReadableFile::Open(path().string()).ValueOrDie();
    return parquet::arrow::OpenFile(input, arrow::default_memory_pool())
        .ValueOrDie()
        ->ReadTable()
        .ValueOrDie();
  }

  /// Writes and reads back; statistics must be those of the library's writer on the same rows.
  /// Those of FLOAT and DOUBLE, where the library is not trusted with NaN, are reckoned here.
  void ExpectRoundTrip(const ParquetFormat& format, const std::vector<Batches>& row_groups) {
    const ParquetFile::Sealed sealed = WriteDirectly(format, row_groups);
    EXPECT_EQ(sealed.bytes, static_cast<int64_t>(std::filesystem::file_size(path())));
    Batches all;
    for (const Batches& batches : row_groups) all.insert(all.end(), batches.begin(), batches.end());
    const auto expected = arrow::Table::FromRecordBatches(format.schema, all).ValueOrDie();
    const auto table = Read();
    ASSERT_TRUE(table->schema()->Equals(*format.schema, false)) << table->schema()->ToString();
    for (int column = 0; column < expected->num_columns(); ++column) {
      EXPECT_TRUE(table->column(column)->Equals(*expected->column(column),
                                                arrow::EqualOptions::Defaults().nans_equal(true)))
          << expected->field(column)->ToString();
    }
    ExpectSameSummaries(sealed, WriteByLibrary(format, row_groups), *expected);
  }

  static void ExpectSameSummaries(const ParquetFile::Sealed& left, const ParquetFile::Sealed& right,
                                  const arrow::Table& values) {
    ASSERT_EQ(left.columns.size(), right.columns.size());
    for (size_t i = 0; i < left.columns.size(); ++i) {
      const arrow::ChunkedArray& column = *values.column(static_cast<int>(i));
      if (arrow::is_floating(column.type()->id())) {
        EXPECT_EQ(left.columns[i].minimum, RealBounds(column).first) << left.columns[i].name;
        EXPECT_EQ(left.columns[i].maximum, RealBounds(column).second) << left.columns[i].name;
        EXPECT_EQ(right.columns[i].minimum, std::nullopt) << left.columns[i].name;
        EXPECT_EQ(right.columns[i].maximum, std::nullopt) << left.columns[i].name;
        EXPECT_EQ(left.columns[i].nulls, right.columns[i].nulls) << left.columns[i].name;
        continue;
      }
      if (arrow::is_base_binary_like(column.type()->id())) {
        ExpectTextBounds(left.columns[i], column);
        EXPECT_EQ(right.columns[i].minimum, std::nullopt) << left.columns[i].name;
        EXPECT_EQ(right.columns[i].maximum, std::nullopt) << left.columns[i].name;
        EXPECT_EQ(left.columns[i].nulls, right.columns[i].nulls) << left.columns[i].name;
        continue;
      }
      EXPECT_EQ(left.columns[i].minimum, right.columns[i].minimum) << left.columns[i].name;
      EXPECT_EQ(left.columns[i].maximum, right.columns[i].maximum) << left.columns[i].name;
      EXPECT_EQ(left.columns[i].nulls, right.columns[i].nulls) << left.columns[i].name;
    }
  }

  /// The library writes no bounds of texts: these are looked for here.
  static void ExpectTextBounds(const ColumnSummary& summary, const arrow::ChunkedArray& column) {
    std::optional<std::pair<std::string, std::string>> bounds;
    for (const auto& chunk : column.chunks()) {
      const auto& texts = static_cast<const arrow::BinaryArray&>(*chunk);
      for (int64_t row = 0; row < texts.length(); ++row) {
        if (texts.IsNull(row)) continue;
        const std::string text(texts.GetView(row));
        if (!bounds) bounds.emplace(text, text);
        bounds = {std::min(bounds->first, text), std::max(bounds->second, text)};
      }
    }
    constexpr size_t kMostBytes = 256;
    if (bounds && std::max(bounds->first.size(), bounds->second.size()) > kMostBytes) {
      bounds.reset();
    }
    EXPECT_EQ(summary.minimum.has_value(), bounds.has_value()) << summary.name;
    if (!bounds || column.type()->id() != arrow::Type::STRING) return;
    EXPECT_EQ(summary.minimum, bounds->first) << summary.name;
    EXPECT_EQ(summary.maximum, bounds->second) << summary.name;
  }

  std::filesystem::path folder_;
  std::shared_ptr<DurableFs> fs_ = MakeLocalFs();
};

TEST_F(ParquetFileTest, EveryShapeOfDataIsReadBackWithTheLibrarysStatistics) {
  const auto schema = arrow::schema(DirectFields(/*nullable=*/true));
  for (const double nulls : {0.0, 0.03, 0.5, 1.0}) {
    for (const int64_t distinct : {int64_t{0}, int64_t{1}, int64_t{5}, int64_t{300}}) {
      for (const Compression compression : {Compression::kAuto, Compression::kZstd}) {
        SCOPED_TRACE(testing::Message() << nulls << " NULLs, " << distinct << " distinct");
        const Shape shape{.nulls = nulls, .distinct = distinct};
        const ParquetFormat format{
            .schema = schema, .compression = compression, .metadata = nullptr};
        ExpectRoundTrip(format, {RandomBatches(schema, {1000, 1, 777}, shape),
                                 RandomBatches(schema, {13}, shape)});
      }
    }
  }
}

TEST_F(ParquetFileTest, RequiredAndSortedColumnsAreReadBack) {
  const auto schema = arrow::schema(DirectFields(/*nullable=*/false));
  ExpectRoundTrip({.schema = schema}, {RandomBatches(schema, {5000, 3000}, {.sorted = true}),
                                       RandomBatches(schema, {1}, {})});
}

TEST_F(ParquetFileTest, ManyPagesAreReadBack) {
  const auto schema = arrow::schema(
      {arrow::field("a", arrow::int64()), arrow::field("b", arrow::boolean()),
       arrow::field("c", arrow::decimal128(30, 2)), arrow::field("d", arrow::utf8()),
       arrow::field("e", arrow::int32()), arrow::field("f", arrow::decimal256(45, 2))});
  for (const int64_t distinct : {0, 100}) {
    const Shape shape{.nulls = 0.1, .distinct = distinct, .text_length = 20};
    ExpectRoundTrip({.schema = schema}, {RandomBatches(schema, {100'000, 150'000, 50'000}, shape)});
  }
}

TEST_F(ParquetFileTest, TextsLargerThanAPageAreReadBack) {
  const auto schema = arrow::schema({arrow::field("text", arrow::utf8())});
  const Shape shape{.nulls = 0.2, .text_length = 700'000};
  ExpectRoundTrip({.schema = schema}, {RandomBatches(schema, {20, 3}, shape)});
}

TEST_F(ParquetFileTest, ADictionaryThatGrowsTooLargeBecomesPlain) {
  // The sample sees few values; the rest of the column has no two alike.
  const auto schema =
      arrow::schema({arrow::field("number", arrow::int64()), arrow::field("text", arrow::utf8()),
                     arrow::field("decimal", arrow::decimal256(60, 4))});
  const Batches few = RandomBatches(schema, {200'000}, {.distinct = 3});
  const Batches many = RandomBatches(schema, {40'000}, {.text_length = 30});
  ExpectRoundTrip({.schema = schema}, {{few[0], many[0]}});
}

TEST_F(ParquetFileTest, RareAndNestedTypesAreLeftToTheLibrary) {
  const auto decimals = arrow::list(arrow::field("element", arrow::decimal256(39, 1)));
  const auto schema =
      arrow::schema({arrow::field("l", arrow::list(arrow::field("element", arrow::int32()))),
                     arrow::field("w", arrow::decimal256(50, 2)), arrow::field("i", arrow::int32()),
                     arrow::field("d", decimals),
                     arrow::field("s", arrow::struct_({arrow::field("w", arrow::decimal256(76, 0)),
                                                       arrow::field("d", decimals)}))});
  EXPECT_FALSE(CanWriteDirectly(*schema));
  EXPECT_FALSE(CanWriteDirectly(*arrow::schema({arrow::field("w", arrow::decimal256(38, 2))})));
  const auto column = [&](int index, const std::string& json) {
    return arrow::json::ArrayFromJSONString(schema->field(index)->type(), json).ValueOrDie();
  };
  const auto batch = arrow::RecordBatch::Make(
      schema, 3,
      {column(0, "[[1, 2], null, []]"), column(1, R"(["1.25", null, "-1.00"])"),
       column(2, "[7, -3, 0]"), column(3, R"([["-0.1", null], null, ["12345678901234567.5"]])"),
       column(4, R"([{"w": "-1", "d": ["0.1"]}, null, {"w": null, "d": null}])")});
  // The second batch begins within the buffers of the first.
  const Batches batches = {batch, batch->Slice(1)};
  const auto sealed =
      Write(*CreateParquetFile(*fs_, path(), {.schema = schema}).ValueOrDie(), {batches});
  const auto table = Read();
  EXPECT_TRUE(table->schema()->Equals(*schema, false)) << table->schema()->ToString();
  EXPECT_TRUE(table->Equals(*arrow::Table::FromRecordBatches(batches).ValueOrDie()));
  EXPECT_EQ(sealed.columns[0].nulls, 2);
  EXPECT_EQ(sealed.columns[0].minimum, std::nullopt);
  EXPECT_EQ(sealed.columns[1].nulls, 2);
  EXPECT_EQ(sealed.columns[1].minimum, "-1.00");
  EXPECT_EQ(sealed.columns[1].maximum, "1.25");
  EXPECT_EQ(sealed.columns[2].minimum, "-3");
  EXPECT_EQ(sealed.columns[2].maximum, "7");
}

TEST_F(ParquetFileTest, DecimalsOfMoreThan38DigitsTakeWholeWordsWhoeverWritesThem) {
  const auto flat = arrow::schema({arrow::field("a", arrow::decimal256(39, 0)),
                                   arrow::field("b", arrow::decimal256(50, 10)),
                                   arrow::field("c", arrow::decimal256(76, 38))});
  const auto nested = arrow::schema(
      {flat->field(0),
       arrow::field("l", arrow::list(arrow::field("element", arrow::decimal256(50, 10)))),
       arrow::field("s", arrow::struct_({flat->field(2)}))});
  const std::vector<std::pair<int32_t, int32_t>> digits = {{39, 0}, {50, 10}, {76, 38}};
  for (const auto& schema : {flat, nested}) {
    const ParquetFormat format{.schema = schema};
    std::filesystem::remove(path());
    Write(*CreateParquetFile(*fs_, path(), format).ValueOrDie(), {});
    const auto metadata = parquet::ParquetFileReader::OpenFile(path().string())->metadata();
    for (int leaf = 0; leaf < metadata->num_columns(); ++leaf) {
      const parquet::ColumnDescriptor& column = *metadata->schema()->Column(leaf);
      EXPECT_EQ(column.physical_type(), parquet::Type::FIXED_LEN_BYTE_ARRAY);
      EXPECT_EQ(column.type_length(), 32);
      EXPECT_EQ(std::pair(column.type_precision(), column.type_scale()),
                digits[static_cast<size_t>(leaf)]);
    }
  }
}

TEST_F(ParquetFileTest, DecimalsThatRepeatHaveADictionary) {
  const auto schema = arrow::schema(
      {arrow::field("a", arrow::decimal128(38, 2)), arrow::field("b", arrow::decimal256(50, 10))});
  for (const bool repeat : {true, false}) {
    WriteDirectly({.schema = schema},
                  {RandomBatches(schema, {2000}, {.nulls = 0.1, .distinct = repeat ? 9 : 0})});
    const auto metadata = parquet::ParquetFileReader::OpenFile(path().string())->metadata();
    for (int column = 0; column < metadata->num_columns(); ++column) {
      EXPECT_EQ(metadata->RowGroup(0)->ColumnChunk(column)->has_dictionary_page(), repeat);
    }
  }
}

TEST_F(ParquetFileTest, ANanLeavesAColumnWithoutBounds) {
  const auto schema =
      arrow::schema({arrow::field("f", arrow::float32()), arrow::field("d", arrow::float64()),
                     arrow::field("without", arrow::float64())});
  const auto rows = [&](const std::string& special) {
    return arrow::RecordBatch::Make(
        schema, 3,
        {arrow::json::ArrayFromJSONString(arrow::float32(), "[" + special + ", 1.5, -1]")
             .ValueOrDie(),
         arrow::json::ArrayFromJSONString(arrow::float64(), "[-1, 1.5, " + special + "]")
             .ValueOrDie(),
         arrow::json::ArrayFromJSONString(arrow::float64(), "[0, null, -1]").ValueOrDie()});
  };
  // Of two row groups one holds NaN: the other keeps its bounds, the column of the file has none.
  const auto sealed = WriteDirectly({.schema = schema}, {{rows("NaN")}, {rows("0.5")}});
  const auto metadata = parquet::ParquetFileReader::OpenFile(path().string())->metadata();
  for (const int column : {0, 1}) {
    const auto statistics = [&](int group) {
      return metadata->RowGroup(group)->ColumnChunk(column)->statistics();
    };
    EXPECT_FALSE(statistics(0)->HasMinMax());
    EXPECT_EQ(statistics(0)->null_count(), 0);
    EXPECT_TRUE(statistics(1)->HasMinMax());
    EXPECT_EQ(sealed.columns[static_cast<size_t>(column)].minimum, std::nullopt);
    EXPECT_EQ(sealed.columns[static_cast<size_t>(column)].maximum, std::nullopt);
  }
  EXPECT_EQ(sealed.columns[2].minimum, "-1");
  EXPECT_EQ(sealed.columns[2].maximum, "0");
}

TEST_F(ParquetFileTest, ZerosAreBoundsThatTakeInBothSigns) {
  const auto schema =
      arrow::schema({arrow::field("f", arrow::float32()), arrow::field("d", arrow::float64())});
  for (const std::string zero : {"0.0", "-0.0"}) {
    const auto batch = arrow::RecordBatch::Make(
        schema, 1,
        {arrow::json::ArrayFromJSONString(arrow::float32(), "[" + zero + "]").ValueOrDie(),
         arrow::json::ArrayFromJSONString(arrow::float64(), "[" + zero + "]").ValueOrDie()});
    for (const auto& column : WriteDirectly({.schema = schema}, {{batch}}).columns) {
      EXPECT_EQ(column.minimum, "-0") << zero;
      EXPECT_EQ(column.maximum, "0") << zero;
    }
  }
}

TEST_F(ParquetFileTest, LeavesThatMayHoldNanHaveNoStatisticsOfTheLibrary) {
  const auto schema =
      arrow::schema({arrow::field("l", arrow::list(arrow::field("element", arrow::float32()))),
                     arrow::field("s", arrow::struct_({arrow::field("d", arrow::float64()),
                                                       arrow::field("i", arrow::int32())})),
                     arrow::field("d", arrow::float64())});
  const auto column = [&](int index, const std::string& json) {
    return arrow::json::ArrayFromJSONString(schema->field(index)->type(), json).ValueOrDie();
  };
  const auto batch =
      arrow::RecordBatch::Make(schema, 2,
                               {column(0, "[[1.5], null]"),
                                column(1, R"([{"d": 1, "i": 2}, null])"), column(2, "[NaN, 1.5]")});
  const auto sealed = WriteByLibrary({.schema = schema}, {{batch}});
  const auto metadata =
      parquet::ParquetFileReader::OpenFile((folder_ / "library.parquet").string())->metadata();
  for (int leaf = 0; leaf < metadata->num_columns(); ++leaf) {
    const bool is_integer = leaf == 2;
    EXPECT_EQ(metadata->RowGroup(0)->ColumnChunk(leaf)->is_stats_set(), is_integer) << leaf;
  }
  EXPECT_EQ(sealed.columns[2].minimum, std::nullopt);
  EXPECT_EQ(sealed.columns[2].nulls, 0);
}

TEST_F(ParquetFileTest, SummariesAreWhatPeopleCallTheValues) {
  const auto schema =
      arrow::schema({arrow::field("d", arrow::date32()),
                     arrow::field("t", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
                     arrow::field("m", arrow::decimal128(12, 2)), arrow::field("s", arrow::utf8()),
                     arrow::field("b", arrow::boolean())});
  const auto batch = arrow::RecordBatch::Make(
      schema, 2,
      {arrow::json::ArrayFromJSONString(arrow::date32(), "[0, 19723]").ValueOrDie(),
       arrow::json::ArrayFromJSONString(schema->field(1)->type(), "[0, 1704067200000001]")
           .ValueOrDie(),
       arrow::json::ArrayFromJSONString(schema->field(2)->type(), R"(["-0.05", "12.30"])")
           .ValueOrDie(),
       arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["größer", "a"])").ValueOrDie(),
       arrow::json::ArrayFromJSONString(arrow::boolean(), "[true, false]").ValueOrDie()});
  const auto sealed = WriteDirectly({.schema = schema}, {{batch}});
  const auto expect = [&](size_t column, const std::string& minimum, const std::string& maximum) {
    EXPECT_EQ(sealed.columns[column].minimum, minimum);
    EXPECT_EQ(sealed.columns[column].maximum, maximum);
  };
  expect(0, "1970-01-01", "2024-01-01");
  expect(1, "1970-01-01 00:00:00.000000Z", "2024-01-01 00:00:00.000001Z");
  expect(2, "-0.05", "12.30");
  expect(3, "a", "größer");
  expect(4, "false", "true");
}

TEST_F(ParquetFileTest, SummariesOfTimesKnowAllYears) {
  const auto schema = arrow::schema({arrow::field("d", arrow::date32()),
                                     arrow::field("t", arrow::timestamp(arrow::TimeUnit::MICRO))});
  arrow::Date32Builder days;
  ASSERT_TRUE(days.AppendValues({-2'147'483'648, 2'147'483'647}).ok());
  arrow::TimestampBuilder times(schema->field(1)->type(), arrow::default_memory_pool());
  ASSERT_TRUE(
      times.AppendValues({std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()})
          .ok());
  const auto batch = arrow::RecordBatch::Make(
      schema, 2, {days.Finish().ValueOrDie(), times.Finish().ValueOrDie()});
  const auto sealed = WriteDirectly({.schema = schema}, {{batch}});
  EXPECT_EQ(sealed.columns[0].minimum, "-5877641-06-23");
  EXPECT_EQ(sealed.columns[0].maximum, "+5881580-07-11");
  EXPECT_EQ(sealed.columns[1].minimum, "-290308-12-21 19:59:05.224192");
  EXPECT_EQ(sealed.columns[1].maximum, "+294247-01-10 04:00:54.775807");
}

TEST_F(ParquetFileTest, TheFooterCarriesMetadataAndOnlyWhatEveryEngineReads) {
  const auto schema = arrow::schema(DirectFields(true));
  ParquetFormat format{.schema = schema};
  format.metadata = arrow::key_value_metadata({"headrace.run"}, {"r1"});
  WriteDirectly(format, {RandomBatches(schema, {2000}, {.nulls = 0.1, .distinct = 9})});
  const auto reader = parquet::ParquetFileReader::OpenFile(path().string());
  const auto metadata = reader->metadata();
  EXPECT_EQ(metadata->key_value_metadata()->Get("headrace.run").ValueOrDie(), "r1");
  for (int column = 0; column < metadata->num_columns(); ++column) {
    const auto chunk = metadata->RowGroup(0)->ColumnChunk(column);
    EXPECT_THAT(chunk->encodings(),
                testing::Each(testing::AnyOf(parquet::Encoding::PLAIN, parquet::Encoding::RLE,
                                             parquet::Encoding::RLE_DICTIONARY)));
    EXPECT_TRUE(chunk->is_stats_set());
  }
}

TEST_F(ParquetFileTest, AFileWithoutRowsHasTheSchema) {
  const auto schema = arrow::schema(DirectFields(false));
  WriteDirectly({.schema = schema}, {});
  EXPECT_EQ(Read()->num_rows(), 0);
  EXPECT_TRUE(Read()->schema()->Equals(*schema, false));
}

TEST_F(ParquetFileTest, MoreRowGroupsThanTheFooterCanNumberAreABug) {
  const auto schema = arrow::schema({arrow::field("b", arrow::boolean())});
  const Batches batches = RandomBatches(schema, {1}, {});
  const auto file = CreateParquetFile(*fs_, path(), {.schema = schema}).ValueOrDie();
  for (int64_t i = 0; i < ParquetFile::kMostRowGroups; ++i) {
    ASSERT_TRUE(file->WriteRowGroup(batches).ok()) << i;
  }
  EXPECT_EQ(file->row_groups(), ParquetFile::kMostRowGroups);
  EXPECT_EQ(ClassOf(file->WriteRowGroup(batches)), ErrorClass::kBug);
  ASSERT_TRUE(file->Seal().ok());
  EXPECT_EQ(Read()->num_rows(), ParquetFile::kMostRowGroups);
}

TEST_F(ParquetFileTest, BoundsOfMoreThan256BytesAreLeftOut) {
  const auto schema = arrow::schema({arrow::field("s", arrow::utf8())});
  const auto summary = [&](size_t length) {
    arrow::StringBuilder builder;
    EXPECT_TRUE(builder.AppendValues({"a", std::string(length, 'z')}).ok());
    const auto batch = arrow::RecordBatch::Make(schema, 2, {builder.Finish().ValueOrDie()});
    return WriteDirectly({.schema = schema}, {{batch}}).columns.at(0);
  };
  EXPECT_EQ(summary(256).maximum, std::string(256, 'z'));
  EXPECT_EQ(summary(257).minimum, std::nullopt);
  EXPECT_EQ(summary(257).maximum, std::nullopt);
  // Not one of them either, which readers with Arrow 17 take for an empty text.
  const auto footer = parquet::ParquetFileReader::OpenFile(path().string())->metadata();
  const auto statistics = footer->RowGroup(0)->ColumnChunk(0)->encoded_statistics();
  EXPECT_FALSE(statistics != nullptr && statistics->has_min);
  EXPECT_FALSE(statistics != nullptr && statistics->has_max);
}

TEST_F(ParquetFileTest, NullsInARequiredColumnAreABug) {
  const auto schema = arrow::schema({arrow::field("a", arrow::int64(), /*nullable=*/false)});
  const auto batch = arrow::RecordBatch::Make(
      schema, 2, {arrow::json::ArrayFromJSONString(arrow::int64(), "[1, null]").ValueOrDie()});
  const auto file = CreateParquetFile(*fs_, path(), {.schema = schema}).ValueOrDie();
  EXPECT_EQ(ClassOf(file->WriteRowGroup(Batches{batch})), ErrorClass::kBug);
}

TEST_F(ParquetFileTest, AFullDiskIsAnErrorWhereverItStrikes) {
  const auto schema = arrow::schema(DirectFields(true));
  const Batches batches = RandomBatches(schema, {100}, {});
  for (int call = 1; call <= 200; ++call) {
    FaultInjectionFs faulty(fs_, {.at_call = call, .error = ENOSPC});
    const auto write = [&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(
          const auto file,
          CreateParquetFile(faulty, folder_ / std::to_string(call), {.schema = schema}));
      ARROW_RETURN_NOT_OK(file->WriteRowGroup(batches));
      return file->Seal().status();
    };
    const arrow::Status status = write();
    EXPECT_EQ(status.ok(), !faulty.broken());
    if (status.ok()) return;
    EXPECT_EQ(CodeOf(status), "ENOSPC") << status.ToString();
    EXPECT_EQ(ClassOf(status), ErrorClass::kPermanent);
  }
  FAIL() << "the file asks for more than 200 changes";
}

}  // namespace
}  // namespace headrace
