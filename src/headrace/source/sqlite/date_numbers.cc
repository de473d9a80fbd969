#include "headrace/source/sqlite/date_numbers.h"

#include <arrow/type.h>

#include <chrono>
#include <string>
#include <vector>

#include "headrace/model/civil_time.h"
#include "headrace/source/sqlite/row_sample.h"

namespace headrace::sqlite {
namespace {

constexpr int kSampledRows = 1'000;

/// The integers of one column.
struct SeenIntegers {
  int64_t first = 0;
  int64_t dates = 0;
  bool others = false;

  void Add(int64_t value) {
    if (!IsDateAsDigits(value)) {
      others = true;
    } else if (dates++ == 0) {
      first = value;
    }
  }
};

std::string WarningOf(const Column& column, const SeenIntegers& seen) {
  const std::string number = std::to_string(seen.first);
  return "column \"" + column.name + "\": every integer in a sample (" +
         std::to_string(seen.dates) + ") has the digits of a date, as " + number +
         ", but integers are read as Unix seconds: " + ShortTime(seen.first * kMicrosPerSecond) +
         ". If they are dates, copy them with `type: string`, or by a `query` that writes them as "
         "2024-01-31";
}

}  // namespace

bool IsDateAsDigits(int64_t value) {
  constexpr int64_t kFirst = 1900'01'01;
  constexpr int64_t kLast = 2100'12'31;
  if (value < kFirst || value > kLast) return false;
  const auto digits = static_cast<int>(value);
  const std::chrono::year_month_day date{
      std::chrono::year(digits / 10'000),
      std::chrono::month(static_cast<unsigned>(digits) / 100 % 100),
      std::chrono::day(static_cast<unsigned>(digits) % 100)};
  return date.ok();
}

arrow::Status WarnOfDatesAsDigits(SqliteDatabase& database, const std::stop_token& stop,
                                  Description& description) {
  std::vector<Column*> columns;
  std::vector<std::string> names;
  for (Column& column : description.columns) {
    if (!IsTimeType(*column.type)) continue;
    columns.push_back(&column);
    names.push_back(column.name);
  }
  // A view or a query may work long before its first row comes.
  if (columns.empty() || description.kind != RelationKind::kTable) return arrow::Status::OK();
  std::vector<SeenIntegers> seen(columns.size());
  const auto see = [&](const SqliteStatement& row) {
    for (size_t i = 0; i < seen.size(); ++i) {
      const auto column = static_cast<int>(i);
      if (row.ColumnType(column) == SqliteType::kInteger) seen[i].Add(row.ColumnInt64(column));
    }
    return true;
  };
  ARROW_RETURN_NOT_OK(
      SampleRows(database, description, names, kSampledRows, SampleEffort{}, stop, see).status());
  for (size_t i = 0; i < seen.size(); ++i) {
    if (seen[i].dates > 0 && !seen[i].others) columns[i]->warning = WarningOf(*columns[i], seen[i]);
  }
  return arrow::Status::OK();
}

}  // namespace headrace::sqlite
