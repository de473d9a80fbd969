#include "headrace/staging/column_summary.h"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>
#include <parquet/arrow/reader.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>

#include <memory>
#include <string>

#include "headrace/model/civil_time.h"

namespace headrace {
namespace {

using arrow::internal::checked_cast;

template <typename PhysicalType>
void MergeTyped(parquet::Statistics& into, const parquet::Statistics& other) {
  checked_cast<parquet::TypedStatistics<PhysicalType>&>(into).Merge(
      checked_cast<const parquet::TypedStatistics<PhysicalType>&>(other));
}

struct MergeRule {
  parquet::Type::type type;
  void (*merge)(parquet::Statistics&, const parquet::Statistics&);
};

constexpr MergeRule kMergeRules[] = {
    {parquet::Type::BOOLEAN, MergeTyped<parquet::BooleanType>},
    {parquet::Type::INT32, MergeTyped<parquet::Int32Type>},
    {parquet::Type::INT64, MergeTyped<parquet::Int64Type>},
    {parquet::Type::FLOAT, MergeTyped<parquet::FloatType>},
    {parquet::Type::DOUBLE, MergeTyped<parquet::DoubleType>},
    {parquet::Type::BYTE_ARRAY, MergeTyped<parquet::ByteArrayType>},
    {parquet::Type::FIXED_LEN_BYTE_ARRAY, MergeTyped<parquet::FLBAType>},
};

/// Statistics of leaf column `leaf` over all row groups; null where some row group with values has
/// no bounds.
std::shared_ptr<parquet::Statistics> MergedStatistics(const parquet::FileMetaData& metadata,
                                                      int leaf) {
  std::shared_ptr<parquet::Statistics> merged;
  for (int group = 0; group < metadata.num_row_groups(); ++group) {
    const auto chunk = metadata.RowGroup(group)->ColumnChunk(leaf);
    const auto statistics = chunk->statistics();
    if (statistics == nullptr) return nullptr;
    if (!statistics->HasMinMax()) {
      if (statistics->HasNullCount() && statistics->null_count() == chunk->num_values()) {
        continue;  // Only NULLs.
      }
      return nullptr;
    }
    if (merged == nullptr) {
      merged = statistics;
      continue;
    }
    for (const MergeRule& rule : kMergeRules) {
      if (rule.type == merged->physical_type()) rule.merge(*merged, *statistics);
    }
  }
  return merged;
}

bool IsNested(const arrow::DataType& type) { return arrow::is_nested(type.id()); }

int LeavesOf(const arrow::DataType& type) {
  if (!IsNested(type)) return 1;
  int leaves = 0;
  for (const auto& child : type.fields()) leaves += LeavesOf(*child->type());
  return leaves;
}

/// As Arrow prints values; of dates and times also where the years end that it knows, 32767.
std::string BoundText(const arrow::Scalar& bound) {
  std::string text;
  if (bound.type->id() == arrow::Type::DATE32) {
    const int64_t days = checked_cast<const arrow::Date32Scalar&>(bound).value;
    AppendDate(CivilTimeOfSeconds(days * (kMicrosPerDay / kMicrosPerSecond)), text);
    return text;
  }
  if (!bound.type->Equals(*arrow::timestamp(arrow::TimeUnit::MICRO)) &&
      !bound.type->Equals(*arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))) {
    return bound.ToString();
  }
  const bool zoned = !checked_cast<const arrow::TimestampType&>(*bound.type).timezone().empty();
  const CivilTime time = CivilTimeOf(checked_cast<const arrow::TimestampScalar&>(bound).value);
  AppendDate(time, text);
  text += ' ';
  AppendTimeOfDay(time, text);
  text += '.';
  AppendDigits(time.micros, 6, text);
  return text + (zoned ? "Z" : "");
}

arrow::Status AddBounds(const parquet::Statistics& statistics, const arrow::DataType& type,
                        ColumnSummary& summary) {
  std::shared_ptr<arrow::Scalar> minimum;
  std::shared_ptr<arrow::Scalar> maximum;
  ARROW_RETURN_NOT_OK(parquet::arrow::StatisticsAsScalars(statistics, &minimum, &maximum));
  // The statistics know the physical type; the schema knows what people call the value (time
  // zones).
  if (!minimum->type->Equals(type)) {
    ARROW_ASSIGN_OR_RAISE(minimum, minimum->CastTo(type.GetSharedPtr()));
    ARROW_ASSIGN_OR_RAISE(maximum, maximum->CastTo(type.GetSharedPtr()));
  }
  summary.minimum = BoundText(*minimum);
  summary.maximum = BoundText(*maximum);
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::vector<ColumnSummary>> SummariseColumns(const arrow::Schema& schema,
                                                           const parquet::FileMetaData& metadata,
                                                           std::span<const int64_t> nulls) {
  std::vector<ColumnSummary> summaries;
  int leaf = 0;
  for (int column = 0; column < schema.num_fields(); ++column) {
    const auto& field = *schema.field(column);
    ColumnSummary& summary = summaries.emplace_back();
    summary.name = field.name();
    summary.nulls = nulls[static_cast<size_t>(column)];
    if (!IsNested(*field.type())) {
      const auto statistics = MergedStatistics(metadata, leaf);
      if (statistics != nullptr) {
        ARROW_RETURN_NOT_OK(AddBounds(*statistics, *field.type(), summary));
      }
    }
    leaf += LeavesOf(*field.type());
  }
  return summaries;
}

}  // namespace headrace
