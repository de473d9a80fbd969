#include "headrace/run/file_content.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace headrace {
namespace {

Receipt ReceiptOf(const std::string& file, const std::vector<std::string>& units) {
  Receipt receipt;
  receipt.files = {{.name = file,
                    .bytes = 0,
                    .rows = 0,
                    .checksum = {},
                    .digest = {},
                    .columns = {{.name = "tags", .minimum = {}, .maximum = {}},
                                {.name = "id", .minimum = "1", .maximum = "9"},
                                {.name = "at", .minimum = "2024-01-01", .maximum = "2024-01-31"}}}};
  for (const std::string& unit : units) receipt.units.push_back({.unit_id = unit, .checksum = {}});
  return receipt;
}

TEST(FileContentTest, UnitsAreNamedWithTheRangeOfTheColumnThatCutThem) {
  const std::vector<Receipt> receipts = {ReceiptOf("a", {"0"}), ReceiptOf("b", {"1", "3"}),
                                         ReceiptOf("c", {"2", "4", "5", "6", "7.1"})};
  EXPECT_EQ(ContentOf("a", receipts, "at"), "unit 0, at from 2024-01-01 to 2024-01-31");
  EXPECT_EQ(ContentOf("b", receipts, ""), "units 1, 3, id from 1 to 9");
  EXPECT_EQ(ContentOf("c", receipts, "tags"), "units 2, 4, 5, 6 … 7.1 (5), id from 1 to 9");
}

TEST(FileContentTest, OfAFileWithoutReceiptNothingIsKnown) {
  EXPECT_EQ(ContentOf("d", std::vector{ReceiptOf("a", {"0"})}, "id"), "");
  EXPECT_EQ(ContentOf("a", std::vector{ReceiptOf("a", {})}, "id"), "") << "of an empty table";
}

}  // namespace
}  // namespace headrace
