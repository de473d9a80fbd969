#include "conformance/destination_suite.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>

#include <algorithm>
#include <numeric>

namespace headrace {
namespace {

std::shared_ptr<arrow::Schema> DefaultSchema() {
  return arrow::schema(
      {arrow::field("id", arrow::int64(), false), arrow::field("text", arrow::utf8())});
}

WorkUnit UnitNumber(const TableTarget& target, size_t number) {
  return {.plan_id = target.plan_id, .id = std::to_string(number), .split = WholeTable{}};
}

}  // namespace

std::vector<int64_t> Range(int64_t first, int64_t count) {
  std::vector<int64_t> numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

void DestinationConformance::SetUp() {
  place_ = GetParam().make_place();
  ASSERT_NE(place_, nullptr);
}

TableRef DestinationConformance::DefaultTable() {
  return {.schema = "public", .name = "orders", .query = {}, .alias = {}};
}

TableTarget DestinationConformance::Target(const std::string& run, WriteMode mode) const {
  return {.job = "shop",
          .run = run,
          .plan_id = run + "/public.orders/0",
          .table = DefaultTable(),
          .epoch = 0,
          .mode = mode,
          .schema = DefaultSchema()};
}

std::shared_ptr<arrow::RecordBatch> DestinationConformance::Rows(int64_t first, int64_t count) {
  arrow::Int64Builder ids;
  arrow::StringBuilder texts;
  for (const int64_t id : Range(first, count)) {
    EXPECT_TRUE(ids.Append(id).ok());
    EXPECT_TRUE(texts.Append("row " + std::to_string(id)).ok());
  }
  return arrow::RecordBatch::Make(DefaultSchema(), count, {*ids.Finish(), *texts.Finish()});
}

std::vector<Receipt> DestinationConformance::Stage(
    Destination& destination, const TableTarget& target,
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& units) {
  std::vector<Receipt> receipts;
  const auto stage = [&]() -> arrow::Status {
    ARROW_RETURN_NOT_OK(destination.Prepare(target));
    ARROW_ASSIGN_OR_RAISE(const auto writer, destination.OpenWriter(target, 0, 0));
    for (size_t i = 0; i < units.size(); ++i) {
      ARROW_RETURN_NOT_OK(writer->BeginUnit(UnitNumber(target, i), 1));
      ARROW_RETURN_NOT_OK(writer->Append(units[i]));
      ARROW_ASSIGN_OR_RAISE(auto full, writer->EndUnit(0));
      std::ranges::move(full, std::back_inserter(receipts));
    }
    ARROW_ASSIGN_OR_RAISE(auto sealed, writer->Seal());
    std::ranges::move(sealed, std::back_inserter(receipts));
    return arrow::Status::OK();
  };
  const arrow::Status status = stage();
  EXPECT_TRUE(status.ok()) << status.ToString();
  return receipts;
}

CommitRecord DestinationConformance::Load(
    const TableTarget& target, const std::vector<std::shared_ptr<arrow::RecordBatch>>& units,
    int64_t sequence) {
  const auto destination = place_->Open();
  const std::vector<Receipt> receipts = Stage(*destination, target, units);
  const auto intent = destination->Intend(target, receipts, sequence);
  EXPECT_TRUE(intent.ok()) << intent.status().ToString();
  if (!intent.ok()) return {};
  auto record = destination->Commit(*intent);
  EXPECT_TRUE(record.ok()) << record.status().ToString();
  return record.ok() ? *record : CommitRecord{};
}

CommitIntent DestinationConformance::IntendRows(Destination& destination, const TableTarget& target,
                                                int64_t first, int64_t count, int64_t sequence) {
  auto intent =
      destination.Intend(target, Stage(destination, target, {Rows(first, count)}), sequence);
  EXPECT_TRUE(intent.ok()) << intent.status().ToString();
  return intent.ok() ? *intent : CommitIntent{};
}

std::vector<int64_t> DestinationConformance::PublishedIds(const TableRef& table) {
  const auto rows = place_->ReadTable(table);
  EXPECT_NE(rows, nullptr) << "no table " << table.label();
  std::vector<int64_t> ids;
  if (rows == nullptr) return ids;
  for (const auto& chunk : rows->column(0)->chunks()) {
    const auto& values = arrow::internal::checked_cast<const arrow::Int64Array&>(*chunk);
    ids.insert(ids.end(), values.raw_values(), values.raw_values() + values.length());
  }
  std::ranges::sort(ids);
  return ids;
}

}  // namespace headrace
