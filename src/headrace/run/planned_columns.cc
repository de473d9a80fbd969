#include "headrace/run/planned_columns.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "headrace/model/ascii.h"
#include "headrace/model/type_name.h"
#include "headrace/model/utf8.h"
#include "headrace/transform/cast_rule.h"

namespace headrace {
namespace {

/// Whether a session reads `column` as text straight from the source, which holds what its type
/// does not: as the policy asks, or because text is what the job wants anyway.
bool ReadsText(const Column& column, OverflowPolicy policy, const arrow::DataType* wanted) {
  if (!column.may_overflow) return false;
  const bool wants_text = wanted != nullptr && wanted->id() == arrow::Type::STRING;
  return policy == OverflowPolicy::kString ||
         (wants_text && !arrow::is_nested(column.type->id()));  // Lists become JSON.
}

/// Whether a session reads the type that the job asks for straight from what is stored. There are
/// no more of these than there are casts.
bool ReadsAsAsked(const Column& column, const arrow::DataType* wanted) {
  return wanted != nullptr &&
         std::ranges::find(column.readable_as, wanted->id()) != column.readable_as.end() &&
         (wanted->Equals(*column.type) || FindCast(*column.type, *wanted) != nullptr);
}

/// A value that does not fit a type of the job cannot become text in a column of that type.
arrow::Status CheckPolicyFits(const Column& column, OverflowPolicy policy,
                              const arrow::DataType& wanted) {
  const bool always_fits = wanted.Equals(*column.type) && !column.may_overflow;
  if (policy != OverflowPolicy::kString || wanted.id() == arrow::Type::STRING || always_fits) {
    return arrow::Status::OK();
  }
  return UserError("column \"" + column.name + "\": a value that does not fit type " +
                   wanted.ToString() + " cannot be kept as text, so `type` and on_overflow: " +
                   "string contradict each other. Give the column on_overflow: error or " +
                   "\"null\", or type: string");
}

/// Said where values of type `from` may lose digits of them in `to`.
std::string RoundingNote(const arrow::DataType& from, const arrow::DataType& to) {
  const int bits = RoundsToBits(from, to);
  return bits == 0 ? "" : ", rounds to " + std::to_string(bits) + " bits";
}

/// Said of a column that is read as the job's type; nothing where that is its own and takes no
/// other values for it. What is stored may be any number, or the text of one, whatever the type.
std::string AskedNote(const Column& column, const arrow::DataType& wanted) {
  const std::string rounding = RoundingNote(*arrow::utf8(), wanted);
  const bool is_own = wanted.Equals(*column.type);
  if (is_own && rounding.empty()) return {};
  return "read as " + wanted.ToString() +
         (is_own ? std::string() : ", not as " + column.type->ToString()) + rounding;
}

/// Said of a column that the job casts.
arrow::Result<std::string> CastNote(const PlannedColumn& column) {
  if (FindCast(*column.read_type, *column.type) == nullptr) {
    return UserError("column \"" + column.source_name + "\": there is no cast from " +
                     column.read_type->ToString() + " to " + column.type->ToString() +
                     "; its `type` can be " + CastTargets(*column.read_type));
  }
  return "cast from " + column.read_type->ToString() +
         RoundingNote(*column.read_type, *column.type);
}

bool IsUntyped(const Column& column, const ColumnRequest& request, const TableJob& job) {
  const OverflowPolicy policy = request.on_overflow.value_or(job.on_overflow);
  return column.type_unknown && !request.type.has_value() && policy != OverflowPolicy::kString;
}

/// A type that is only guessed would be another one tomorrow.
arrow::Status CheckTyped(const Description& description, const std::vector<std::string>& untyped) {
  if (untyped.empty()) return arrow::Status::OK();
  std::string names;
  for (const std::string& name : untyped) names += (names.empty() ? "\"" : ", \"") + name + "\"";
  return UserError("table " + description.table.label() +
                   ": nothing declares the type of its columns " + names +
                   ", and no row came in time to tell it; give each a `type`, as in columns: "
                   "[{name: …, type: int64}]");
}

arrow::Result<PlannedColumn> PlanColumn(const Column& column, const ColumnRequest& request,
                                        const TableJob& job) {
  PlannedColumn planned;
  planned.source_name = column.name;
  planned.source_type = column.source_type;
  planned.name = request.as.value_or(column.name);
  planned.nullable = column.nullable;
  planned.on_overflow = request.on_overflow.value_or(job.on_overflow);
  planned.comment = column.comment;
  planned.note = column.note;
  std::shared_ptr<arrow::DataType> wanted;
  if (request.type.has_value()) {
    ARROW_ASSIGN_OR_RAISE(wanted, ParseTypeName(*request.type));
    ARROW_RETURN_NOT_OK(CheckPolicyFits(column, planned.on_overflow, *wanted));
    planned.may_be_text = wanted->id() == arrow::Type::STRING;
  }
  const bool as_text = ReadsText(column, planned.on_overflow, wanted.get());
  planned.read_as_asked = !as_text && ReadsAsAsked(column, wanted.get());
  planned.read_type = as_text ? arrow::utf8() : planned.read_as_asked ? wanted : column.type;
  planned.type = wanted != nullptr ? wanted : planned.read_type;
  if (as_text && !column.type->Equals(*planned.read_type)) {
    planned.note = wanted != nullptr ? "as text, straight from the source"
                                     : "as text, because of on_overflow: string";
  } else if (std::string asked = planned.read_as_asked ? AskedNote(column, *wanted) : "";
             !asked.empty()) {
    planned.note = std::move(asked);
  } else if (!planned.type->Equals(*planned.read_type)) {
    ARROW_ASSIGN_OR_RAISE(planned.note, CastNote(planned));
  }
  // A value that becomes NULL by policy may do so in a column that the source declares NOT NULL.
  planned.nullable = planned.nullable || planned.on_overflow == OverflowPolicy::kNull;
  return planned;
}

/// The first field inside of `type` whose name is not UTF-8, or null.
const arrow::Field* FindFieldNotUtf8(const arrow::DataType& type) {
  for (const auto& field : type.fields()) {
    if (!IsUtf8(field->name())) return field.get();
    if (const arrow::Field* inner = FindFieldNotUtf8(*field->type())) return inner;
  }
  return nullptr;
}

/// Names lie in units, in the footers of files, in commit records and in text of JSON. A job is
/// UTF-8: it can neither give such a column another name nor exclude it.
arrow::Status CheckNamesAreUtf8(const Description& description, const PlannedColumn& column) {
  const arrow::Field* inner = FindFieldNotUtf8(*column.read_type);
  if (inner == nullptr && IsUtf8(column.source_name)) return arrow::Status::OK();
  return UserError(
      "table " + description.table.label() + ": column " + QuotedText(column.source_name) + ": " +
      (inner == nullptr ? "its name" : "the name of its field " + QuotedText(inner->name())) +
      " is not UTF-8, and no reader would take the files: list the other columns under `columns`, "
      "or load a view or a query that gives it another name, as `WITH t (a, b) AS (SELECT * FROM "
      "…) SELECT * FROM t` does");
}

arrow::Status NoSuchColumn(const Description& description, const std::string& name) {
  std::string names;
  for (const Column& column : description.columns) {
    names += (names.empty() ? "" : ", ") + column.name;
  }
  return UserError("table " + description.table.label() + " has no column \"" + name +
                   "\"; it has " + names);
}

/// What has a dot or a star may have been meant for a table.
arrow::Status NothingToExclude(const Description& description, const std::string& name) {
  arrow::Status status = NoSuchColumn(description, name);
  if (name.find_first_of(".*?") == std::string::npos) return status;
  return status.WithMessage(status.message() +
                            ". `exclude` leaves out columns; tables only where the name of the "
                            "entry has wildcards");
}

/// The columns that the job asks for, all of them where it names none, without the excluded ones.
arrow::Result<std::vector<ColumnRequest>> RequestedColumns(const Description& description,
                                                           const TableJob& job) {
  std::vector<ColumnRequest> requests = job.columns;
  if (requests.empty()) {
    for (const Column& column : description.columns) {
      requests.push_back({.name = column.name, .as = {}, .type = {}, .on_overflow = {}});
    }
  }
  for (const std::string& excluded : job.exclude) {
    if (description.FindColumn(excluded) == nullptr) return NothingToExclude(description, excluded);
    std::erase_if(requests, [&](const ColumnRequest& request) { return request.name == excluded; });
  }
  return requests;
}

void WarnOfNamesThatDifferByCase(TablePlan& plan) {
  std::map<std::string, std::string> seen;
  for (const PlannedColumn& column : plan.columns) {
    const auto [other, is_new] = seen.emplace(LowerAsciiText(column.name), column.name);
    if (is_new) continue;
    plan.warnings.push_back("columns \"" + other->second + "\" and \"" + column.name +
                            "\" differ by case alone: readers that do not tell cases apart, as "
                            "DuckDB and Spark, rename or refuse one of them; `as` gives it another "
                            "name");
  }
}

void WarnOfDoubtfulValues(TablePlan& plan) {
  for (const PlannedColumn& column : plan.columns) {
    const std::string& warning = plan.description.FindColumn(column.source_name)->warning;
    if (warning.empty() || column.read_type->id() == arrow::Type::STRING) continue;
    plan.warnings.push_back(warning);
  }
}

/// `lineage: true` adds columns of its own.
arrow::Status CheckLineage(const PlannedColumn& column, const TableJob& job) {
  if (!job.lineage || !column.name.starts_with("_headrace_")) return arrow::Status::OK();
  return UserError("table " + job.table.label() + ": column \"" + column.name +
                   "\" and `lineage: true` exclude each other");
}

}  // namespace

arrow::Result<std::vector<PlannedColumn>> PlanColumns(const Description& description,
                                                      const TableJob& job) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<ColumnRequest> requests,
                        RequestedColumns(description, job));
  if (requests.empty()) {
    return UserError("table " + description.table.label() + ": no column is left to load");
  }
  std::vector<PlannedColumn> columns;
  columns.reserve(requests.size());
  std::set<std::string> names;
  std::vector<std::string> untyped;
  for (const ColumnRequest& request : requests) {
    const Column* column = description.FindColumn(request.name);
    if (column == nullptr) return NoSuchColumn(description, request.name);
    if (IsUntyped(*column, request, job)) untyped.push_back(column->name);
    ARROW_ASSIGN_OR_RAISE(PlannedColumn planned, PlanColumn(*column, request, job));
    ARROW_RETURN_NOT_OK(CheckNamesAreUtf8(description, planned));
    if (!names.insert(planned.name).second) {
      return UserError("table " + description.table.label() + ": two columns would be called \"" +
                       planned.name + "\"; give one of them another name with `as`");
    }
    ARROW_RETURN_NOT_OK(CheckLineage(planned, job));
    columns.push_back(std::move(planned));
  }
  ARROW_RETURN_NOT_OK(CheckTyped(description, untyped));
  return columns;
}

void WarnOfColumns(TablePlan& plan) {
  WarnOfNamesThatDifferByCase(plan);
  WarnOfDoubtfulValues(plan);
}

}  // namespace headrace
