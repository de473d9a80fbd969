#include "headrace/source/sqlite/time_sample.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "headrace/model/civil_time.h"
#include "headrace/source/sqlite/column_index.h"
#include "headrace/source/sqlite/moment.h"
#include "headrace/source/sqlite/progress_guard.h"
#include "headrace/source/sqlite/row_sample.h"
#include "headrace/source/sqlite/unit_query.h"

namespace headrace::sqlite {
namespace {

constexpr int kSampledRows = 1'024;

/// Steps of SQLite's virtual machine: a few seconds at most.
constexpr SampleEffort kEffort{.until_first_row = 100'000'000,
                               .behind_first_row = 100'000'000,
                               .places = kSampledRows};  // Neighbours are of one time.

/// Of the values that are not NULL. The others are in the first range or the last one.
constexpr double kNearlyAll = 0.95;

/// Why nothing is known of values that the sample holds.
constexpr const char* kNotIntegers = "not nearly all of them are integers";
constexpr const char* kNoForm =
    "no form of time that can be compared as it lies (ISO text, or seconds since 1970) is that of "
    "nearly all of them";

/// The values of one form.
struct FormSample {
  TimeEncoding encoding = TimeEncoding::kNative;
  std::vector<int64_t> values;
};

/// Takes one column of rows apart by how their times are stored.
class TimeSample {
 public:
  explicit TimeSample(bool integers) : integers_(integers) {}

  /// A row of the sample.
  void See(const SqliteStatement& row) {
    ++rows_;
    if (row.ColumnIsNull(0)) ++nulls_;
    Place(row);
  }

  /// Puts the row's value where it belongs, as the least or the greatest one, which an index gives
  /// at once: it may be newer than the sample, and is no part of it.
  void Place(const SqliteStatement& row) {
    switch (row.ColumnType(0)) {
      case SqliteType::kInteger:
        return SeeInteger(row.ColumnInt64(0));
      case SqliteType::kText:
        return SeeText(row.ColumnText(0));
      case SqliteType::kNull:
      case SqliteType::kReal:
      case SqliteType::kBlob:
        return;
    }
  }

  /// Rows of the sample, and how many of them stay: every second of each form.
  int64_t rows() const { return rows_; }
  void Thin() {
    rows_ /= 2;
    nulls_ /= 2;
    for (FormSample& form : forms_) {
      size_t kept = 0;
      for (size_t i = 0; i < form.values.size(); i += 2) form.values[kept++] = form.values[i];
      form.values.resize(kept);
    }
  }

  ColumnStatistics Statistics() {
    ColumnStatistics statistics;
    const auto rows = static_cast<double>(std::max<int64_t>(rows_, 1));
    statistics.null_fraction = static_cast<double>(nulls_) / rows;
    FormSample& most = *std::ranges::max_element(
        forms_, {}, [](const FormSample& form) { return form.values.size(); });
    const auto present = static_cast<double>(rows_ - nulls_);
    if (most.values.empty() || static_cast<double>(most.values.size()) < kNearlyAll * present) {
      return statistics;
    }
    std::ranges::sort(most.values);
    statistics.minimum = most.values.front();
    statistics.maximum = most.values.back();
    statistics.histogram = std::move(most.values);
    statistics.time_encoding = most.encoding;
    return statistics;
  }

 private:
  void SeeInteger(int64_t value) {
    if (integers_) {
      forms_[0].values.push_back(value);
    } else if (const auto micros = MicrosOfInteger(value)) {
      Form(TimeEncoding::kSeconds).push_back(*micros);
    }
  }

  void SeeText(std::string_view text) {
    if (integers_) return;
    constexpr size_t kSeparator = 10;  // Behind `2024-01-01`.
    const auto micros = MicrosOfText(text);
    if (!micros) return;
    // A date alone is at home in both forms, and begins its day in both.
    const bool has_t = text.size() > kSeparator && text[kSeparator] == 'T';
    Form(has_t ? TimeEncoding::kTextT : TimeEncoding::kText).push_back(*micros);
  }

  std::vector<int64_t>& Form(TimeEncoding encoding) {
    return std::ranges::find(forms_, encoding, &FormSample::encoding)->values;
  }

  bool integers_;
  int64_t rows_ = 0;
  int64_t nulls_ = 0;
  std::array<FormSample, 4> forms_ = {{{TimeEncoding::kNative, {}},
                                       {TimeEncoding::kText, {}},
                                       {TimeEncoding::kTextT, {}},
                                       {TimeEncoding::kSeconds, {}}}};
};

/// The ends of an index.
arrow::Status SeeEnds(SqliteDatabase& database, const TableRef& table, const std::string& column,
                      const std::stop_token& stop, TimeSample& sample) {
  const ProgressGuard guard(database.handle(), stop, kEffort.until_first_row);
  const std::string name = ColumnSql(table, column);
  const std::string ordered = "SELECT " + name + " FROM " + RelationSql(table) + " WHERE " + name +
                              " IS NOT NULL ORDER BY " + name;
  for (const char* end : {" ASC LIMIT 1", " DESC LIMIT 1"}) {
    ARROW_ASSIGN_OR_RAISE(SqliteStatement statement, database.Prepare(ordered + end));
    ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
    if (row) sample.Place(statement);
  }
  return arrow::Status::OK();
}

arrow::Status SeeEverywhere(SqliteDatabase& database, const Description& description,
                            const std::string& column, const std::stop_token& stop,
                            TimeSample& sample) {
  const std::array<std::string, 1> columns = {column};
  const auto see = [&](const SqliteStatement& row) {
    sample.See(row);
    return true;
  };
  return SampleRows(database, description, columns, kSampledRows, kEffort, stop, see).status();
}

/// Every so many rows along an index, NULLs included; counts all of them. False: it takes too long.
arrow::Result<bool> SeeAlong(SqliteDatabase& database, const TableRef& table,
                             const std::string& column, int64_t rows, const std::stop_token& stop,
                             TimeSample& sample, int64_t& counted) {
  const ProgressGuard guard(database.handle(), stop, kEffort.behind_first_row);
  const std::string name = ColumnSql(table, column);
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement statement,
      database.Prepare("SELECT " + name + " FROM " + RelationSql(table) + " ORDER BY " + name));
  int64_t stride = std::max<int64_t>(1, rows / kSampledRows);
  for (counted = 0;; ++counted) {
    const auto row = statement.Step();
    if (stop.stop_requested()) return InterruptedError();
    if (!row.ok() && CodeOf(row.status()) == kInterruptedCode) return false;
    ARROW_ASSIGN_OR_RAISE(const bool is_row, row);
    if (!is_row) return true;
    if (counted % stride == stride / 2) sample.See(statement);
    if (sample.rows() > int64_t{4} * kSampledRows) {  // There are more rows than was thought.
      sample.Thin();
      stride *= 2;
    }
  }
}

}  // namespace

arrow::Result<ColumnSample> SampleTimes(SqliteDatabase& database, const Description& description,
                                        const std::string& column, int64_t rows,
                                        const std::stop_token& stop) {
  const Column* described = description.FindColumn(column);
  const bool integers = described == nullptr || !IsTimeType(*described->type);
  const TableRef& table = description.table;
  const bool has_rowid = !description.row_identity.empty();
  ARROW_ASSIGN_OR_RAISE(const bool indexed, IsIndexed(database, table, column));
  // Ranges of integers that no index orders would each read the whole table.
  if (!indexed && (integers || !has_rowid)) {
    return ColumnSample{{.unknown_because = std::string(kNoIndex)}};
  }
  int64_t counted = 0;
  TimeSample sample(integers);
  bool is_complete = true;
  if (has_rowid) {
    ARROW_RETURN_NOT_OK(SeeEverywhere(database, description, column, stop, sample));
  } else {
    ARROW_ASSIGN_OR_RAISE(is_complete,
                          SeeAlong(database, table, column, rows, stop, sample, counted));
  }
  if (!is_complete) sample = TimeSample(integers);
  if (indexed) ARROW_RETURN_NOT_OK(SeeEnds(database, table, column, stop, sample));
  ColumnStatistics statistics = sample.Statistics();
  if (!is_complete) statistics.histogram.clear();  // Two ends are none.
  statistics.indexed = indexed;
  if (!statistics.minimum) {
    statistics.unknown_because = integers ? kNotIntegers : kNoForm;
  }
  return ColumnSample{.statistics = std::move(statistics), .counted = counted};
}

}  // namespace headrace::sqlite
