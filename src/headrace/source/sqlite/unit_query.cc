#include "headrace/source/sqlite/unit_query.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/civil_time.h"
#include "headrace/source/row_condition.h"

namespace headrace::sqlite {
namespace {

constexpr std::string_view kQueryAlias = "query";

std::string TextLiteral(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) literal.append(c == '\'' ? 2 : 1, c);
  return literal + "'";
}

/// What a moment is in a column that holds times in this form. A midnight is its date alone, which
/// is no greater than any text of its day.
arrow::Result<std::string> TimeLiteral(TimeEncoding encoding, int64_t micros) {
  if (MicrosPerNumber(encoding) > 0) return std::to_string(FirstNumberFrom(micros, encoding));
  constexpr int64_t kLastYearOfText = 9999;
  const int64_t year = CivilTimeOf(micros).year;
  if (encoding == TimeEncoding::kNative || year < 0 || year > kLastYearOfText) {
    return BugError("a range of times that SQLite has no form for: " + IsoTime(micros));
  }
  std::string text = IsoTime(micros);  // All of one length, so that texts are in the order of time.
  if (micros % kMicrosPerDay == 0) {
    text.resize(text.find('T'));
  } else if (encoding == TimeEncoding::kText) {
    text[text.find('T')] = ' ';
  }
  return "'" + text + "'";
}

/// The condition of each kind of split; empty: all rows.
struct SplitCondition {
  const TableRef& table;

  arrow::Result<std::string> operator()(const WholeTable&) const { return std::string(); }

  arrow::Result<std::string> operator()(const IdRange& range) const {
    const auto literal = [](int64_t id) { return std::to_string(id); };
    return LiesBetween(ColumnSql(table, range.column), LiteralOf(range.lower, literal),
                       LiteralOf(range.upper, literal));
  }

  arrow::Result<std::string> operator()(const NullRows& rows) const {
    return ColumnSql(table, rows.column) + " IS NULL";
  }

  arrow::Result<std::string> operator()(const DateRange& range) const {
    const auto literal = [&](const std::optional<int64_t>& micros) {
      return micros ? TimeLiteral(range.encoding, *micros) : arrow::Result<std::string>("");
    };
    ARROW_ASSIGN_OR_RAISE(const std::string lower, literal(range.lower));
    ARROW_ASSIGN_OR_RAISE(const std::string upper, literal(range.upper));
    return LiesBetween(ColumnSql(table, range.column), lower, upper);
  }

  arrow::Result<std::string> operator()(const KeyRange& range) const {
    return KeyCondition(table, range);
  }

  arrow::Result<std::string> operator()(const HashPart&) const {
    return BugError(table.label() + ": SQLite has no hash of its own");
  }

  arrow::Result<std::string> operator()(const PageRange&) const {
    return BugError(table.label() + ": SQLite tables have no page ranges");
  }
};

std::string SelectList(const TablePlan& plan) {
  std::string list;
  for (const PlannedColumn& column : plan.columns) {
    if (!list.empty()) list += ", ";
    list += ColumnSql(plan.table, column.source_name);
  }
  return list;
}

/// By an index of the job's condition each unit would read all the rows that it selects, where one
/// of the range's own column finds the unit's: behind a plus SQLite uses none for the condition.
/// Rowids are in every index.
bool HasIndexOfItsOwn(const TablePlan& plan, const WorkUnit& unit) {
  return std::ranges::any_of(plan.statistics.columns, [&](const auto& column) {
    return column.second.indexed && column.first != plan.description.row_identity &&
           DecidesNulls(unit.split, column.first);
  });
}

/// ` FROM … WHERE …`: the rows of a unit.
arrow::Result<std::string> RowsSql(const TablePlan& plan, const WorkUnit& unit) {
  ARROW_ASSIGN_OR_RAISE(std::string condition, std::visit(SplitCondition{plan.table}, unit.split));
  const Filter& filter = plan.filter;
  if (!filter.not_null.empty() && !DecidesNulls(unit.split, filter.not_null)) {
    condition =
        BothHold(std::move(condition), ColumnSql(plan.table, filter.not_null) + " IS NOT NULL");
  }
  if (filter.window) {
    ARROW_ASSIGN_OR_RAISE(const std::string window,
                          std::visit(SplitCondition{plan.table}, *filter.window));
    condition = BothHold(std::move(condition), window);
  }
  if (!filter.where.empty()) {
    condition = BothHold(std::move(condition),
                         (HasIndexOfItsOwn(plan, unit) ? "+(" : "(") + filter.where + "\n)");
  }
  const std::string from = " FROM " + RelationSql(plan.table);
  return condition.empty() ? from : from + " WHERE " + condition;
}

}  // namespace

std::string RelationSql(const TableRef& table) {
  if (!table.is_query()) return "\"main\"." + SqliteQuote(table.name);
  // The query may end in a semicolon, or in a comment that would swallow the bracket.
  const auto last = table.query.find_last_not_of("; \t\r\n");
  return "(" + table.query.substr(0, last + 1) + "\n) AS " + SqliteQuote(kQueryAlias);
}

std::string ColumnSql(const TableRef& table, std::string_view column) {
  const std::string_view relation = table.is_query() ? kQueryAlias : std::string_view(table.name);
  return SqliteQuote(relation) + "." + SqliteQuote(column);
}

std::string KeyCondition(const TableRef& table, const KeyRange& range) {
  return LiesBetween(ColumnSql(table, range.column), LiteralOf(range.lower, TextLiteral),
                     LiteralOf(range.upper, TextLiteral));
}

arrow::Result<UnitQuery> MakeUnitQuery(const TablePlan& plan, const WorkUnit& unit,
                                       int most_columns) {
  ARROW_ASSIGN_OR_RAISE(const std::string rows, RowsSql(plan, unit));
  UnitQuery query;
  std::string list = SelectList(plan);
  if (!plan.description.row_identity.empty() && std::cmp_less(plan.columns.size(), most_columns)) {
    query.identity = static_cast<int>(plan.columns.size());
    if (!list.empty()) list += ", ";
    list += ColumnSql(plan.table, plan.description.row_identity);
  }
  if (!plan.filter.where.empty()) {
    query.plain_filter_sql =
        "SELECT NULL FROM " + RelationSql(plan.table) + " WHERE\n" + plan.filter.where;
  }
  query.sql = "SELECT " + (list.empty() ? "NULL" : list) + rows;
  return query;
}

arrow::Result<std::string> ValuesQuery(const TablePlan& plan, const WorkUnit& unit,
                                       const std::string& column) {
  ARROW_ASSIGN_OR_RAISE(const std::string rows, RowsSql(plan, unit));
  const std::string name = ColumnSql(plan.table, column);
  return "SELECT " + name + rows + " ORDER BY " + name;
}

arrow::Result<std::string> CountQuery(const TablePlan& plan, const WorkUnit& unit) {
  ARROW_ASSIGN_OR_RAISE(const std::string rows, RowsSql(plan, unit));
  return "SELECT count(*)" + rows;
}

}  // namespace headrace::sqlite
