#include "headrace/source/sqlite/time_sample.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "headrace/model/civil_time.h"
#include "headrace/source/sqlite/moment.h"
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

  const bool integers_;
  int64_t rows_ = 0;
  int64_t nulls_ = 0;
  std::array<FormSample, 4> forms_ = {{{TimeEncoding::kNative, {}},
                                       {TimeEncoding::kText, {}},
                                       {TimeEncoding::kTextT, {}},
                                       {TimeEncoding::kSeconds, {}}}};
};

/// Is there an index of all rows that begins with `column`?
arrow::Result<bool> IsIndexed(SqliteDatabase& database, const std::string& table,
                              const std::string& column) {
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement statement,
      database.Prepare("SELECT 1 FROM pragma_index_list(?1, 'main') AS l, "
                       "pragma_index_info(l.name, 'main') AS i "
                       "WHERE NOT l.partial AND i.seqno = 0 AND i.name = ?2 LIMIT 1"));
  ARROW_RETURN_NOT_OK(statement.BindText(1, table));
  ARROW_RETURN_NOT_OK(statement.BindText(2, column));
  return statement.Step();
}

arrow::Status SeeEnds(SqliteDatabase& database, const TableRef& table, const std::string& column,
                      TimeSample& sample) {
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

}  // namespace

arrow::Result<ColumnStatistics> SampleTimes(SqliteDatabase& database,
                                            const Description& description,
                                            const std::string& column,
                                            const std::stop_token& stop) {
  const Column* described = description.FindColumn(column);
  TimeSample sample(described == nullptr || !IsTimeType(*described->type));
  const std::array<std::string, 1> columns = {column};
  const auto see = [&](const SqliteStatement& row) {
    sample.See(row);
    return true;
  };
  ARROW_RETURN_NOT_OK(
      SampleRows(database, description, columns, kSampledRows, kEffort, stop, see).status());
  ARROW_ASSIGN_OR_RAISE(const bool indexed, IsIndexed(database, description.table.name, column));
  if (indexed) ARROW_RETURN_NOT_OK(SeeEnds(database, description.table, column, sample));
  ColumnStatistics statistics = sample.Statistics();
  statistics.indexed = indexed;
  return statistics;
}

}  // namespace headrace::sqlite
