#include "headrace/staging/column_choice.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace headrace {
namespace {

constexpr int64_t kRows = 20'000;

std::shared_ptr<arrow::Array> Texts(const std::function<std::string(int64_t)>& text) {
  arrow::StringBuilder builder;
  for (int64_t row = 0; row < kRows; ++row) EXPECT_TRUE(builder.Append(text(row)).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> Integers(const std::function<int64_t(int64_t)>& number) {
  arrow::Int64Builder builder;
  for (int64_t row = 0; row < kRows; ++row) EXPECT_TRUE(builder.Append(number(row)).ok());
  return builder.Finish().ValueOrDie();
}

ColumnChoice ChoiceOf(const std::shared_ptr<arrow::Array>& column,
                      Compression compression = Compression::kAuto) {
  const auto schema = arrow::schema({arrow::field("c", column->type())});
  const std::vector<std::shared_ptr<arrow::RecordBatch>> batches = {
      arrow::RecordBatch::Make(schema, kRows / 3, {column->Slice(0, kRows / 3)}),
      arrow::RecordBatch::Make(schema, kRows - kRows / 3, {column->Slice(kRows / 3)})};
  const auto choices = ChooseColumns(*schema, batches, compression).ValueOrDie();
  EXPECT_EQ(choices.size(), 1U);
  return choices.at(0);
}

std::string Hexadecimal(std::mt19937_64& random) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(32, '0');
  for (char& digit : text) digit = kDigits[random() % 16];
  return text;
}

TEST(ColumnChoiceTest, FewTextsGetADictionary) {
  EXPECT_TRUE(ChoiceOf(Texts([](int64_t row) {
                return "country " + std::to_string(row % 200);
              })).dictionary);
}

TEST(ColumnChoiceTest, ThousandsOfNumbersGetADictionaryWhereItIsSmaller) {
  // A sample of 4,096 of them repeats little; the row group does.
  for (const bool skewed : {false, true}) {
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> share;
    const auto prices = [&](double distinct) {
      return ChoiceOf(Integers([&](int64_t) {
        return static_cast<int64_t>(distinct * share(random) * (skewed ? share(random) : 1));
      }));
    };
    EXPECT_TRUE(prices(2'000).dictionary);
    EXPECT_EQ(prices(2'000).codec, arrow::Compression::SNAPPY);
    EXPECT_FALSE(prices(50'000).dictionary);
  }
}

TEST(ColumnChoiceTest, HashesAreLeftAsTheyAre) {
  std::mt19937_64 random(3);
  const ColumnChoice choice = ChoiceOf(Texts([&](int64_t) { return Hexadecimal(random); }));
  EXPECT_FALSE(choice.dictionary);
  EXPECT_EQ(choice.codec, arrow::Compression::UNCOMPRESSED);
}

TEST(ColumnChoiceTest, CountersShrinkAndNeedNoDictionary) {
  const ColumnChoice choice = ChoiceOf(Integers([](int64_t row) { return row; }));
  EXPECT_FALSE(choice.dictionary);
  EXPECT_EQ(choice.codec, arrow::Compression::SNAPPY);
}

TEST(ColumnChoiceTest, RandomNumbersAreLeftAsTheyAre) {
  std::mt19937_64 random(3);
  const ColumnChoice choice =
      ChoiceOf(Integers([&](int64_t) { return static_cast<int64_t>(random()); }));
  EXPECT_FALSE(choice.dictionary);
  EXPECT_EQ(choice.codec, arrow::Compression::UNCOMPRESSED);
}

TEST(ColumnChoiceTest, ACodecThatTheJobNamesIsForEveryColumn) {
  std::mt19937_64 random(3);
  const auto column = Texts([&](int64_t) { return Hexadecimal(random); });
  EXPECT_EQ(ChoiceOf(column, Compression::kZstd).codec, arrow::Compression::ZSTD);
  EXPECT_EQ(ChoiceOf(column, Compression::kSnappy).codec, arrow::Compression::SNAPPY);
  EXPECT_EQ(ChoiceOf(column, Compression::kLz4).codec, arrow::Compression::LZ4);
  EXPECT_EQ(ChoiceOf(column, Compression::kNone).codec, arrow::Compression::UNCOMPRESSED);
}

TEST(ColumnChoiceTest, DecimalsAreJudgedByWhatIsStored) {
  std::mt19937_64 random(3);
  arrow::Decimal128Builder builder(arrow::decimal128(18, 2));
  for (int64_t row = 0; row < kRows; ++row) {
    EXPECT_TRUE(
        builder.Append(arrow::Decimal128(static_cast<int64_t>(random() % 999'999'999'999'999'999)))
            .ok());
  }
  // Sixteen bytes in Arrow, half of them zeros; eight in the file, all at random.
  EXPECT_EQ(ChoiceOf(builder.Finish().ValueOrDie()).codec, arrow::Compression::UNCOMPRESSED);
}

TEST(ColumnChoiceTest, LeavesOfNestedColumnsHaveParquetsPaths) {
  const auto pair =
      arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y", arrow::utf8())});
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("l", arrow::list(pair)),
                     arrow::field("s", pair)});
  const auto batch = arrow::RecordBatch::Make(
      schema, 1,
      {arrow::json::ArrayFromJSONString(arrow::int64(), "[1]").ValueOrDie(),
       arrow::json::ArrayFromJSONString(schema->field(1)->type(), R"([[{"x": 1, "y": "a"}]])")
           .ValueOrDie(),
       arrow::json::ArrayFromJSONString(pair, "[null]").ValueOrDie()});
  const std::vector<std::shared_ptr<arrow::RecordBatch>> batches = {batch};
  std::vector<std::string> paths;
  for (const ColumnChoice& choice :
       ChooseColumns(*schema, batches, Compression::kAuto).ValueOrDie()) {
    paths.push_back(choice.path);
  }
  EXPECT_EQ(paths,
            (std::vector<std::string>{"a", "l.list.element.x", "l.list.element.y", "s.x", "s.y"}));
}

TEST(ColumnChoiceTest, NothingToLookAtMeansPlain) {
  const auto schema = arrow::schema({arrow::field("a", arrow::int64())});
  const auto choices = ChooseColumns(*schema, {}, Compression::kAuto).ValueOrDie();
  EXPECT_EQ(choices, (std::vector<ColumnChoice>{{"a", false, arrow::Compression::UNCOMPRESSED}}));
}

}  // namespace
}  // namespace headrace
