#include "headrace/source/postgres/select_list.h"

#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "headrace/client/postgres/connection.h"
#include "headrace/source/postgres/type_map.h"

namespace headrace {
namespace {

/// The leaves below `type` that have to be asked for as text make the whole value be built anew.
bool NeedsRewriting(const PgType& type) {
  switch (type.kind) {
    case PgType::Kind::kBase:
      return !HasBinaryForm(type);
    case PgType::Kind::kEnum:
      return false;
    case PgType::Kind::kArray:
      return NeedsRewriting(*type.element);
    case PgType::Kind::kComposite:
      return type.fields.empty() || std::ranges::any_of(type.fields, [](const PgField& field) {
               return NeedsRewriting(*field.type);
             });
  }
  return false;
}

/// `x IS DISTINCT FROM NULL` is the one test that a row of NULLs passes.
std::string UnlessNull(const std::string& expression, const std::string& value) {
  return "CASE WHEN " + expression + " IS DISTINCT FROM NULL THEN " + value + " END";
}

WireValue TextOf(const std::string& expression, const PgType& type) {
  if (type.output.empty()) {  // format() asks for no right on the type's schema.
    return {UnlessNull(expression, "pg_catalog.format('%s', " + expression + ")"), PgTextType()};
  }
  // Both functions are strict: NULL stays NULL.
  return {"pg_catalog.textin(" + type.output + "(" + expression + "))", PgTextType()};
}

WireValue Rewrite(const std::string& expression, const PgTypePtr& type, int depth);

WireValue RewriteComposite(const std::string& expression, const PgType& type, int depth) {
  if (type.fields.empty()) return TextOf(expression, type);
  PgType wire = type;
  wire.oid = wire.declared_oid = pg_oid::kRecord;
  std::string row;
  for (PgField& field : wire.fields) {
    WireValue value =
        Rewrite("(" + expression + ")." + PgQuoteIdentifier(field.name), field.type, depth);
    row += (row.empty() ? "" : ", ") + value.expression;
    field.type = std::move(value.wire);
  }
  return {UnlessNull(expression, "ROW(" + row + ")"),
          std::make_shared<const PgType>(std::move(wire))};
}

/// The text of an array is a valid array of the texts of its elements; delimiters other than the
/// comma are not.
WireValue TextArrayOf(const std::string& expression, const PgType& type) {
  const std::string text =
      type.element->delimiter == ',' ? TextOf(expression, type).expression : expression;
  return {text + "::pg_catalog.text[]", PgArrayOf(PgTextType())};
}

/// An array of composites, or of arrays (by a domain), is built element by element. A value of
/// several dimensions becomes one of two, so that it is noticed where it is read.
WireValue RewriteNestedArray(const std::string& expression, const PgType& type, int depth) {
  const std::string index = "headrace_i" + std::to_string(depth);
  WireValue element = Rewrite("(" + expression + ")[" + index + "]", type.element, depth + 1);
  const bool wrapped = element.wire->kind == PgType::Kind::kArray;
  if (wrapped) element.expression = "ROW(" + element.expression + ")";
  const std::string list = "ARRAY(SELECT " + element.expression +
                           " FROM pg_catalog.generate_subscripts(" + expression + ", 1) AS " +
                           index + ")";
  PgType wire = *PgArrayOf(std::move(element.wire));
  wire.wrapped_elements = wrapped;
  const std::string several = "pg_catalog.array_fill(" + element.expression + ", ARRAY[1, 1])";
  return {UnlessNull(expression, "CASE WHEN pg_catalog.array_ndims(" + expression +
                                     ") > 1 THEN (SELECT " + several + " FROM (SELECT 1 AS " +
                                     index + ") AS headrace_one) ELSE " + list + " END"),
          std::make_shared<const PgType>(std::move(wire))};
}

WireValue Rewrite(const std::string& expression, const PgTypePtr& type, int depth) {
  if (!NeedsRewriting(*type)) return {expression, type};
  if (type->kind == PgType::Kind::kComposite) return RewriteComposite(expression, *type, depth);
  if (type->kind != PgType::Kind::kArray) return TextOf(expression, *type);
  if (type->element->kind == PgType::Kind::kBase) return TextArrayOf(expression, *type);
  return RewriteNestedArray(expression, *type, depth);
}

}  // namespace

WireValue WireOf(const std::string& expression, const PgTypePtr& type,
                 const arrow::DataType& wanted) {
  const bool as_text =
      wanted.id() == arrow::Type::STRING && ArrowTypeOf(*type).type->id() != arrow::Type::STRING;
  return as_text ? TextOf(expression, *type) : Rewrite(expression, type, 0);
}

}  // namespace headrace
