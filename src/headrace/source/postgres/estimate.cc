#include "headrace/source/postgres/estimate.h"

#include <arrow/type.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/model/civil_time.h"
#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/estimate_query.h"
#include "headrace/source/postgres/key_sample.h"
#include "headrace/source/postgres/spread_sample.h"
#include "headrace/source/postgres/time_text.h"
#include "headrace/source/postgres/value_spread.h"

namespace headrace {
namespace {

/// Pages of a table that was never analysed are counted on a sample of about this many.
constexpr double kSamplePages = 32;

/// Width of a value of which nothing is known.
constexpr double kUnknownWidth = 32;

constexpr double kOffsetWidth = 4;

/// Why nothing is known of a column, as far as the server tells.
constexpr const char* kNoSample =
    "a sample of its rows has none, or none that is the same once it has been to UTF-8 and back, "
    "or the server cannot take one or takes too long, or the role may not read it";
constexpr const char* kOnlyNulls = "it is NULL in all rows";
constexpr const char* kNothingFinite = "it is NULL, or infinite, in all rows";
constexpr const char* kOnlyNullsSeen = "it is NULL in all rows that ANALYZE has seen";
constexpr const char* kNoStatistics =
    "the server shows this role no statistics of it (ANALYZE makes them, a missing right or row "
    "security hides them), and neither an index nor a sample of its rows tells";

/// The default block size, and what a row takes in a block beside its values (tuple header and line
/// pointer): PostgreSQL documentation, "Database Page Layout".
constexpr double kBlockBytes = 8192;
constexpr double kRowOverhead = 28;

/// What the storage says of all parts of a table.
struct StoredSize {
  int64_t pages = 0;
  int64_t bytes = 0;        ///< Without indexes.
  int64_t toast_bytes = 0;  ///< Of `bytes`, what lies outside of the rows.
};

/// What the server counted of one leaf the last time, and how many of its rows have been inserted,
/// updated or deleted since it was analysed. VACUUM counts the rows anew and leaves the histograms
/// as they are, which is why their age has a number of its own.
struct CountedLeaf {
  int64_t pages = 0;
  double modified = 0;
};
using CountedLeaves = std::map<uint64_t, CountedLeaf>;

/// What has happened to a table since it was analysed.
struct Change {
  double growth = 1;    ///< How many times the rows are those that the server has counted.
  double modified = 0;  ///< Rows that are new, or others, for each row that is there now.
};

/// pg_stats of one column.
struct ColumnFigures {
  double width = 0;
  ValueSpread spread;  ///< Of a column that is asked for its values; of others the NULLs alone.
};

bool IsInteger(const arrow::DataType& type) {
  return type.id() == arrow::Type::INT16 || type.id() == arrow::Type::INT32 ||
         type.id() == arrow::Type::INT64;
}

/// Whose values are numbers, or become some.
bool IsSplittable(const Column& column) {
  return (IsInteger(*column.type) && column.source_type != "oid") || IsTimeType(*column.type);
}

arrow::Result<StoredSize> ReadStoredSize(EstimateQueries& queries, const Description& description) {
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      queries.Ask("SELECT coalesce(sum(pg_catalog.pg_table_size(c.oid)), 0),"
                  " coalesce(sum(CASE WHEN c.reltoastrelid <> 0"
                  "  THEN pg_catalog.pg_relation_size(c.reltoastrelid) ELSE 0 END), 0)"
                  " FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'm') AND c.oid = ANY (" +
                  LeafOids(description) + ")"));
  StoredSize size{.bytes = result.Int64(0, 0), .toast_bytes = result.Int64(0, 1)};
  for (const Relation& leaf : description.leaves) size.pages += leaf.pages;
  return size;
}

/// A share of a table of which it is no matter whether it has changed: statistics that are wrong by
/// less cut it well enough.
constexpr double kTolerableChange = 0.5;

bool HasChangedMuch(double modified, double rows) {
  return modified > kTolerableChange * std::max(rows, 1.0);
}

/// Rows of the leaf by its density when it was counted and its size now, as the server's planner
/// does.
double CountedRows(const Relation& leaf, int64_t counted_pages) {
  if (counted_pages <= 0) return leaf.rows;
  return leaf.rows * static_cast<double>(leaf.pages) / static_cast<double>(counted_pages);
}

/// As many rows as its pages would hold if they were full.
double RowsOfPages(const Relation& leaf, double width) {
  return std::floor(kBlockBytes / (width + kRowOverhead)) * static_cast<double>(leaf.pages);
}

/// Counts the rows of some pages of the leaf. One that is small is counted as a whole. Nothing
/// where the leaf may not be read directly, or cannot be sampled, or not fast.
arrow::Result<std::optional<double>> SampledRows(EstimateQueries& queries, const Relation& leaf) {
  if (!leaf.pageable) return std::nullopt;
  if (leaf.pages == 0) return 0.0;
  const double percent = std::min(100.0, 100.0 * kSamplePages / static_cast<double>(leaf.pages));
  ARROW_ASSIGN_OR_RAISE(
      const auto result,
      queries.AskBriefly("SELECT count(*) FROM ONLY " + QualifiedName(leaf.schema, leaf.name) +
                         " TABLESAMPLE SYSTEM (" + std::to_string(percent) + ") REPEATABLE (1)"));
  if (!result) return std::nullopt;
  return result->Double(0, 0) * 100.0 / percent;
}

arrow::Result<CountedLeaves> ReadCounts(EstimateQueries& queries, const Description& description) {
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      queries.Ask("SELECT oid, relpages, pg_catalog.pg_stat_get_mod_since_analyze(oid)"
                  " FROM pg_catalog.pg_class WHERE oid = ANY (" +
                  LeafOids(description) + ")"));
  CountedLeaves leaves;
  for (int i = 0; i < result.rows(); ++i) {
    leaves[static_cast<uint64_t>(result.Int64(i, 0))] = {.pages = result.Int64(i, 1),
                                                         .modified = result.Double(i, 2)};
  }
  return leaves;
}

constexpr std::string_view kCounted = "pg_class";

/// Rows of a leaf, and how they are known.
struct LeafRows {
  double rows = 0;
  std::string_view origin = kCounted;
};

/// What the server has counted is more exact than a sample of pages, unless that shows many more:
/// the count was of another time, of a table that was emptied, vacuumed and filled again, say. A
/// sample that shows fewer may have missed the pages where they are.
bool IsOfAnotherTime(double counted, double sampled) {
  constexpr double kManyMore = 2;
  return sampled > kManyMore * counted;
}

/// `width`: of a row, without what lies outside of it.
arrow::Result<LeafRows> RowsOf(EstimateQueries& queries, const Relation& leaf,
                               const CountedLeaf& counted, double width) {
  const double rows = CountedRows(leaf, counted.pages);
  if (leaf.rows >= 0 && !HasChangedMuch(counted.modified, rows)) return LeafRows{.rows = rows};
  ARROW_ASSIGN_OR_RAISE(const auto sampled, SampledRows(queries, leaf));
  if (leaf.rows < 0) {
    if (sampled) return LeafRows{*sampled, "some pages counted, never analysed"};
    if (leaf.pages == 0) return LeafRows{};
    return LeafRows{RowsOfPages(leaf, width), "number of pages, never analysed"};
  }
  if (!sampled || !IsOfAnotherTime(rows, *sampled)) return LeafRows{.rows = rows};
  return LeafRows{*sampled, "some pages counted, statistics are stale"};
}

/// Rows of all leaves.
arrow::Result<Change> FillRows(EstimateQueries& queries, const Description& description,
                               double width, Statistics& statistics) {
  ARROW_ASSIGN_OR_RAISE(CountedLeaves counted, ReadCounts(queries, description));
  double rows = 0;
  double counted_rows = 0;
  double modified = 0;
  statistics.origin = kCounted;
  for (const Relation& leaf : description.leaves) {
    const CountedLeaf& count = counted[leaf.oid];
    ARROW_ASSIGN_OR_RAISE(const LeafRows of_leaf, RowsOf(queries, leaf, count, width));
    rows += of_leaf.rows;
    statistics.leaf_rows.push_back(of_leaf.rows);
    if (leaf.rows > 0) counted_rows += leaf.rows;
    modified += count.modified;
    if (of_leaf.origin != kCounted) statistics.origin = of_leaf.origin;
  }
  statistics.rows = std::llround(rows);
  return Change{.growth = rows / std::max(counted_rows, 1.0),
                .modified = modified / std::max(rows, 1.0)};
}

/// Names of the columns whose values are asked for. Values of others are none of ours: in a
/// database without an encoding the server refuses to tell them.
std::string SplittableColumns(const Description& description) {
  std::string names;
  for (const Column& column : description.columns) {
    if (!IsSplittable(column)) continue;
    names += (names.empty() ? "" : ", ") + PgQuoteLiteral(column.name);
  }
  return "ARRAY[" + names + "]::pg_catalog.name[]";
}

/// pg_stats of the columns; those of the whole tree below a partitioned table where they are kept.
arrow::Result<std::map<std::string, ColumnFigures>> ReadFigures(EstimateQueries& queries,
                                                                const Description& description) {
  const TableRef& table = description.table;
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      queries.Ask("SELECT attname, avg_width, null_frac,"
                  " CASE WHEN wanted THEN histogram_bounds::text END,"
                  " CASE WHEN wanted THEN most_common_vals::text END,"
                  " most_common_freqs::text FROM pg_catalog.pg_stats,"
                  " LATERAL (SELECT attname = ANY (" +
                  SplittableColumns(description) +
                  ")) AS picked(wanted) WHERE schemaname = " + PgQuoteLiteral(table.schema) +
                  " AND tablename = " + PgQuoteLiteral(table.name) + " ORDER BY inherited"));
  std::map<std::string, ColumnFigures> figures;
  for (int i = 0; i < result.rows(); ++i) {
    const std::string name(result.Text(i, 0));
    ColumnFigures& figure = figures[name];
    const double null_share = result.Double(i, 2);
    figure = {.width = result.Double(i, 1), .spread = {.null_share = null_share}};
    const Column* column = description.FindColumn(name);
    if (column == nullptr || !IsSplittable(*column)) continue;
    figure.spread = SpreadOfStatistics(*column, null_share, result.Text(i, 4), result.Text(i, 5),
                                       result.Text(i, 3));
  }
  return figures;
}

double ValueWidth(const Column& column, const ColumnFigures* figures) {
  const int bits = column.type->bit_width();
  if (bits > 0) return bits / 8.0;
  return kOffsetWidth + (figures == nullptr ? kUnknownWidth : figures->width);
}

/// Of a row as Arrow, without what is stored outside of it.
double RowWidth(const Description& description, std::span<const std::string> columns,
                const std::map<std::string, ColumnFigures>& figures) {
  double width = 0;
  for (const std::string& name : columns) {
    const Column* column = description.FindColumn(name);
    if (column == nullptr) continue;
    const auto found = figures.find(name);
    width += ValueWidth(*column, found == figures.end() ? nullptr : &found->second);
  }
  return width;
}

/// pg_stats counts a value that is stored outside of its row as the pointer to it.
double OutsideWidth(const Description& description, std::span<const std::string> columns,
                    const StoredSize& size, int64_t rows) {
  const bool has_variable = std::ranges::any_of(columns, [&](const std::string& name) {
    const Column* column = description.FindColumn(name);
    return column != nullptr && column->type->bit_width() <= 0;
  });
  if (!has_variable || rows <= 0) return 0;
  return static_cast<double>(size.toast_bytes) / static_cast<double>(rows);
}

/// Columns that lead a usable index.
arrow::Result<std::vector<std::string>> IndexedColumns(EstimateQueries& queries,
                                                       const TableRef& table) {
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      queries.Ask("SELECT DISTINCT a.attname FROM pg_catalog.pg_index i"
                  " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
                  " JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'btree'"
                  " JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid"
                  "  AND a.attnum = i.indkey[0]"
                  " WHERE i.indisvalid AND i.indpred IS NULL AND i.indrelid ="
                  " pg_catalog.to_regclass(" +
                  PgQuoteLiteral(QualifiedName(table)) + ")"));
  std::vector<std::string> names;
  for (int i = 0; i < result.rows(); ++i) names.emplace_back(result.Text(i, 0));
  return names;
}

/// The times that int64 holds: the ends of an index may be infinite, and say nothing then.
std::string NearTimes(const std::string& column) {
  return " WHERE " + column + " > '-infinity' AND " + column + " < '294247-01-01'";
}

/// The exact ends of an indexed column: two look-ups, except where row security or dead rows make
/// them long. False: not known.
arrow::Result<bool> FillEnds(EstimateQueries& queries, const TableRef& table, const Column& column,
                             ColumnStatistics& statistics) {
  const std::string name = PgQuoteIdentifier(column.name);
  const bool is_time = IsTimeType(*column.type);
  ARROW_ASSIGN_OR_RAISE(
      const auto result,
      queries.AskBriefly("SELECT min(" + name + "), max(" + name + ") FROM " +
                         QualifiedName(table) + (is_time ? NearTimes(name) : "")));
  if (!result) return false;
  if (result->IsNull(0, 0)) {
    if (!statistics.minimum) statistics.unknown_because = is_time ? kNothingFinite : kOnlyNulls;
    return false;
  }
  const auto end = [&](int place) {
    return is_time ? MicrosOfTimeText(result->Text(0, place))
                   : std::optional(result->Int64(0, place));
  };
  const auto minimum = end(0);
  const auto maximum = end(1);
  if (!minimum || !maximum) return false;
  statistics.minimum = minimum;
  statistics.maximum = maximum;
  return true;
}

/// The least and the greatest value that is named.
void FillKnownEnds(ColumnStatistics& spread) {
  const auto include = [&](int64_t value) {
    spread.minimum = std::min(spread.minimum.value_or(value), value);
    spread.maximum = std::max(spread.maximum.value_or(value), value);
  };
  for (const int64_t bound : spread.histogram) include(bound);
  for (const CommonValue& common : spread.common) include(common.value);
}

void Take(const ValueSpread& spread, ColumnStatistics& statistics) {
  statistics.null_fraction = spread.null_share;
  statistics.share_before = spread.share_before;
  statistics.share_after = spread.share_after;
  statistics.histogram = spread.histogram;
  statistics.common = spread.common;
  FillKnownEnds(statistics);
}

/// Whether the values that there are reach well beyond those that ANALYZE saw. In a table that has
/// not grown, one that is farther away than those from each other is one that somebody made up
/// (`9999-12-31`).
bool HasOutgrownHistogram(const ColumnStatistics& statistics, double growth) {
  constexpr double kWorthALook = 0.1;
  constexpr double kSomeGrowth = 1.1;
  if (!statistics.minimum || statistics.histogram.empty()) return false;
  const auto first = static_cast<double>(statistics.histogram.front());
  const auto last = static_cast<double>(statistics.histogram.back());
  const auto is_beyond = [&](double distance) {
    const double span = last - first;
    return distance > kWorthALook * span && (distance <= span || growth > kSomeGrowth);
  };
  return is_beyond(first - static_cast<double>(*statistics.minimum)) ||
         is_beyond(static_cast<double>(*statistics.maximum) - last);
}

/// Why what the catalogue says of the column's values is not believed; empty: it is.
std::string_view WhyToLook(const ColumnStatistics& statistics, const Change& change) {
  if (statistics.histogram.empty() && statistics.common.empty()) {
    return statistics.null_fraction < 1 ? "the server has no statistics of it" : "";
  }
  constexpr double kOtherSize = 1.5;
  const bool is_other_size = change.growth > kOtherSize || change.growth < 1 / kOtherSize;
  if (is_other_size || HasOutgrownHistogram(statistics, change.growth)) {
    return "the server's statistics of it are stale";
  }
  return HasChangedMuch(change.modified, 1) ? "the server counts many changes since it was analysed"
                                            : "";
}

/// Where the catalogue does not know how the values lie by now.
arrow::Status Look(EstimateQueries& queries, const Description& description, const Column& column,
                   const Change& change, ColumnStatistics& statistics) {
  const std::string_view why = WhyToLook(statistics, change);
  if (why.empty()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto sampled, SampleSpread(queries, description, column));
  if (!sampled) return arrow::Status::OK();
  Take(*sampled, statistics);
  statistics.sampled_because = why;
  return arrow::Status::OK();
}

/// Asks for what the catalogue does not know of a column: the ends of an indexed one, how the
/// values lie (if it `may_look`), the order of keys. False: not known, or not as well as of one
/// with an index.
arrow::Result<bool> FillColumn(EstimateQueries& queries, const Description& description,
                               const Column& column, const Change& change, bool may_look,
                               ColumnStatistics& spread) {
  if (HasKeyOrder(column)) {
    ARROW_ASSIGN_OR_RAISE(spread.keys, SampleKeys(queries, description, column));
    if (spread.keys.empty()) spread.unknown_because = kNoSample;
    return !spread.keys.empty();
  }
  bool known = false;
  if (spread.indexed) {
    ARROW_ASSIGN_OR_RAISE(known, FillEnds(queries, description.table, column, spread));
    if (!known && !spread.unknown_because.empty()) return false;
  }
  if (may_look) ARROW_RETURN_NOT_OK(Look(queries, description, column, change, spread));
  if (!spread.minimum && spread.unknown_because.empty()) {
    spread.unknown_because = spread.null_fraction >= 1 ? kOnlyNullsSeen : kNoStatistics;
  }
  return known;
}

/// Of the first column that can be known.
arrow::Status FillSplitColumn(EstimateQueries& queries, const Description& description,
                              std::span<const std::string> split_columns, const Change& change,
                              Statistics& statistics) {
  for (const std::string& name : split_columns) {
    const auto spread = statistics.columns.find(name);
    const Column* column = description.FindColumn(name);
    if (column == nullptr) continue;
    if (spread == statistics.columns.end()) {
      statistics.columns[name].unknown_because =
          "key_range cuts text, varchar, char(n), uuid and numeric, no " + column->source_type;
      continue;
    }
    // Of those without an index the job has named the first, or nobody wants any.
    const bool may_look = spread->second.indexed || name == split_columns.front();
    ARROW_ASSIGN_OR_RAISE(const bool known, FillColumn(queries, description, *column, change,
                                                       may_look, spread->second));
    if (known) break;
  }
  return arrow::Status::OK();
}

arrow::Status FillSplittableColumns(EstimateQueries& queries, const Description& description,
                                    const std::map<std::string, ColumnFigures>& figures,
                                    Statistics& statistics) {
  ARROW_ASSIGN_OR_RAISE(const auto indexed, IndexedColumns(queries, description.table));
  for (const Column& column : description.columns) {
    if (!IsSplittable(column) && !HasKeyOrder(column)) continue;
    ColumnStatistics& spread = statistics.columns[column.name];
    spread.indexed = std::ranges::find(indexed, column.name) != indexed.end();
    const auto found = figures.find(column.name);
    if (found == figures.end()) continue;
    Take(found->second.spread, spread);
  }
  return arrow::Status::OK();
}

/// The number behind `key` in a line of EXPLAIN: `… (cost=0.00..1.01 rows=1 width=4)`.
double NumberBehind(std::string_view line, std::string_view key) {
  const size_t at = line.find(key);
  double number = 0;
  if (at == std::string_view::npos) return number;
  const std::string_view rest = line.substr(at + key.size());
  std::from_chars(rest.data(), rest.data() + rest.size(), number);
  return number;
}

/// A missing right leaves the size unknown: the reading itself says what is missing, if it is.
arrow::Result<Statistics> EstimateByPlan(EstimateQueries& queries, const TableRef& table,
                                         std::span<const std::string> columns) {
  std::string list;
  for (const std::string& name : columns) {
    list += (list.empty() ? "" : ", ") + PgQuoteIdentifier(name);
  }
  const std::string from = table.is_query() ? Subselect(table.query) : QualifiedName(table);
  Statistics statistics;
  ARROW_ASSIGN_OR_RAISE(const auto result,
                        queries.AskIfAllowed("EXPLAIN SELECT " + list + " FROM " + from));
  if (!result || result->rows() == 0) return statistics;
  statistics.rows = std::llround(NumberBehind(result->Text(0, 0), " rows="));
  statistics.row_width = NumberBehind(result->Text(0, 0), " width=");
  statistics.origin = "EXPLAIN";
  return statistics;
}

}  // namespace

arrow::Result<Statistics> EstimateRelation(EstimateQueries& queries, const Description& description,
                                           const EstimateRequest& request) {
  if (description.leaves.empty() || description.kind == RelationKind::kForeign) {
    return EstimateByPlan(queries, description.table, request.columns);
  }
  Statistics statistics;
  ARROW_ASSIGN_OR_RAISE(const StoredSize size, ReadStoredSize(queries, description));
  statistics.bytes = size.bytes;
  ARROW_ASSIGN_OR_RAISE(const auto figures, ReadFigures(queries, description));
  const double width = RowWidth(description, request.columns, figures);
  ARROW_ASSIGN_OR_RAISE(const Change change, FillRows(queries, description, width, statistics));
  statistics.row_width = width + OutsideWidth(description, request.columns, size, statistics.rows);
  ARROW_RETURN_NOT_OK(FillSplittableColumns(queries, description, figures, statistics));
  ARROW_RETURN_NOT_OK(
      FillSplitColumn(queries, description, request.split_columns, change, statistics));
  return statistics;
}

}  // namespace headrace
