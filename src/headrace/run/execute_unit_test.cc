#include "headrace/run/execute_unit.h"

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "headrace/model/batch_bytes.h"

namespace headrace {
namespace {

/// Gives one batch.
class OneBatchReader final : public UnitReader {
 public:
  explicit OneBatchReader(std::shared_ptr<arrow::RecordBatch> batch) : batch_(std::move(batch)) {}
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    return std::exchange(batch_, nullptr);
  }
  int64_t nulled_values() const override { return 0; }

 private:
  std::shared_ptr<arrow::RecordBatch> batch_;
};

class OneBatchSession final : public Session {
 public:
  explicit OneBatchSession(std::shared_ptr<arrow::RecordBatch> batch) : batch_(std::move(batch)) {}
  arrow::Result<std::unique_ptr<UnitReader>> Open(const TablePlan&, const WorkUnit&,
                                                  const ReadLimits&, std::stop_token) override {
    return std::make_unique<OneBatchReader>(batch_);
  }

 private:
  std::shared_ptr<arrow::RecordBatch> batch_;
};

/// Keeps what it is given.
class KeepingWriter final : public Writer {
 public:
  arrow::Status BeginUnit(const WorkUnit&, int) override { return arrow::Status::OK(); }
  arrow::Status Append(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    batches.push_back(batch);
    return arrow::Status::OK();
  }
  arrow::Result<std::vector<Receipt>> EndUnit(int64_t) override { return std::vector<Receipt>(); }
  arrow::Status AbortUnit() override {
    batches.clear();
    return arrow::Status::OK();
  }
  arrow::Result<std::vector<Receipt>> Seal() override { return std::vector<Receipt>(); }
  arrow::Status Abort() override { return arrow::Status::OK(); }
  int64_t buffered_bytes() const override { return 0; }

  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
};

TablePlan FlagsAsText() {
  const auto flags = arrow::struct_({arrow::field("a_name_that_is_long", arrow::boolean()),
                                     arrow::field("another_one", arrow::boolean())});
  PlannedColumn id;
  id.source_name = id.name = "id";
  id.type = id.read_type = arrow::int32();
  PlannedColumn list;
  list.source_name = list.name = "list";
  list.read_type = arrow::list(flags);
  list.type = arrow::utf8();
  TablePlan plan;
  plan.columns = {id, list};
  return plan;
}

std::shared_ptr<arrow::RecordBatch> Rows(const TablePlan& plan, int rows) {
  std::string ids = "[";
  std::string lists = "[";
  for (int row = 0; row < rows; ++row) {
    ids += (row > 0 ? "," : "") + std::to_string(row);
    lists += std::string(row > 0 ? "," : "") +
             R"([{"a_name_that_is_long": true, "another_one": null}, null])";
  }
  return arrow::RecordBatch::Make(
      ReadSchema(plan), rows,
      {arrow::json::ArrayFromJSONString(arrow::int32(), ids + "]").ValueOrDie(),
       arrow::json::ArrayFromJSONString(plan.columns[1].read_type, lists + "]").ValueOrDie()});
}

TEST(ExecuteUnitTest, ABatchThatGrowsIsCutIntoSeveral) {
  constexpr int kRows = 1'000;
  constexpr int64_t kBatchBytes = 10'000;
  const TablePlan plan = FlagsAsText();
  OneBatchSession session(Rows(plan, kRows));
  auto transform = Transform::Make(plan).ValueOrDie();
  KeepingWriter writer;
  Progress progress;
  const UnitOutcome outcome =
      ExecuteUnit(plan, {.plan_id = "p", .id = "u", .split = WholeTable{}}, 1, session, transform,
                  writer, {.batch_bytes = kBatchBytes}, progress, {});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.rows, kRows);
  EXPECT_GT(writer.batches.size(), 5U);
  int32_t next = 0;
  int64_t bytes = 0;
  for (const auto& batch : writer.batches) {
    ASSERT_TRUE(batch->ValidateFull().ok());
    const auto& ids = static_cast<const arrow::Int32Array&>(*batch->column(0));
    const auto& texts = static_cast<const arrow::StringArray&>(*batch->column(1));
    EXPECT_LE(texts.total_values_length(), kBatchBytes);
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      EXPECT_EQ(ids.Value(row), next++);
      EXPECT_EQ(texts.GetView(row), R"([{"a_name_that_is_long":true,"another_one":null},null])");
    }
    bytes += BatchBytes(*batch);
  }
  EXPECT_EQ(next, kRows);
  EXPECT_EQ(outcome.bytes, bytes);
}

}  // namespace
}  // namespace headrace
