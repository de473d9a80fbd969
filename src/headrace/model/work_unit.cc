#include "headrace/model/work_unit.h"

#include <array>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "headrace/model/civil_time.h"
#include "headrace/model/json_object.h"
#include "headrace/model/table_plan.h"

namespace headrace {
namespace {

/// Null: the bound is open.
template <typename Value>
nlohmann::json BoundJson(const std::optional<Value>& bound) {
  return bound.has_value() ? nlohmann::json(*bound) : nlohmann::json();
}

void WriteSplit(const WholeTable& /*split*/, nlohmann::json& json) {
  json["timestamp_column"] = nullptr;
}

void WriteSplit(const IdRange& split, nlohmann::json& json) {
  json["id_column"] = split.column;
  json["min_id"] = BoundJson(split.lower);
  json["max_id"] = BoundJson(split.upper);
}

nlohmann::json TimeJson(const std::optional<int64_t>& micros) {
  return micros.has_value() ? nlohmann::json(IsoTime(*micros)) : nlohmann::json();
}

void WriteSplit(const DateRange& split, nlohmann::json& json) {
  json["timestamp_column"] = split.column;
  json["start_date"] = TimeJson(split.lower);
  json["end_date"] = TimeJson(split.upper);
  if (split.encoding != TimeEncoding::kNative) {
    json["time_encoding"] = TimeEncodingName(split.encoding);
  }
}

void WriteSplit(const KeyRange& split, nlohmann::json& json) {
  json["key_column"] = split.column;
  json["min_key"] = BoundJson(split.lower);
  json["max_key"] = BoundJson(split.upper);
}

void WriteSplit(const HashPart& split, nlohmann::json& json) {
  json["hash_column"] = split.column;
  json["hash_part"] = split.part;
  json["hash_parts"] = split.parts;
}

void WriteSplit(const PageRange& split, nlohmann::json& json) {
  json["leaf_schema_name"] = split.schema;
  json["leaf_table_name"] = split.relation;
  json["start_page"] = split.first;
  json["end_page"] = BoundJson(split.last);
}

void WriteSplit(const NullRows& split, nlohmann::json& json) { json["null_column"] = split.column; }

Split ReadWholeTable(JsonObject& /*object*/) { return WholeTable{}; }

Split ReadIdRange(JsonObject& object) {
  IdRange range;
  object.Read("id_column", range.column);
  object.Read("min_id", range.lower);
  object.Read("max_id", range.upper);
  if (range.lower && range.upper && *range.lower >= *range.upper) {
    object.Fail(UserError("work unit: key \"max_id\": expected more than min_id"));
  }
  return range;
}

void ReadTime(JsonObject& object, const char* key, std::optional<int64_t>& micros) {
  std::optional<std::string> text;
  object.Read(key, text);
  if (!text) return;
  micros = MicrosOfIsoTime(*text);
  if (micros) return;
  object.Fail(UserError("work unit: key \"" + std::string(key) +
                        "\": expected a time like 2024-01-31T00:00:00, without zone"));
}

void ReadTimeEncoding(JsonObject& object, const std::string& name, TimeEncoding& encoding) {
  const auto known = TimeEncodingOfName(name);
  if (known) {
    encoding = *known;
  } else {
    object.Fail(
        UserError(R"(work unit: key "time_encoding": this version does not know ")" + name + "\""));
  }
}

Split ReadDateRange(JsonObject& object) {
  DateRange range;
  object.Read("timestamp_column", range.column);
  ReadTime(object, "start_date", range.lower);
  ReadTime(object, "end_date", range.upper);
  std::optional<std::string> encoding;
  object.Read("time_encoding", encoding);
  if (encoding) ReadTimeEncoding(object, *encoding, range.encoding);
  if (range.lower && range.upper && *range.lower >= *range.upper) {
    object.Fail(UserError("work unit: key \"end_date\": expected more than start_date"));
  }
  return range;
}

/// Which of two keys comes first only their source knows.
Split ReadKeyRange(JsonObject& object) {
  KeyRange range;
  object.Read("key_column", range.column);
  object.Read("min_key", range.lower);
  object.Read("max_key", range.upper);
  return range;
}

Split ReadHashPart(JsonObject& object) {
  HashPart part;
  object.Read("hash_column", part.column);
  object.Read("hash_part", part.part);
  object.Read("hash_parts", part.parts);
  if (part.part < 0 || part.part >= part.parts) {
    object.Fail(UserError("work unit: key \"hash_part\": expected 0 to hash_parts - 1"));
  }
  return part;
}

Split ReadPageRange(JsonObject& object) {
  PageRange range;
  object.Read("leaf_schema_name", range.schema);
  object.Read("leaf_table_name", range.relation);
  object.Read("start_page", range.first);
  object.Read("end_page", range.last);
  if (range.last && range.first >= *range.last) {
    object.Fail(UserError("work unit: key \"end_page\": expected more than start_page"));
  }
  return range;
}

Split ReadNullRows(JsonObject& object) {
  NullRows rows;
  object.Read("null_column", rows.column);
  return rows;
}

struct SplitRow {
  std::string_view type;
  Split (*read)(JsonObject& object);
};

/// In the order of the alternatives of Split.
constexpr std::array<SplitRow, std::variant_size_v<Split>> kSplits = {{
    {"db_date_range_full", ReadWholeTable},
    {"db_id_range", ReadIdRange},
    {"db_date_range", ReadDateRange},
    {"db_key_range", ReadKeyRange},
    {"db_hash_partition", ReadHashPart},
    {"db_page_range", ReadPageRange},
    {"db_null", ReadNullRows},
}};

void ReadSplit(JsonObject& object, Split& split) {
  std::string type;
  object.Read("type", type);
  if (!object.status().ok()) return;
  for (const SplitRow& row : kSplits) {
    if (row.type != type) continue;
    split = row.read(object);
    return;
  }
  object.Fail(UserError(R"(work unit: key "type": this version does not know ")" + type + "\""));
}

std::vector<std::string> SelectedColumns(const TablePlan& plan) {
  std::vector<std::string> names;
  names.reserve(plan.columns.size());
  for (const PlannedColumn& column : plan.columns) names.push_back(column.source_name);
  return names;
}

}  // namespace

bool DecidesNulls(const Split& split, std::string_view column) {
  const auto is_of_it = [&](const auto& kind) {
    if constexpr (requires { kind.column; }) return kind.column == column;
    return false;
  };
  return std::visit(is_of_it, split);
}

std::string_view SplitTypeName(const Split& split) { return kSplits.at(split.index()).type; }

nlohmann::json ToJson(const WorkUnit& unit, const TablePlan& plan) {
  const std::string filter = FilterText(plan.filter);
  const TableRef& table = plan.table;
  nlohmann::json json = {{"version", kWorkUnitVersion},
                         {"type", SplitTypeName(unit.split)},
                         {"plan_id", unit.plan_id},
                         {"unit_id", unit.id},
                         {"schema_name", table.schema},
                         {"table_name", table.is_query() ? table.alias : table.name},
                         {"selected_columns", SelectedColumns(plan)},
                         {"filter", filter.empty() ? nlohmann::json() : nlohmann::json(filter)},
                         {"estimated_rows", unit.estimated_rows},
                         {"estimated_bytes", unit.estimated_bytes}};
  std::visit([&json](const auto& split) { WriteSplit(split, json); }, unit.split);
  return json;
}

arrow::Result<WorkUnit> WorkUnitFromJson(const nlohmann::json& json) {
  JsonObject object(json, "work unit", ErrorClass::kUser);
  WorkUnit unit;
  object.ReadVersion(kWorkUnitVersion);
  ReadSplit(object, unit.split);
  object.Read("plan_id", unit.plan_id);
  object.Read("unit_id", unit.id);
  object.Read("estimated_rows", unit.estimated_rows);
  object.Read("estimated_bytes", unit.estimated_bytes);
  ARROW_RETURN_NOT_OK(object.status());
  return unit;
}

std::string SerializeWorkUnit(const WorkUnit& unit, const TablePlan& plan) {
  return DumpJson(ToJson(unit, plan));
}

arrow::Result<WorkUnit> ParseWorkUnit(std::string_view bytes) {
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json json,
                        ParseJson(bytes, "work unit", ErrorClass::kUser));
  return WorkUnitFromJson(json);
}

std::string_view PlannedUnitId(std::string_view unit_id) {
  return unit_id.substr(0, unit_id.find('.'));
}

arrow::Result<std::vector<std::string>> UnitsThatCount(std::vector<std::string> planned,
                                                       const std::vector<UnitDivision>& divisions) {
  std::unordered_map<std::string_view, const UnitDivision*> by_unit;
  for (const UnitDivision& division : divisions) by_unit[division.unit_id] = &division;
  if (by_unit.empty()) return planned;
  std::vector<std::string> counting;
  std::vector<std::string> open(planned.rbegin(), planned.rend());  // the last one is the next
  while (!open.empty()) {
    std::string unit = std::move(open.back());
    open.pop_back();
    const auto divided = by_unit.extract(unit);
    if (divided.empty()) {
      counting.push_back(std::move(unit));
    } else {
      const std::vector<std::string>& parts = divided.mapped()->part_ids;
      open.insert(open.end(), parts.rbegin(), parts.rend());
    }
  }
  if (by_unit.empty()) return counting;
  return BugError("unit " + std::string(by_unit.begin()->first) +
                  " was divided, and is none of those that were planned");
}

}  // namespace headrace
