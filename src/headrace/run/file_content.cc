#include "headrace/run/file_content.h"

#include <algorithm>
#include <vector>

#include "headrace/model/utf8.h"

namespace headrace {
namespace {

/// More than so many are only counted.
constexpr size_t kMostNamed = 4;

std::string UnitsText(const std::vector<UnitReceipt>& units) {
  if (units.size() == 1) return "unit " + units.front().unit_id;
  std::string text = "units ";
  for (size_t i = 0; i < std::min(units.size(), kMostNamed); ++i) {
    text += (i == 0 ? "" : ", ") + units[i].unit_id;
  }
  if (units.size() <= kMostNamed) return text;
  return text + " … " + units.back().unit_id + " (" + std::to_string(units.size()) + ")";
}

bool HasRange(const ColumnSummary& column) { return column.minimum && column.maximum; }

std::string RangeText(const ReceiptFile& file, std::string_view split_column) {
  auto column = std::ranges::find_if(file.columns, [&](const ColumnSummary& summary) {
    return summary.name == split_column && HasRange(summary);
  });
  if (column == file.columns.end()) column = std::ranges::find_if(file.columns, HasRange);
  if (column == file.columns.end()) return {};
  return ", " + column->name + " from " + ShortenedValue(*column->minimum) + " to " +
         ShortenedValue(*column->maximum);
}

}  // namespace

std::string ContentOf(std::string_view file, std::span<const Receipt> receipts,
                      std::string_view split_column) {
  for (const Receipt& receipt : receipts) {
    const auto found = std::ranges::find(receipt.files, file, &ReceiptFile::name);
    if (found == receipt.files.end() || receipt.units.empty()) continue;
    return UnitsText(receipt.units) + RangeText(*found, split_column);
  }
  return {};
}

}  // namespace headrace
