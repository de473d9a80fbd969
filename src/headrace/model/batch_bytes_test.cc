#include "headrace/model/batch_bytes.h"

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <ostream>

namespace headrace {
namespace {

using TypePtr = std::shared_ptr<arrow::DataType>;

TypePtr Flags() {
  return arrow::struct_({arrow::field("a", arrow::boolean()), arrow::field("b", arrow::utf8())});
}

std::shared_ptr<arrow::RecordBatch> OneColumn(const std::shared_ptr<arrow::Array>& column) {
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("c", column->type())}),
                                  column->length(), {column});
}

int64_t BytesOf(const std::shared_ptr<arrow::Array>& column) {
  return BatchBytes(*OneColumn(column));
}

struct BytesCase {
  TypePtr type;
  std::string json;
  int64_t bytes;
};

std::ostream& operator<<(std::ostream& out, const BytesCase& c) {
  return out << c.type->ToString() << " " << c.json;
}

class BatchBytesTest : public ::testing::TestWithParam<BytesCase> {
 protected:
  std::shared_ptr<arrow::Array> values_ =
      arrow::json::ArrayFromJSONString(GetParam().type, GetParam().json).ValueOrDie();
};

TEST_P(BatchBytesTest, CountsValues) { EXPECT_EQ(BytesOf(values_), GetParam().bytes); }

TEST_P(BatchBytesTest, SlicesAddUpToTheWhole) {
  for (int64_t cut = 0; cut <= values_->length(); ++cut) {
    EXPECT_EQ(BytesOf(values_->Slice(0, cut)) + BytesOf(values_->Slice(cut)), GetParam().bytes);
  }
}

/// A level of 8 bytes for each value that is inside another one, and for each list.
INSTANTIATE_TEST_SUITE_P(
    Types, BatchBytesTest,
    ::testing::Values(
        BytesCase{arrow::boolean(), "[true, null, false]", 3},
        BytesCase{arrow::int16(), "[1, null]", 4}, BytesCase{arrow::int64(), "[]", 0},
        BytesCase{arrow::decimal128(9, 2), R"(["1.50"])", 16},
        BytesCase{arrow::decimal256(39, 2), R"(["1.50"])", 32},
        BytesCase{arrow::fixed_size_binary(3), R"(["abc", null])", 6},
        BytesCase{arrow::utf8(), R"(["ab", null, "", "cde"])", 4 * 4 + 5},
        BytesCase{arrow::large_binary(), R"(["ab"])", 8 + 2},
        BytesCase{arrow::list(arrow::boolean()), "[[true, null], null, []]", 3 * 12 + 2 * 9},
        BytesCase{arrow::large_list(arrow::int32()), "[[1, 2, 3]]", 16 + 3 * 12},
        BytesCase{arrow::fixed_size_list(arrow::int16(), 2), "[[1, 2], [3, 4]]", 2 * 8 + 4 * 10},
        BytesCase{arrow::list(arrow::list(arrow::int8())), "[[[1], []], [[2, 3]]]",
                  2 * 12 + 3 * 12 + 3 * 9},
        BytesCase{arrow::list(arrow::utf8()), R"([["ab", "c"], ["def"]])", 2 * 12 + 3 * 12 + 6},
        BytesCase{Flags(), R"([{"a": true, "b": "xy"}, null])", 2 * (1 + 9 + 12) + 2},
        BytesCase{arrow::list(Flags()), R"([[{"a": true, "b": "xy"}, null], [null]])",
                  2 * 12 + 3 * (1 + 9 + 12) + 2},
        BytesCase{arrow::map(arrow::utf8(), arrow::int64()), R"([[["k", 1]], []])",
                  2 * 12 + (1 + 12 + 16) + 1}));

TEST(BatchBytesColumnsTest, ColumnsAddUp) {
  const auto numbers = arrow::json::ArrayFromJSONString(arrow::int32(), "[1, 2]").ValueOrDie();
  const auto texts = arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["a", "b"])").ValueOrDie();
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("n", arrow::int32()), arrow::field("t", arrow::utf8())}), 2,
      {numbers, texts});
  EXPECT_EQ(BatchBytes(*batch), BytesOf(numbers) + BytesOf(texts));
}

TEST(BatchBytesColumnsTest, AnElementCostsItsLevelsAtLeast) {
  constexpr int64_t kDefinitionAndRepetition = 2 * sizeof(int16_t);
  for (const auto& type : {arrow::boolean(), arrow::int16(), arrow::utf8(), Flags()}) {
    EXPECT_GT(NestedValueBytes(*type), kDefinitionAndRepetition) << type->ToString();
  }
}

}  // namespace
}  // namespace headrace
