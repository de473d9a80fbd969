#include "headrace/source/postgres/unit_check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <variant>

#include "headrace/client/postgres/error.h"
#include "headrace/source/postgres/unit_query.h"

namespace headrace {
namespace {

/// A name that is not there any more, or not for this role: insufficient_privilege,
/// undefined_object, invalid_schema_name.
constexpr std::array<std::string_view, 3> kNameGone = {kPgNoRight, "42704", "3F000"};

/// The relation that `unit` names; 0: none.
uint64_t RelationOf(const TablePlan& plan, const WorkUnit& unit) {
  const auto* pages = std::get_if<PageRange>(&unit.split);
  if (pages == nullptr) return plan.description.oid;
  for (const Relation& leaf : plan.description.leaves) {
    if (leaf.schema == pages->schema && leaf.name == pages->relation) return leaf.oid;
  }
  return 0;
}

/// SQL for the labels of the enum `type` in their order, each as what the server knows it by and
/// its bytes, in digits: a label need not survive the way to UTF-8 and back, nor have a place
/// there. One that was renamed has other bytes, one of an old label's name another identity.
std::string LabelsSql(const std::string& type, const std::string& condition) {
  return "ARRAY(SELECT l.label FROM (SELECT v.place, pg_catalog.concat("
         "pg_catalog.hashenum(v.label), ':', pg_catalog.encode(pg_catalog.convert_to("
         "v.label::pg_catalog.text, pg_catalog.getdatabaseencoding()::pg_catalog.text), 'hex'))"
         " FROM pg_catalog.unnest(pg_catalog.enum_range(NULL::" +
         type + ")) WITH ORDINALITY AS v(label, place)) AS l(place, label)" + condition +
         " ORDER BY l.place)";
}

/// SQL for the name of a type whose labels are not those, in that order, that were described. Ones
/// that were added since are no matter: no row of the snapshot has them.
std::string ChangedTypeSql(std::span<const LabelledType> types) {
  std::string cases;
  for (const LabelledType& type : types) {
    const std::string described = PgQuoteLiteral(type.labels) + "::pg_catalog.text[]";
    cases += " WHEN ";
    cases += LabelsSql(type.name, " WHERE l.label OPERATOR(pg_catalog.=) ANY (" + described + ")");
    cases += " OPERATOR(pg_catalog.<>) ";
    cases += described;
    cases += " THEN ";
    cases += PgQuoteLiteral(type.name);
  }
  return cases.empty() ? "NULL" : "CASE" + cases + " END";
}

arrow::Status IsAnother(const std::string& what) {
  return TransientError(what, std::string(kSnapshotLostCode));
}

arrow::Status JudgeAnswer(const UnitCheck& check, const PgResult& answer) {
  if (answer.rows() != 1) return BugError("the check of a unit gave no row");
  constexpr std::string_view kAnother =
      " is another relation now than when the table was described: a schema was renamed, or a "
      "relation of that name made";
  if (!answer.IsNull(0, 0) && !answer.Boolean(0, 0)) {
    return IsAnother(check.label + std::string(kAnother));
  }
  if (!answer.IsNull(0, 1)) {
    return IsAnother(std::string(answer.Text(0, 1)) + std::string(kAnother));
  }
  if (answer.IsNull(0, 2)) return arrow::Status::OK();
  return IsAnother("labels of the type " + std::string(answer.Text(0, 2)) +
                   " were renamed while its values were read");
}

}  // namespace

arrow::Result<std::vector<LabelledType>> ReadLabels(PgConnection& connection,
                                                    std::span<const std::string> enums,
                                                    const std::stop_token& stop) {
  std::vector<LabelledType> types;
  if (enums.empty()) return types;
  std::string list;
  for (const std::string& name : enums) {
    list += (list.empty() ? "" : ", ") + LabelsSql(name, "") + "::pg_catalog.text";
  }
  ARROW_ASSIGN_OR_RAISE(const PgResult result, connection.Query("SELECT " + list, stop));
  if (result.rows() != 1) return BugError("the labels of enums gave no row");
  for (size_t i = 0; i < enums.size(); ++i) {
    types.push_back({enums[i], std::string(result.Text(0, static_cast<int>(i)))});
  }
  return types;
}

UnitCheck CheckOf(const TablePlan& plan, const WorkUnit& unit, std::span<const KnownName> names) {
  const uint64_t oid = RelationOf(plan, unit);
  std::string own = "NULL";
  if (oid != 0) {
    const KnownName relation{.name = TargetOf(plan, unit).relation, .oid = oid};
    own = ChangedNameSql({&relation, 1}) + " IS NULL";
  }
  return {.label = plan.table.label(),
          .sql = "SELECT " + own + ", " + ChangedNameSql(names) + ", " +
                 ChangedTypeSql(plan.description.labelled_types)};
}

arrow::Status RunCheck(PgConnection& connection, const StatementScope& scope,
                       const UnitCheck& check, const std::stop_token& stop) {
  const auto answer = connection.Query(scope.begin + check.sql + "; " + scope.end, stop);
  if (answer.ok()) return JudgeAnswer(check, *answer);
  Recover(connection, scope, stop);
  if (std::ranges::find(kNameGone, CodeOf(answer.status())) == kNameGone.end()) {
    return answer.status();
  }
  return IsAnother("table " + check.label +
                   " is not what it was when it was described: " + answer.status().message());
}

arrow::Status NameChange(PgConnection& connection, const StatementScope& scope,
                         const UnitCheck& check, const arrow::Status& status,
                         const std::stop_token& stop) {
  const bool other_cause =
      connection.broken() || stop.stop_requested() || ClassOf(status) == ErrorClass::kTransient;
  if (other_cause) return status;
  const arrow::Status changed = RunCheck(connection, scope, check, stop);
  return CodeOf(changed) == kSnapshotLostCode ? changed : status;
}

}  // namespace headrace
