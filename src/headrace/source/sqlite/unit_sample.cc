#include "headrace/source/sqlite/unit_sample.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "headrace/source/sqlite/column_index.h"
#include "headrace/source/sqlite/progress_guard.h"
#include "headrace/source/sqlite/unit_query.h"

namespace headrace::sqlite {
namespace {

/// The reader of the unit waits meanwhile.
constexpr std::chrono::milliseconds kPatience{500};

constexpr size_t kMostValues = 4'096;

/// Values on the way along a b-tree, some rows apart: twice as far each time that there are too
/// many.
class ValuesAlong {
 public:
  void See(int64_t value) {
    const bool is_new = values_.empty() || value > values_.back().value;
    if (is_new && rows_ >= next_) {
      values_.push_back({value, static_cast<double>(rows_)});
      next_ = rows_ + stride_;
    }
    ++rows_;
    if (values_.size() >= 2 * kMostValues) Thin();
  }

  UnitSample Sample() && {
    UnitSample sample{.rows = static_cast<double>(rows_), .values = std::move(values_), .keys = {}};
    for (ValueBound& bound : sample.values) bound.share_below /= sample.rows;
    return sample;
  }

 private:
  void Thin() {
    size_t kept = 0;
    for (size_t i = 0; i < values_.size(); i += 2) values_[kept++] = values_[i];
    values_.resize(kept);
    stride_ *= 2;
  }

  std::vector<ValueBound> values_;  // `share_below` in rows
  int64_t rows_ = 0;
  int64_t next_ = 0;
  int64_t stride_ = 1;
};

/// As far as the guard lets it come. Text and blobs sort behind all numbers.
arrow::Status ReadAlong(SqliteDatabase& database, const std::string& sql, ValuesAlong& along) {
  ARROW_ASSIGN_OR_RAISE(SqliteStatement values, database.Prepare(sql));
  while (true) {
    const auto row = values.Step();
    if (!row.ok() && CodeOf(row.status()) == kInterruptedCode) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const bool is_row, row);
    if (!is_row || values.ColumnType(0) != SqliteType::kInteger) return arrow::Status::OK();
    along.See(values.ColumnInt64(0));
  }
}

}  // namespace

arrow::Result<UnitSample> SampleUnitRows(SqliteDatabase& database, const TablePlan& plan,
                                         const WorkUnit& unit, const std::stop_token& stop) {
  const auto* range = std::get_if<IdRange>(&unit.split);
  if (range == nullptr || plan.table.is_query()) return UnitSample();
  ARROW_ASSIGN_OR_RAISE(const bool indexed, IsIndexed(database, plan.table, range->column));
  if (!indexed) return UnitSample();
  ValuesAlong along;
  ProgressGuard guard(database.handle(), stop);
  guard.StopAfter(kPatience);
  ARROW_ASSIGN_OR_RAISE(const std::string sql, ValuesQuery(plan, unit, range->column));
  ARROW_RETURN_NOT_OK(ReadAlong(database, sql, along));
  return std::move(along).Sample();
}

}  // namespace headrace::sqlite
