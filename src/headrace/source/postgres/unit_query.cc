#include "headrace/source/postgres/unit_query.h"

#include <variant>

#include "headrace/client/postgres/connection.h"
#include "headrace/source/postgres/catalog.h"

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

std::string TidLiteral(uint32_t page) { return "'(" + std::to_string(page) + ",0)'::tid"; }

std::string And(std::string condition, const std::string& more) {
  return condition.empty() ? more : std::move(condition) + " AND " + more;
}

std::string IdCondition(const IdRange& range) {
  const std::string column = PgQuoteIdentifier(range.column);
  std::string condition;
  if (range.lower) condition = column + " >= " + BigintLiteral(*range.lower);
  if (range.upper) {
    condition = And(std::move(condition), column + " < " + BigintLiteral(*range.upper));
  }
  return condition.empty() ? column + " IS NOT NULL" : condition;
}

std::string PageCondition(const PageRange& range) {
  std::string condition;
  if (range.first > 0) condition = "ctid >= " + TidLiteral(range.first);
  if (range.last) condition = And(std::move(condition), "ctid < " + TidLiteral(*range.last));
  return condition;
}

std::string SplitCondition(const Split& split) {
  return std::visit(SplitVisitor{[](const WholeTable& /*whole*/) { return std::string(); },
                                 [](const IdRange& range) { return IdCondition(range); },
                                 [](const PageRange& range) { return PageCondition(range); },
                                 [](const NullRows& rows) {
                                   return PgQuoteIdentifier(rows.column) + " IS NULL";
                                 }},
                    split);
}

}  // namespace

ReadTarget TargetOf(const TablePlan& plan, const WorkUnit& unit) {
  const TableRef& table = plan.description.table;
  if (table.is_query()) return {.relation = {}, .only = false, .from = Subselect(table.query)};
  const auto* pages = std::get_if<PageRange>(&unit.split);
  ReadTarget target;
  target.only = pages != nullptr;
  target.relation =
      pages == nullptr ? QualifiedName(table) : QualifiedName(pages->schema, pages->relation);
  target.from = (target.only ? "ONLY " : "") + target.relation;
  // A condition of the job may name the table, also where a leaf of it is read.
  if (target.only && pages->relation != table.name) {
    target.from += " AS " + PgQuoteIdentifier(table.name);
  }
  return target;
}

std::string ConditionOf(const TablePlan& plan, const WorkUnit& unit) {
  std::string condition = SplitCondition(unit.split);
  // Lines of its own: a comment at the end of the job's condition ends with them.
  if (!plan.filter.where.empty()) {
    condition = And(std::move(condition), "(\n" + plan.filter.where + "\n)");
  }
  return condition;
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
