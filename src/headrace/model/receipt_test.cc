#include "headrace/model/receipt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace headrace {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kPlan = "run-1/public.events/0";

Receipt ReceiptOf(std::string file, const std::vector<std::string>& units) {
  Receipt receipt;
  receipt.plan_id = kPlan;
  receipt.files.emplace_back().name = std::move(file);
  for (const std::string& id : units) {
    UnitReceipt& unit = receipt.units.emplace_back();
    unit.unit_id = id;
    unit.rows = 10;
    unit.checksum = {.sum = 7, .rows = 10};
    receipt.rows += 10;
    receipt.checksum += unit.checksum;
  }
  receipt.files[0].rows = receipt.rows;
  receipt.files[0].checksum = receipt.checksum;
  return receipt;
}

json ReceiptJson() {
  return json::parse(R"({
  "version": 1, "plan_id": "run-1/public.events/0", "rows": 3,
  "checksum": "00000000000000ff", "worker": 2, "nulled_values": 1,
  "units": [{"unit_id": "7", "attempt": 2, "rows": 3, "checksum": "00000000000000ff", "seconds": 0.5}],
  "files": [{"name": "w0-0.parquet", "bytes": 4096, "rows": 2, "checksum": "00000000000000f0", "digest": "5b1c0f5e7a9d2e64",
             "columns": [{"name": "id", "minimum": "1", "maximum": "9", "nulls": 0}, {"name": "tags", "nulls": 2}]},
            {"name": "w0-1.parquet", "bytes": 1024, "rows": 1, "checksum": "000000000000000f", "columns": []}]})");
}

TEST(ReceiptTest, JsonAsDocumented) {
  const auto receipt = ReceiptFromJson(ReceiptJson());
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->plan_id, kPlan);
  EXPECT_EQ(receipt->checksum, (Checksum{.sum = 255, .rows = 3}));
  EXPECT_EQ(receipt->nulled_values, 1);
  ASSERT_EQ(receipt->units.size(), 1U);
  EXPECT_EQ(receipt->units[0].attempt, 2);
  EXPECT_EQ(receipt->units[0].checksum, (Checksum{.sum = 255, .rows = 3}));
  EXPECT_EQ(receipt->units[0].seconds, 0.5);
  ASSERT_EQ(receipt->files.size(), 2U);
  EXPECT_EQ(receipt->files[0].bytes, 4096);
  EXPECT_EQ(receipt->files[1].checksum, (Checksum{.sum = 15, .rows = 1}));
  const std::vector<ColumnSummary>& columns = receipt->files[0].columns;
  ASSERT_EQ(columns.size(), 2U);
  EXPECT_EQ(columns[0].maximum, "9");
  EXPECT_EQ(columns[1].minimum, std::nullopt);
  EXPECT_EQ(columns[1].nulls, 2);
  EXPECT_EQ(ToJson(*receipt), ReceiptJson());
}

TEST(ReceiptTest, ErrorsNameTheKeyAndArePermanent) {
  const auto error = [](const char* pointer, const json& value) {
    json damaged = ReceiptJson();
    damaged[json::json_pointer(pointer)] = value;
    const auto receipt = ReceiptFromJson(damaged);
    EXPECT_FALSE(receipt.ok());
    EXPECT_EQ(ClassOf(receipt.status()), ErrorClass::kPermanent);
    return receipt.status().message();
  };
  EXPECT_EQ(error("/checksum", "ff"), "receipt: key \"checksum\": expected 16 hexadecimal digits");
  EXPECT_EQ(error("/units", 5), "receipt: key \"units\": expected an array");
  EXPECT_EQ(error("/units/0", 5), "unit of a receipt: expected a JSON object");
  EXPECT_EQ(error("/units/0/rows", "x"),
            "unit of a receipt: key \"rows\": expected an integer from -9223372036854775808 to "
            "9223372036854775807");
  EXPECT_EQ(error("/files/0/columns/1/minimum", 5),
            "column of a receipt: key \"minimum\": expected a string");
  EXPECT_EQ(error("/files/1/name", 5), "file of a receipt: key \"name\": expected a string");
  EXPECT_EQ(error("/units/0/seconds", nullptr),
            "unit of a receipt: key \"seconds\": expected a number");
  EXPECT_EQ(error("/version", 9), "receipt: key \"version\": this program reads version 1, not 9");
}

std::vector<std::string> FilesOf(const Coverage& coverage) {
  std::vector<std::string> files;
  for (const Receipt& receipt : coverage.accepted) files.push_back(receipt.files.front().name);
  return files;
}

arrow::Result<Coverage> Cover(const std::vector<Receipt>& receipts) {
  return CoverUnits(kPlan, {"0", "1", "2", "3"}, receipts);
}

void ExpectCoverBug(const std::vector<Receipt>& receipts, const std::string& text) {
  const auto coverage = Cover(receipts);
  ASSERT_FALSE(coverage.ok());
  EXPECT_EQ(ClassOf(coverage.status()), ErrorClass::kBug);
  EXPECT_THAT(coverage.status().message(), HasSubstr(text));
}

TEST(CoverUnitsTest, EachUnitOnce) {
  const auto coverage = Cover({ReceiptOf("a", {"0", "2"}), ReceiptOf("b", {"3", "1"})});
  ASSERT_TRUE(coverage.ok()) << coverage.status();
  EXPECT_THAT(FilesOf(*coverage), ElementsAre("a", "b"));
  EXPECT_THAT(coverage->missing_units, IsEmpty());
}

TEST(CoverUnitsTest, GapsAreMissingInTheOrderOfThePlan) {
  const auto coverage = Cover({ReceiptOf("a", {"2"})});
  ASSERT_TRUE(coverage.ok());
  EXPECT_THAT(coverage->missing_units, ElementsAre("0", "1", "3"));
  EXPECT_THAT(Cover({})->missing_units, ElementsAre("0", "1", "2", "3"));
}

TEST(CoverUnitsTest, OfTheSameSetTwiceOneIsKept) {
  const auto coverage =
      Cover({ReceiptOf("a", {"0", "1"}), ReceiptOf("b", {"1", "0"}), ReceiptOf("c", {"2", "3"})});
  ASSERT_TRUE(coverage.ok()) << coverage.status();
  EXPECT_THAT(FilesOf(*coverage), ElementsAre("a", "c"));
}

TEST(CoverUnitsTest, PartialOverlapIsABug) {
  ExpectCoverBug({ReceiptOf("a", {"0", "1"}), ReceiptOf("b", {"1", "2"})}, "overlap partly");
  ExpectCoverBug({ReceiptOf("a", {"0", "1"}), ReceiptOf("b", {"0"})}, "overlap partly");
  ExpectCoverBug({ReceiptOf("a", {"0"}), ReceiptOf("b", {"0", "1"})}, "overlap partly");
  ExpectCoverBug({ReceiptOf("a", {"0"}), ReceiptOf("b", {"1"}), ReceiptOf("c", {"0", "1"})},
                 "overlap partly");
}

TEST(CoverUnitsTest, ForeignUnitsAndPlansAreBugs) {
  ExpectCoverBug({ReceiptOf("a", {"9"})}, "the plan has no unit 9");
  ExpectCoverBug({ReceiptOf("a", {"0", "0"})}, "it holds unit 0 twice");
  Receipt other = ReceiptOf("a", {"0"});
  other.plan_id = "run-1/public.events/1";
  ExpectCoverBug({other}, "expected one of the plan run-1/public.events/0");
}

TEST(CoverUnitsTest, RowsThatDoNotAddUpAreBugs) {
  const Receipt good = ReceiptOf("a", {"0", "1"});
  EXPECT_TRUE(CheckSums(good).ok());
  const std::vector<void (*)(Receipt&)> damages = {
      [](Receipt& receipt) { --receipt.units[1].rows; },
      [](Receipt& receipt) { ++receipt.units[0].checksum.sum; },
      [](Receipt& receipt) { --receipt.files[0].rows; },
      [](Receipt& receipt) { ++receipt.files[0].checksum.sum; },
      [](Receipt& receipt) { ++receipt.rows; },
      [](Receipt& receipt) { ++receipt.checksum.sum; },
      [](Receipt& receipt) { receipt.files.clear(); },
  };
  for (const auto damage : damages) {
    Receipt receipt = good;
    damage(receipt);
    const arrow::Status status = Cover({receipt}).status();
    EXPECT_EQ(ClassOf(status), ErrorClass::kBug) << status;
    EXPECT_THAT(status.message(), HasSubstr("add up to"));
  }
}

TEST(CoverUnitsTest, ReceiptWithoutUnitsHoldsNoRows) {
  Receipt empty = ReceiptOf("a", {});
  EXPECT_THAT(FilesOf(*Cover({empty})), IsEmpty());
  empty.rows = 5;
  ExpectCoverBug({empty}, "it has rows, but names no unit");
}

}  // namespace
}  // namespace headrace
