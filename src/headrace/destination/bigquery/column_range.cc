#include "headrace/destination/bigquery/column_range.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

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

void LookAtElements(const std::string& path, const arrow::Field& elements,
                    std::vector<PossibleMisfit>& misfits) {
  if (elements.nullable()) misfits.push_back({path, Misfit::kNullElement});
  Look(path, *elements.type(), misfits);
}

void Look(const std::string& path, const arrow::DataType& type,
          std::vector<PossibleMisfit>& misfits) {
  if (HeldRange(type)) misfits.push_back({path, Misfit::kOutOfRange});
  if (arrow::is_floating(type.id())) misfits.push_back({path, Misfit::kNegativeZero});
  if (type.id() == arrow::Type::STRUCT) LookInside(path, type, misfits);
  if (arrow::is_list_like(type.id())) LookAtElements(path + "[]", *type.field(0), misfits);
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

std::vector<PossibleMisfit> PossibleMisfits(const BigQueryColumn& column) {
  std::vector<PossibleMisfit> misfits;
  Look(column.field.name, *column.staged->type(), misfits);
  if (column.needs_parse_json) misfits.push_back({column.field.name, Misfit::kNotJson});
  return misfits;
}

}  // namespace headrace
