#include "headrace/source/sqlite/estimate.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/observe/human.h"
#include "headrace/source/sqlite/column_index.h"
#include "headrace/source/sqlite/column_sample.h"
#include "headrace/source/sqlite/integer_spread.h"
#include "headrace/source/sqlite/key_sample.h"
#include "headrace/source/sqlite/progress_guard.h"
#include "headrace/source/sqlite/row_sample.h"
#include "headrace/source/sqlite/time_sample.h"
#include "headrace/source/sqlite/unit_query.h"

namespace headrace::sqlite {
namespace {

/// Where figures come from.
constexpr const char* kAnalysed = "sqlite_stat1";
constexpr const char* kRowidDensity = "rowid density";

/// Why nothing is known of a column of decimals.
constexpr const char* kNoTexts = "SQLite keeps decimals as numbers, and key_range cuts its texts";

constexpr int kWidthSampleRows = 200;
constexpr int64_t kMostSampledBytes = 16LL << 20;

/// A count that takes more is given up.
constexpr int64_t kMostCountOperations = 20'000'000;

/// The seeks of a spread take some ten thousand; what takes more is none.
constexpr int64_t kMostProbeOperations = 20'000'000;

/// Cell pointer, record header and rowid of a stored row:
/// https://www.sqlite.org/fileformat2.html, 1.6.
constexpr double kStoredRowOverhead = 8;

arrow::Result<std::optional<int64_t>> QueryInt64(SqliteDatabase& database, const std::string& sql) {
  ARROW_ASSIGN_OR_RAISE(SqliteStatement statement, database.Prepare(sql));
  ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
  if (!row || statement.ColumnIsNull(0)) return std::nullopt;
  return statement.ColumnInt64(0);
}

arrow::Result<int64_t> FileBytes(SqliteDatabase& database) {
  ARROW_ASSIGN_OR_RAISE(const auto pages, QueryInt64(database, "PRAGMA page_count"));
  ARROW_ASSIGN_OR_RAISE(const auto page_bytes, QueryInt64(database, "PRAGMA page_size"));
  return pages.value_or(0) * page_bytes.value_or(0);
}

/// Asks what SQLite knows by name: sqlite_schema has a row for each table and no index.
arrow::Result<bool> WasAnalysed(SqliteDatabase& database) {
  ARROW_ASSIGN_OR_RAISE(
      const auto column,
      QueryInt64(database, "SELECT 1 FROM pragma_table_xinfo('sqlite_stat1', 'main') LIMIT 1"));
  return column.has_value();
}

/// The first number of a `stat`: the rows of the index, and so of the table unless the index is
/// partial. The largest is taken.
arrow::Result<std::optional<int64_t>> AnalysedRows(SqliteDatabase& database,
                                                   const std::string& table) {
  ARROW_ASSIGN_OR_RAISE(const bool was_analysed, WasAnalysed(database));
  if (!was_analysed) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement statement,
      database.Prepare("SELECT max(CAST(stat AS INTEGER)) FROM sqlite_stat1 WHERE tbl = ?"));
  ARROW_RETURN_NOT_OK(statement.BindText(1, table));
  ARROW_ASSIGN_OR_RAISE(const bool row, statement.Step());
  if (!row || statement.ColumnIsNull(0)) return std::nullopt;
  return statement.ColumnInt64(0);
}

std::string CountSql(const TableRef& table) { return "SELECT count(*) FROM " + RelationSql(table); }

/// By the table itself: an index may have a collation that only its application knows.
std::string CountTableSql(const TableRef& table) { return CountSql(table) + " NOT INDEXED"; }

arrow::Status CountWithinBounds(SqliteDatabase& database, const std::string& sql,
                                Statistics& statistics) {
  const ProgressGuard guard(database.handle(), {}, kMostCountOperations);
  const auto counted = QueryInt64(database, sql);
  if (!counted.ok() && CodeOf(counted.status()) == kInterruptedCode) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(counted);
  statistics.rows = counted->value_or(0);
  statistics.exact = true;
  statistics.origin = "count(*)";
  return arrow::Status::OK();
}

/// Bytes of one value as Arrow; text and blobs add their length.
double FixedWidth(const arrow::DataType& type) {
  const int bits = type.bit_width();
  return bits > 0 ? bits / 8.0 : sizeof(int32_t);
}

bool HasBytes(const arrow::DataType& type) { return type.bit_width() < 0; }

struct RowWidth {
  double arrow = 0;   ///< Of the selected columns.
  double stored = 0;  ///< Of all columns, in the file.
};

/// Sums up rows of all columns of a description.
class WidthSample {
 public:
  WidthSample(const Description& description, std::span<const std::string> selected) {
    for (const Column& column : description.columns) {
      columns_.push_back({FixedWidth(*column.type), HasBytes(*column.type),
                          std::ranges::find(selected, column.name) != selected.end()});
    }
  }

  /// False: enough.
  bool See(const SqliteStatement& row) {
    ++rows_;
    for (size_t i = 0; i < columns_.size(); ++i) AddValue(columns_[i], row, static_cast<int>(i));
    return stored_ < static_cast<double>(kMostSampledBytes);
  }

  RowWidth Mean() const {
    const auto rows = static_cast<double>(std::max<int64_t>(rows_, 1));
    RowWidth width{.arrow = arrow_ / rows, .stored = stored_ / rows + kStoredRowOverhead};
    for (const SampledColumn& column : columns_) {
      // A bit per value says whether it is NULL.
      if (column.selected) width.arrow += column.fixed + 1.0 / 8;
    }
    return width;
  }

 private:
  struct SampledColumn {
    double fixed;
    bool has_bytes;
    bool selected;
  };

  void AddValue(const SampledColumn& column, const SqliteStatement& row, int index) {
    const SqliteType type = row.ColumnType(index);
    double stored = 1;  // Of the record header.
    if (type == SqliteType::kText || type == SqliteType::kBlob) {
      const auto bytes = static_cast<double>(row.ColumnBlob(index).size());
      stored += bytes;
      if (column.selected && column.has_bytes) arrow_ += bytes;
    } else if (type != SqliteType::kNull) {
      stored += type == SqliteType::kReal ? 8 : 2;
      if (column.selected && column.has_bytes) arrow_ += 8;
    }
    stored_ += stored;
  }

  std::vector<SampledColumn> columns_;
  int64_t rows_ = 0;
  double arrow_ = 0;
  double stored_ = 0;
};

arrow::Result<RowWidth> SampleWidth(SqliteDatabase& database, const Description& description,
                                    std::span<const std::string> selected) {
  std::vector<std::string> names;
  for (const Column& column : description.columns) names.push_back(column.name);
  WidthSample sample(description, selected);
  ARROW_RETURN_NOT_OK(SampleRows(database, description, names, kWidthSampleRows, {}, {},
                                 [&](const SqliteStatement& row) { return sample.See(row); })
                          .status());
  return sample.Mean();
}

/// The integers of a column that a b-tree orders.
class ColumnIntegers final : public OrderedIntegers {
 public:
  static arrow::Result<ColumnIntegers> Make(SqliteDatabase& database, const TableRef& table,
                                            const std::string& column) {
    const std::string name = ColumnSql(table, column);
    const std::string select = "SELECT " + name + " FROM " + RelationSql(table) + " WHERE ";
    // Text and blobs sort behind all numbers: the upper bound keeps them out.
    const std::string numbers = name + " <= 9223372036854775807";
    ColumnIntegers integers;
    ARROW_ASSIGN_OR_RAISE(integers.from_, database.Prepare(select + name + " >= ? AND " + numbers +
                                                           " ORDER BY " + name + " LIMIT ?"));
    ARROW_ASSIGN_OR_RAISE(
        integers.last_, database.Prepare(select + numbers + " ORDER BY " + name + " DESC LIMIT 1"));
    return integers;
  }

  arrow::Result<std::vector<int64_t>> From(int64_t lower, int count) override {
    from_.Reset();
    ARROW_RETURN_NOT_OK(from_.BindInt64(1, lower));
    ARROW_RETURN_NOT_OK(from_.BindInt64(2, count));
    std::vector<int64_t> members;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool row, from_.Step());
      if (!row) return members;
      members.push_back(from_.ColumnInt64(0));
    }
  }

  arrow::Result<std::optional<int64_t>> Last() override {
    last_.Reset();
    ARROW_ASSIGN_OR_RAISE(const bool row, last_.Step());
    if (!row) return std::nullopt;
    return last_.ColumnInt64(0);
  }

 private:
  SqliteStatement from_;
  SqliteStatement last_;
};

/// A column whose values a b-tree orders.
struct SplitCandidate {
  std::string name;
  bool unique = false;
};

/// The rowid, and integer columns that are a key or the first column of one.
std::vector<SplitCandidate> SplitCandidates(const Description& description) {
  std::vector<SplitCandidate> candidates;
  if (!description.row_identity.empty()) candidates.push_back({description.row_identity, true});
  for (const Key& key : description.keys) {
    const Column* column = description.FindColumn(key.columns.front());
    const bool integer = column != nullptr && column->type->id() == arrow::Type::INT64;
    if (integer) candidates.push_back({column->name, key.columns.size() == 1});
  }
  return candidates;
}

/// Nothing where SQLite would read the whole table for each seek.
arrow::Result<std::optional<IntegerSpread>> SpreadOf(SqliteDatabase& database,
                                                     const TableRef& table,
                                                     const std::string& column,
                                                     const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const bool indexed, IsIndexed(database, table, column));
  if (!indexed) return std::nullopt;
  const ProgressGuard guard(database.handle(), stop, kMostProbeOperations);
  ARROW_ASSIGN_OR_RAISE(ColumnIntegers integers, ColumnIntegers::Make(database, table, column));
  auto spread = ProbeSpread(integers);
  if (stop.stop_requested()) return InterruptedError();
  if (!spread.ok() && CodeOf(spread.status()) == kInterruptedCode) return std::nullopt;
  ARROW_RETURN_NOT_OK(spread);
  return std::optional(*std::move(spread));
}

/// Adds the spread of each candidate; yields the greatest number of members that a unique one seems
/// to have, or -1.
arrow::Result<double> AddSpreads(SqliteDatabase& database, const Description& description,
                                 const std::stop_token& stop, Statistics& statistics) {
  double most = -1;
  for (const SplitCandidate& candidate : SplitCandidates(description)) {
    if (statistics.columns.contains(candidate.name)) continue;
    ARROW_ASSIGN_OR_RAISE(auto spread, SpreadOf(database, description.table, candidate.name, stop));
    ColumnStatistics& column = statistics.columns[candidate.name];
    if (!spread) {
      column.unknown_because = kNoIndex;
      continue;
    }
    if (candidate.unique) most = std::max(most, spread->members);
    column = {.minimum = spread->minimum,
              .maximum = spread->maximum,
              .null_fraction = 0,
              .histogram = std::move(spread->histogram),
              .indexed = true};
  }
  return most;
}

/// ANALYZE may have been run long ago. `seen`: rows that `origin` tells of; the table has no fewer.
void CorrectStaleRows(double seen, const std::string& origin, Statistics& statistics) {
  constexpr double kFarMore = 2;
  const bool is_estimate = statistics.rows >= 0 && !statistics.exact;
  if (!is_estimate || seen <= kFarMore * static_cast<double>(statistics.rows)) return;
  const bool was_analysed = statistics.origin == kAnalysed;
  statistics.origin = origin + "; " + statistics.origin + (was_analysed ? " is stale, it" : "") +
                      " says " + HumanCount(statistics.rows);
  statistics.rows = static_cast<int64_t>(seen);
}

/// For a large file that was never analysed. `members` < 0: no candidate.
arrow::Status JudgeRows(SqliteDatabase& database, const TableRef& table, double members,
                        const RowWidth& width, Statistics& statistics) {
  // The file's size is that of all tables: one that is small among them is counted.
  if (members < 0) {
    ARROW_RETURN_NOT_OK(CountWithinBounds(database, CountTableSql(table), statistics));
    if (statistics.rows >= 0) return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, FileBytes(database));
  const double by_pages = static_cast<double>(bytes) / width.stored;
  const bool by_rowids = members >= 0 && members < by_pages;
  statistics.rows = static_cast<int64_t>(by_rowids ? members : by_pages);
  statistics.origin = by_rowids ? kRowidDensity : "file size over sampled row width";
  return arrow::Status::OK();
}

/// The keys of a text column, or where the values of another one lie.
arrow::Result<ColumnSample> SampleColumn(SqliteDatabase& database, const Description& description,
                                         const Column& column, int64_t rows,
                                         const std::stop_token& stop) {
  if (arrow::is_decimal(column.type->id())) return ColumnSample{{.unknown_because = kNoTexts}};
  if (column.type->id() == arrow::Type::STRING) {
    return SampleKeys(database, description, column.name, rows, stop);
  }
  return SampleTimes(database, description, column.name, rows, stop);
}

/// Adds what can be known of the wanted columns, up to the first of which it is something.
arrow::Status AddSplitColumn(SqliteDatabase& database, const Description& description,
                             std::span<const std::string> wanted, const std::stop_token& stop,
                             Statistics& statistics) {
  for (const std::string& name : wanted) {
    const auto known = statistics.columns.find(name);
    if (known != statistics.columns.end()) {
      if (known->second.unknown_because.empty()) break;
      continue;
    }
    const Column* column = description.FindColumn(name);
    if (column == nullptr) continue;
    ARROW_ASSIGN_OR_RAISE(ColumnSample sample,
                          SampleColumn(database, description, *column, statistics.rows, stop));
    CorrectStaleRows(static_cast<double>(sample.counted), "values of \"" + name + "\"", statistics);
    const bool is_known = sample.statistics.unknown_because.empty();
    statistics.columns[name] = std::move(sample.statistics);
    if (is_known) break;
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<Statistics> EstimateRows(SqliteDatabase& database, const Description& description) {
  Statistics statistics;
  if (description.kind != RelationKind::kTable) {
    ARROW_RETURN_NOT_OK(CountWithinBounds(database, CountSql(description.table), statistics));
    return statistics;
  }
  ARROW_ASSIGN_OR_RAISE(const auto analysed, AnalysedRows(database, description.table.name));
  if (analysed) {
    statistics.rows = *analysed;
    statistics.origin = kAnalysed;
    return statistics;
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, FileBytes(database));
  if (bytes >= kCountedFileBytes) return statistics;
  ARROW_ASSIGN_OR_RAISE(const auto counted, QueryInt64(database, CountTableSql(description.table)));
  statistics.rows = counted.value_or(0);
  statistics.exact = true;
  statistics.origin = "count(*)";
  return statistics;
}

arrow::Result<Statistics> EstimateRelation(SqliteDatabase& database, const Description& description,
                                           const EstimateRequest& request,
                                           const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(Statistics statistics, EstimateRows(database, description));
  ARROW_ASSIGN_OR_RAISE(const RowWidth width, SampleWidth(database, description, request.columns));
  statistics.row_width = width.arrow;
  ARROW_ASSIGN_OR_RAISE(const double members, AddSpreads(database, description, stop, statistics));
  if (statistics.rows < 0 && description.kind == RelationKind::kTable) {
    ARROW_RETURN_NOT_OK(JudgeRows(database, description.table, members, width, statistics));
  } else {
    CorrectStaleRows(members, kRowidDensity, statistics);
  }
  ARROW_RETURN_NOT_OK(
      AddSplitColumn(database, description, request.split_columns, stop, statistics));
  return statistics;
}

}  // namespace headrace::sqlite
