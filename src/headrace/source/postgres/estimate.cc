#include "headrace/source/postgres/estimate.h"

#include <arrow/type.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/integer_histogram.h"

namespace headrace {
namespace {

/// Pages of a table that was never analysed are counted on a sample of about this many.
constexpr double kSamplePages = 32;

/// Width of a value of which nothing is known.
constexpr double kUnknownWidth = 32;

constexpr double kOffsetWidth = 4;

/// What the storage says of all parts of a table.
struct StoredSize {
  int64_t pages = 0;
  int64_t bytes = 0;        ///< Without indexes.
  int64_t toast_bytes = 0;  ///< Of `bytes`, what lies outside of the rows.
};

/// pg_stats of one column.
struct ColumnFigures {
  double width = 0;
  double null_share = 0;
  std::vector<int64_t> histogram;
};

bool IsInteger(const arrow::DataType& type) {
  return type.id() == arrow::Type::INT16 || type.id() == arrow::Type::INT32 ||
         type.id() == arrow::Type::INT64;
}

std::string LeafOids(const Description& description) {
  std::string oids;
  for (const Relation& leaf : description.leaves) {
    oids += (oids.empty() ? "" : ",") + std::to_string(leaf.oid);
  }
  return "'{" + oids + "}'::pg_catalog.oid[]";
}

arrow::Result<StoredSize> ReadStoredSize(PgConnection& connection, const Description& description) {
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      connection.Query(
          "SELECT coalesce(sum(pg_catalog.pg_table_size(c.oid)), 0),"
          " coalesce(sum(CASE WHEN c.reltoastrelid <> 0"
          "  THEN pg_catalog.pg_relation_size(c.reltoastrelid) ELSE 0 END), 0)"
          " FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'm') AND c.oid = ANY (" +
          LeafOids(description) + ")"));
  StoredSize size{.bytes = result.Int64(0, 0), .toast_bytes = result.Int64(0, 1)};
  for (const Relation& leaf : description.leaves) size.pages += leaf.pages;
  return size;
}

/// Rows of the leaf by its density when it was analysed and its size now, as the server's planner
/// does.
double AnalysedRows(const Relation& leaf, int64_t analysed_pages) {
  if (analysed_pages <= 0) return leaf.rows;
  return leaf.rows * static_cast<double>(leaf.pages) / static_cast<double>(analysed_pages);
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

/// Counts the rows of some pages of the leaf. One that is small is counted as a whole.
arrow::Result<double> SampledRows(PgConnection& connection, const Relation& leaf) {
  if (leaf.pages == 0) return 0.0;
  const double percent = std::min(100.0, 100.0 * kSamplePages / static_cast<double>(leaf.pages));
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      connection.Query("SELECT count(*) FROM ONLY " + QualifiedName(leaf.schema, leaf.name) +
                       " TABLESAMPLE SYSTEM (" + std::to_string(percent) + ") REPEATABLE (1)"));
  return result.Double(0, 0) * 100.0 / percent;
}

arrow::Result<std::map<uint64_t, int64_t>> AnalysedPages(PgConnection& connection,
                                                         const Description& description) {
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      connection.Query("SELECT oid, relpages FROM pg_catalog.pg_class WHERE oid = ANY (" +
                       LeafOids(description) + ")"));
  std::map<uint64_t, int64_t> pages;
  for (int i = 0; i < result.rows(); ++i) {
    pages[static_cast<uint64_t>(result.Int64(i, 0))] = result.Int64(i, 1);
  }
  return pages;
}

/// Neither the catalogue nor a sample tells the rows of the leaf: it was never analysed, and only
/// the table above it may be read.
bool IsOutOfReach(const Relation& leaf) {
  return leaf.rows < 0 && leaf.pages > 0 && !leaf.pageable;
}

/// Rows of all leaves.
arrow::Status FillRows(PgConnection& connection, const Description& description,
                       Statistics& statistics) {
  if (std::ranges::any_of(description.leaves, IsOutOfReach)) {
    ARROW_ASSIGN_OR_RAISE(
        const PgResult result,
        connection.Query("EXPLAIN SELECT 1 FROM " + QualifiedName(description.table)));
    statistics.rows = std::llround(NumberBehind(result.Text(0, 0), " rows="));
    statistics.origin = "EXPLAIN";
    return arrow::Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const auto analysed_pages, AnalysedPages(connection, description));
  double rows = 0;
  bool sampled = false;
  for (const Relation& leaf : description.leaves) {
    if (leaf.rows >= 0) {
      const auto pages = analysed_pages.find(leaf.oid);
      rows += AnalysedRows(leaf, pages == analysed_pages.end() ? 0 : pages->second);
    } else if (leaf.pageable) {
      ARROW_ASSIGN_OR_RAISE(const double leaf_rows, SampledRows(connection, leaf));
      rows += leaf_rows;
      sampled = true;
    }
  }
  statistics.rows = std::llround(rows);
  statistics.origin = sampled ? "some pages counted, never analysed" : "pg_class";
  return arrow::Status::OK();
}

/// pg_stats of the columns; those of the whole tree below a partitioned table where they are kept.
arrow::Result<std::map<std::string, ColumnFigures>> ReadFigures(PgConnection& connection,
                                                                const Description& description) {
  const TableRef& table = description.table;
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      connection.Query("SELECT attname, avg_width, null_frac, histogram_bounds::text,"
                       " most_common_vals::text, most_common_freqs::text"
                       " FROM pg_catalog.pg_stats WHERE schemaname = " +
                       PgQuoteLiteral(table.schema) +
                       " AND tablename = " + PgQuoteLiteral(table.name) + " ORDER BY inherited"));
  std::map<std::string, ColumnFigures> figures;
  for (int i = 0; i < result.rows(); ++i) {
    const std::string name(result.Text(i, 0));
    ColumnFigures& figure = figures[name];
    figure = {.width = result.Double(i, 1), .null_share = result.Double(i, 2)};
    const Column* column = description.FindColumn(name);
    if (column == nullptr || !IsInteger(*column->type)) continue;
    const std::vector<int64_t> values = ParseIntegerArray(result.Text(i, 4));
    const std::vector<double> shares = ParseNumberArray(result.Text(i, 5));
    std::vector<CommonValue> common;
    double rest = 1 - figure.null_share;
    for (size_t k = 0; k < std::min(values.size(), shares.size()); ++k) {
      common.push_back({values[k], shares[k]});
      rest -= shares[k];
    }
    figure.histogram =
        MergeHistogram(common, ParseIntegerArray(result.Text(i, 3)), std::max(rest, 0.0));
  }
  return figures;
}

double ValueWidth(const Column& column, const ColumnFigures* figures) {
  const int bits = column.type->bit_width();
  if (bits > 0) return bits / 8.0;
  return kOffsetWidth + (figures == nullptr ? kUnknownWidth : figures->width);
}

/// pg_stats counts a value that is stored outside of its row as the pointer to it.
double RowWidth(const Description& description, std::span<const std::string> columns,
                const std::map<std::string, ColumnFigures>& figures, const StoredSize& size,
                int64_t rows) {
  double width = 0;
  bool has_variable = false;
  for (const std::string& name : columns) {
    const Column* column = description.FindColumn(name);
    if (column == nullptr) continue;
    const auto found = figures.find(name);
    width += ValueWidth(*column, found == figures.end() ? nullptr : &found->second);
    has_variable |= column->type->bit_width() <= 0;
  }
  if (has_variable && rows > 0) {
    width += static_cast<double>(size.toast_bytes) / static_cast<double>(rows);
  }
  return width;
}

/// Columns that lead a usable index.
arrow::Result<std::vector<std::string>> IndexedColumns(PgConnection& connection,
                                                       const TableRef& table) {
  ARROW_ASSIGN_OR_RAISE(
      const PgResult result,
      connection.Query("SELECT DISTINCT a.attname FROM pg_catalog.pg_index i"
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

/// The exact ends of an indexed column: two look-ups.
arrow::Status FillEnds(PgConnection& connection, const TableRef& table, const std::string& name,
                       ColumnStatistics& statistics) {
  const std::string column = PgQuoteIdentifier(name);
  ARROW_ASSIGN_OR_RAISE(const PgResult result,
                        connection.Query("SELECT min(" + column + "), max(" + column + ") FROM " +
                                         QualifiedName(table)));
  if (result.IsNull(0, 0)) return arrow::Status::OK();
  statistics.minimum = result.Int64(0, 0);
  statistics.maximum = result.Int64(0, 1);
  return arrow::Status::OK();
}

arrow::Status FillIntegerColumns(PgConnection& connection, const Description& description,
                                 const std::map<std::string, ColumnFigures>& figures,
                                 Statistics& statistics) {
  ARROW_ASSIGN_OR_RAISE(const auto indexed, IndexedColumns(connection, description.table));
  for (const Column& column : description.columns) {
    if (!IsInteger(*column.type) || column.source_type == "oid") continue;
    ColumnStatistics& spread = statistics.columns[column.name];
    const auto found = figures.find(column.name);
    if (found != figures.end()) {
      spread.null_fraction = found->second.null_share;
      spread.histogram = found->second.histogram;
    }
    spread.indexed = std::ranges::find(indexed, column.name) != indexed.end();
    if (spread.indexed) {
      ARROW_RETURN_NOT_OK(FillEnds(connection, description.table, column.name, spread));
    } else if (!spread.histogram.empty()) {
      spread.minimum = spread.histogram.front();
      spread.maximum = spread.histogram.back();
    }
  }
  return arrow::Status::OK();
}

arrow::Result<Statistics> EstimateByPlan(PgConnection& connection, const TableRef& table) {
  const std::string from = table.is_query() ? Subselect(table.query) : QualifiedName(table);
  ARROW_ASSIGN_OR_RAISE(const PgResult result, connection.Query("EXPLAIN SELECT * FROM " + from));
  Statistics statistics;
  if (result.rows() == 0) return statistics;
  statistics.rows = std::llround(NumberBehind(result.Text(0, 0), " rows="));
  statistics.row_width = NumberBehind(result.Text(0, 0), " width=");
  statistics.origin = "EXPLAIN";
  return statistics;
}

}  // namespace

arrow::Result<Statistics> EstimateRelation(PgConnection& connection, const Description& description,
                                           std::span<const std::string> columns) {
  if (description.leaves.empty()) return EstimateByPlan(connection, description.table);
  if (description.kind == RelationKind::kForeign) {
    return EstimateByPlan(connection, description.table);
  }
  Statistics statistics;
  ARROW_ASSIGN_OR_RAISE(const StoredSize size, ReadStoredSize(connection, description));
  statistics.bytes = size.bytes;
  ARROW_RETURN_NOT_OK(FillRows(connection, description, statistics));
  ARROW_ASSIGN_OR_RAISE(const auto figures, ReadFigures(connection, description));
  statistics.row_width = RowWidth(description, columns, figures, size, statistics.rows);
  ARROW_RETURN_NOT_OK(FillIntegerColumns(connection, description, figures, statistics));
  return statistics;
}

}  // namespace headrace
