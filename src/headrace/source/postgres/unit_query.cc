#include "headrace/source/postgres/unit_query.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <variant>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/civil_time.h"
#include "headrace/model/watermark.h"
#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/key_sample.h"
#include "headrace/source/row_condition.h"

namespace headrace {
namespace {

template <typename... Cases>
struct SplitVisitor : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
SplitVisitor(Cases...) -> SplitVisitor<Cases...>;  // clang before 17 does not deduce it

/// In quotes: the least bigint cannot be written as a number.
std::string BigintLiteral(int64_t value) { return "'" + std::to_string(value) + "'::bigint"; }

std::string TidLiteral(uint32_t page) {
  return "'(" + std::to_string(page) + ",0)'::pg_catalog.tid";
}

/// The server's own, whatever operators of the same names the role's search_path finds first: a
/// case-insensitive `<` for texts would put rows into two ranges.
constexpr RangeOperators kOwn = {.at_least = "OPERATOR(pg_catalog.>=)",
                                 .below = "OPERATOR(pg_catalog.<)"};

std::string IdCondition(const IdRange& range) {
  return LiesBetween(PgQuoteIdentifier(range.column), LiteralOf(range.lower, BigintLiteral),
                     LiteralOf(range.upper, BigintLiteral), kOwn);
}

/// `2024-01-01`: a year of four digits or more that comes first, so that no DateStyle reads it in
/// another way. It has no sign, as ISO 8601 has, but an era behind all the rest.
std::string DateText(const CivilTime& time) {
  std::string text;
  AppendDigits(time.year < 1 ? 1 - time.year : time.year, 4, text);
  text += '-';
  AppendDigits(time.month, 2, text);
  text += '-';
  AppendDigits(time.day, 2, text);
  return text;
}

/// `2024-01-01 00:00:00`.
std::string TimeText(const CivilTime& time) {
  std::string text = DateText(time) + ' ';
  AppendTimeOfDay(time, text);
  if (time.micros == 0) return text;
  text += '.';
  AppendDigits(time.micros, 6, text);
  return text;
}

const char* EraText(const CivilTime& time) { return time.year < 1 ? " BC" : ""; }

/// The first day that does not begin before `micros`: a date is less than the one if and only if it
/// is less than the other.
std::string DateLiteral(int64_t micros) {
  CivilTime time = CivilTimeOf(micros);
  if (micros % kMicrosPerDay != 0) {
    const CivilTime next{.year = time.year, .month = time.month, .day = time.day + 1};
    time = CivilTimeOf(MicrosOf(next).value_or(micros));
  }
  return "'" + DateText(time) + EraText(time) + "'::pg_catalog.date";
}

/// Of the column's own type, so that an index of it is of use; the zone is in the text, whatever
/// the session's is.
std::string TimeLiteral(const arrow::DataType& type, int64_t micros) {
  if (type.id() == arrow::Type::DATE32) return DateLiteral(micros);
  const CivilTime time = CivilTimeOf(micros);
  const bool zoned = HasTimeZone(type);
  return "'" + TimeText(time) + (zoned ? "+00" : "") + EraText(time) + "'::pg_catalog." +
         (zoned ? "timestamptz" : "timestamp");
}

std::string DateCondition(const DateRange& range, const Description& description) {
  const std::string column = PgQuoteIdentifier(range.column);
  const Column* described = description.FindColumn(range.column);
  const arrow::DataType& type = described == nullptr ? *arrow::null() : *described->type;
  const auto literal = [&](int64_t micros) {
    return MicrosPerNumber(range.encoding) == 0
               ? TimeLiteral(type, micros)
               : BigintLiteral(FirstNumberFrom(micros, range.encoding));
  };
  return LiesBetween(column, LiteralOf(range.lower, literal), LiteralOf(range.upper, literal),
                     kOwn);
}

/// Literals without a type take that of the column, and compare in its collation.
std::string KeyCondition(const KeyRange& range) {
  return LiesBetween(PgQuoteIdentifier(range.column), LiteralOf(range.lower, PgQuoteLiteral),
                     LiteralOf(range.upper, PgQuoteLiteral), kOwn);
}

std::string PageCondition(const PageRange& range) {
  if (range.first == 0 && !range.last) return {};
  return LiesBetween("ctid", range.first > 0 ? TidLiteral(range.first) : "",
                     range.last ? TidLiteral(*range.last) : "", kOwn);
}

/// Which partitions, or tables that inherit, are the table's is settled with its description. The
/// server asks anew in each query, whatever the snapshot, and no lock of a reader keeps one from
/// being attached: units that come after would read its rows, and those before, or a count of them,
/// would not have.
std::string PartsCondition(const Description& description) {
  return "tableoid OPERATOR(pg_catalog.=) ANY (" + LeafOids(description) + ")";
}

bool IsTable(const Description& description) {
  return description.kind == RelationKind::kTable || description.kind == RelationKind::kPartitioned;
}

/// Whether parts that came later are left out: not where the role need not have a right on
/// `tableoid`, nor of another server's rows. Such a table is one unit.
bool LeavesOutNewParts(const TablePlan& plan, const WorkUnit& unit) {
  return HasSeveralParts(plan, unit) && plan.description.indivisible.empty();
}

/// Of rows of a composite type, SQL's IS NULL asks for their fields, and IS NOT NULL is not its
/// opposite.
bool MayBeComposite(const Column* column) {
  return column != nullptr &&
         (arrow::is_nested(column->type->id()) ||
          (column->type->id() == arrow::Type::STRING && !HasKeyOrder(*column)));
}

std::string IsNull(const std::string& column, const Description& description) {
  return PgQuoteIdentifier(column) + (MayBeComposite(description.FindColumn(column))
                                          ? " IS NOT DISTINCT FROM NULL"
                                          : " IS NULL");
}

std::string IsNotNull(const std::string& column, const Description& description) {
  return PgQuoteIdentifier(column) + (MayBeComposite(description.FindColumn(column))
                                          ? " IS DISTINCT FROM NULL"
                                          : " IS NOT NULL");
}

/// By the text of the value, which every type has, in a collation in which equal texts are equal
/// bytes. A cast that somebody has made may yield no text of a value.
std::string HashCondition(const HashPart& part, const Description& description) {
  return IsNotNull(part.column, description) + " AND ((coalesce(pg_catalog.hashtext(" +
         PgQuoteIdentifier(part.column) +
         R"(::pg_catalog.text COLLATE pg_catalog."C"), 0) OPERATOR(pg_catalog.&) 2147483647))"
         " OPERATOR(pg_catalog.%) " +
         std::to_string(part.parts) + ") OPERATOR(pg_catalog.=) " + std::to_string(part.part);
}

std::string SplitCondition(const Split& split, const Description& description) {
  return std::visit(
      SplitVisitor{[](const WholeTable& /*whole*/) { return std::string(); },
                   [](const IdRange& range) { return IdCondition(range); },
                   [&](const DateRange& range) { return DateCondition(range, description); },
                   [](const KeyRange& range) { return KeyCondition(range); },
                   [&](const HashPart& part) { return HashCondition(part, description); },
                   [](const PageRange& range) { return PageCondition(range); },
                   [&](const NullRows& rows) { return IsNull(rows.column, description); }},
      split);
}

}  // namespace

std::string HoldingKey(const TablePlan& plan, const WorkUnit& unit) {
  return TargetOf(plan, unit).from + "\n" + plan.filter.where;
}

WorkUnit WholeOf(const WorkUnit& unit) {
  WorkUnit whole = unit;
  whole.split = WholeTable{};
  return whole;
}

bool HasSeveralParts(const TablePlan& plan, const WorkUnit& unit) {
  return !std::holds_alternative<PageRange>(unit.split) && IsTable(plan.description) &&
         !plan.description.IsOneRelation();
}

bool IsReadAlone(const Description& description) {
  return description.IsOneRelation() && !description.leaves.front().has_rows_elsewhere;
}

ReadTarget TargetOf(const TablePlan& plan, const WorkUnit& unit) {
  const TableRef& table = plan.description.table;
  if (table.is_query()) return {.relation = {}, .only = false, .from = Subselect(table.query)};
  const auto* pages = std::get_if<PageRange>(&unit.split);
  ReadTarget target;
  target.only = pages != nullptr || IsReadAlone(plan.description);
  target.relation =
      pages == nullptr ? QualifiedName(table) : QualifiedName(pages->schema, pages->relation);
  target.from = (target.only ? "ONLY " : "") + target.relation;
  // A condition of the job may name the table, also where a leaf of it is read.
  if (pages != nullptr && pages->relation != table.name) {
    target.from += " AS " + PgQuoteIdentifier(table.name);
  }
  return target;
}

std::string ConditionOf(const TablePlan& plan, const WorkUnit& unit) {
  std::string condition = SplitCondition(unit.split, plan.description);
  if (LeavesOutNewParts(plan, unit)) {
    condition = BothHold(std::move(condition), PartsCondition(plan.description));
  }
  const std::string& not_null = plan.filter.not_null;
  if (!not_null.empty() && !DecidesNulls(unit.split, not_null)) {
    condition = BothHold(std::move(condition), IsNotNull(not_null, plan.description));
  }
  if (plan.filter.window) {
    condition =
        BothHold(std::move(condition), SplitCondition(*plan.filter.window, plan.description));
  }
  // Lines of its own: a comment at the end of the job's condition ends with them.
  if (!plan.filter.where.empty()) {
    condition = BothHold(std::move(condition), "(\n" + plan.filter.where + "\n)");
  }
  return condition;
}

bool IsBestReadByBitmap(const TablePlan& plan, const WorkUnit& unit) {
  const bool is_range = std::holds_alternative<DateRange>(unit.split) ||
                        std::holds_alternative<IdRange>(unit.split) ||
                        std::holds_alternative<KeyRange>(unit.split);
  return is_range && IsTable(plan.description) && plan.filter.where.empty();
}

std::string SelectStatement(const std::string& select_list, const ReadTarget& target,
                            const std::string& condition) {
  std::string sql = "SELECT " + select_list + " FROM " + target.from;
  if (!condition.empty()) sql += " WHERE " + condition;
  return sql;
}

std::string CopyStatement(const std::string& select_list, const ReadTarget& target,
                          const std::string& condition) {
  return "COPY (" + SelectStatement(select_list, target, condition) + ") TO STDOUT (FORMAT binary)";
}

}  // namespace headrace
