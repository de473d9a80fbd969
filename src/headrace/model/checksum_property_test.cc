#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "headrace/model/checksum.h"

// The checksum of rows does not depend on their order, on batch borders, or on where arrays begin.
namespace headrace {
namespace {

struct GeneratedRow {
  std::optional<int64_t> number;
  std::optional<std::string> text;
  bool flag = false;
  std::vector<int64_t> tags;
};

GeneratedRow AnyGeneratedRow() {
  GeneratedRow row;
  if (*rc::gen::inRange(0, 4) != 0) row.number = *rc::gen::arbitrary<int64_t>();
  if (*rc::gen::inRange(0, 4) != 0) row.text = *rc::gen::arbitrary<std::string>();
  row.flag = *rc::gen::arbitrary<bool>();
  row.tags = *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, 5));
  return row;
}

std::vector<GeneratedRow> AnyGeneratedRows() {
  return *rc::gen::container<std::vector<GeneratedRow>>(rc::gen::exec(AnyGeneratedRow));
}

std::shared_ptr<arrow::RecordBatch> BatchOf(const std::vector<GeneratedRow>& rows) {
  arrow::Int64Builder numbers;
  arrow::BinaryBuilder texts;
  arrow::BooleanBuilder flags;
  const auto elements = std::make_shared<arrow::Int64Builder>();
  arrow::ListBuilder tags(arrow::default_memory_pool(), elements);
  for (const GeneratedRow& row : rows) {
    EXPECT_TRUE((row.number ? numbers.Append(*row.number) : numbers.AppendNull()).ok());
    EXPECT_TRUE((row.text ? texts.Append(*row.text) : texts.AppendNull()).ok());
    EXPECT_TRUE(flags.Append(row.flag).ok());
    EXPECT_TRUE(tags.Append().ok() && elements->AppendValues(row.tags).ok());
  }
  const arrow::ArrayVector arrays = {*numbers.Finish(), *texts.Finish(), *flags.Finish(),
                                     *tags.Finish()};
  const auto group = arrow::StructArray::Make(arrow::ArrayVector{arrays[0], arrays[3]},
                                              std::vector<std::string>{"n", "t"});
  const auto schema = arrow::schema(
      {arrow::field("number", arrays[0]->type()), arrow::field("text", arrays[1]->type()),
       arrow::field("flag", arrays[2]->type()), arrow::field("tags", arrays[3]->type()),
       arrow::field("group", (*group)->type())});
  return arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()),
                                  {arrays[0], arrays[1], arrays[2], arrays[3], *group});
}

Checksum ChecksumOf(const arrow::RecordBatch& batch) {
  return ChecksumTaker::Make(*batch.schema()).ValueOrDie().Take(batch).ValueOrDie();
}

RC_GTEST_PROP(ChecksumProperty, OrderDoesNotMatter, ()) {
  auto rows = AnyGeneratedRows();
  const Checksum before = ChecksumOf(*BatchOf(rows));
  std::ranges::rotate(
      rows, rows.begin() + *rc::gen::inRange<int64_t>(0, static_cast<int64_t>(rows.size()) + 1));
  std::ranges::reverse(rows.begin(), rows.begin() + static_cast<int64_t>(rows.size() / 2));
  RC_ASSERT(ChecksumOf(*BatchOf(rows)) == before);
}

RC_GTEST_PROP(ChecksumProperty, SlicesAddUpToTheWhole, ()) {
  const auto batch = BatchOf(AnyGeneratedRows());
  const auto cut = *rc::gen::inRange<int64_t>(0, batch->num_rows() + 1);
  Checksum sum = ChecksumOf(*batch->Slice(0, cut));
  sum += ChecksumOf(*batch->Slice(cut));
  RC_ASSERT(sum == ChecksumOf(*batch));
}

RC_GTEST_PROP(ChecksumProperty, ASliceIsItsRowsBuiltAgain, ()) {
  const auto rows = AnyGeneratedRows();
  const auto first = *rc::gen::inRange<size_t>(0, rows.size() + 1);
  const auto batch = BatchOf(rows)->Slice(static_cast<int64_t>(first));
  RC_ASSERT(ChecksumOf(*batch) ==
            ChecksumOf(*BatchOf({rows.begin() + static_cast<int64_t>(first), rows.end()})));
}

RC_GTEST_PROP(ChecksumProperty, AChangedNumberChangesIt, ()) {
  auto rows = AnyGeneratedRows();
  RC_PRE(!rows.empty());
  const Checksum before = ChecksumOf(*BatchOf(rows));
  const auto at = *rc::gen::inRange<size_t>(0, rows.size());
  const auto changed = *rc::gen::arbitrary<int64_t>();
  RC_PRE((rows[at].number != changed));
  rows[at].number = changed;
  RC_ASSERT(ChecksumOf(*BatchOf(rows)).sum != before.sum);
}

TEST(ChecksumBlockTest, BatchesLongerThanABlockAddUp) {
  std::vector<GeneratedRow> rows;
  for (int64_t i = 0; i < 5000; ++i) {
    rows.push_back(
        {i % 7 == 0 ? std::nullopt : std::optional(i * i), std::to_string(i), i % 2 == 0, {i}});
  }
  const auto batch = BatchOf(rows);
  Checksum sum;
  for (int64_t first = 0; first < 5000; first += 1000) {
    sum += ChecksumOf(*batch->Slice(first, 1000));
  }
  EXPECT_EQ(sum, ChecksumOf(*batch));
  EXPECT_EQ(sum.rows, 5000);
}

}  // namespace
}  // namespace headrace
