#include "headrace/destination/bigquery/column_range.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>

namespace headrace {
namespace {

void Look(const std::string& path, const arrow::DataType& type,
          std::vector<PossibleMisfit>& misfits);

/// The entries of a map have a struct around them that has no name in a table.
void LookInside(const std::string& path, const arrow::DataType& type,
                std::vector<PossibleMisfit>& misfits) {
  for (const auto& child : type.fields()) {
    Look(FieldPath(path, child->name()), *child->type(), misfits);
  }
}

void Look(const std::string& path, const arrow::DataType& type,
          std::vector<PossibleMisfit>& misfits) {
  if (arrow::is_floating(type.id())) misfits.push_back({path, Misfit::kNegativeZero});
  if (type.id() == arrow::Type::STRUCT) LookInside(path, type, misfits);
  if (arrow::is_list_like(type.id())) Look(path + "[]", *type.field(0)->type(), misfits);
}

HeldValues HeldOf(const arrow::DataType& type, bool holds_null) {
  HeldValues held = {.range = HeldRange(type), .holds_null = holds_null};
  const bool is_array = arrow::is_list_like(type.id());
  for (const auto& child : type.fields()) {
    held.children.push_back(HeldOf(*child->type(), child->nullable() && !is_array));
  }
  if (std::ranges::all_of(held.children, &HeldValues::holds_all)) held.children.clear();
  return held;
}

}  // namespace

std::optional<StoredRange> HeldRange(const arrow::DataType& staged) {
  switch (staged.id()) {
    case arrow::Type::DATE32:
      return StoredRange{.first = kFirstBigQueryDay, .last = kLastBigQueryDay};
    case arrow::Type::TIMESTAMP:
      return StoredRange{.first = kFirstBigQueryMicros, .last = kLastBigQueryMicros};
    case arrow::Type::TIME64:
      return StoredRange{.first = 0, .last = kLastBigQueryTimeOfDay};
    default:
      return std::nullopt;
  }
}

HeldValues HeldBy(const BigQueryColumn& column) {
  return HeldOf(*column.staged->type(), column.staged->nullable());
}

std::vector<PossibleMisfit> PossibleMisfits(const BigQueryColumn& column) {
  std::vector<PossibleMisfit> misfits;
  Look(column.field.name, *column.staged->type(), misfits);
  if (column.needs_parse_json) misfits.push_back({column.field.name, Misfit::kNotJson});
  return misfits;
}

}  // namespace headrace
