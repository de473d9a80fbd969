#include "headrace/destination/bigquery/table_field.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "headrace/model/json_object.h"
#include "headrace/model/utf8.h"

namespace headrace {
namespace {

constexpr std::array<std::string_view, 3> kModeNames = {"NULLABLE", "REQUIRED", "REPEATED"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kOtherNames = {{
    {"INT64", "INTEGER"},
    {"FLOAT64", "FLOAT"},
    {"BOOLEAN", "BOOL"},
    {"STRUCT", "RECORD"},
    {"DECIMAL", "NUMERIC"},
    {"BIGDECIMAL", "BIGNUMERIC"},
}};

std::string Capitals(std::string_view text) {
  std::string capitals(text);
  std::ranges::transform(capitals, capitals.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return capitals;
}

arrow::Status WrongKey(std::string_view key) {
  return PermanentError("schema of a BigQuery table: '" + std::string(key) +
                        "' is not as the service documents it");
}

/// An int64 of the service's JSON: text [1], or a number, as some of its stand-ins answer. None
/// where the key is absent.
///
///   [1] developers.google.com/discovery/v1/type-format
arrow::Result<std::optional<int64_t>> ReadInt64(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) return std::nullopt;
  if (found->is_number_integer()) return found->get<int64_t>();
  if (!found->is_string()) return WrongKey(key);
  const auto& text = found->get_ref<const std::string&>();
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return WrongKey(key);
  return value;
}

arrow::Result<FieldMode> ModeOf(const std::optional<std::string>& name) {
  if (!name || name->empty()) return FieldMode::kNullable;
  const auto* found = std::ranges::find(kModeNames, Capitals(*name));
  if (found == kModeNames.end()) return WrongKey("mode");
  return static_cast<FieldMode>(found - kModeNames.begin());
}

arrow::Result<std::optional<DecimalShape>> DeclaredDigits(const nlohmann::json& json) {
  ARROW_ASSIGN_OR_RAISE(const auto precision, ReadInt64(json, "precision"));
  ARROW_ASSIGN_OR_RAISE(const auto scale, ReadInt64(json, "scale"));
  if (!precision) return std::nullopt;
  return DecimalShape{.precision = static_cast<int32_t>(*precision),
                      .scale = static_cast<int32_t>(scale.value_or(0))};
}

arrow::Result<TableField> FieldFromJson(const nlohmann::json& json) {
  JsonObject object(json, "column of a BigQuery table", ErrorClass::kPermanent);
  TableField field;
  std::string type;
  std::optional<std::string> mode;
  std::optional<std::string> description;
  object.Read("name", field.name);
  object.Read("type", type);
  object.Read("mode", mode);
  object.Read("description", description);
  ARROW_RETURN_NOT_OK(object.status());
  field.type = CanonicalTypeName(type);
  field.description = description.value_or("");
  ARROW_ASSIGN_OR_RAISE(field.mode, ModeOf(mode));
  ARROW_ASSIGN_OR_RAISE(field.digits, DeclaredDigits(json));
  ARROW_ASSIGN_OR_RAISE(field.max_length, ReadInt64(json, "maxLength"));
  ARROW_ASSIGN_OR_RAISE(field.fields, TableFieldsFromJson(json));
  return field;
}

bool IsClear(std::string_view path) {
  return !path.empty() && std::ranges::all_of(path, [](char c) {
    return c == '_' || c == '.' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  });
}

std::string Parameters(const TableField& field) {
  if (field.max_length) return "(" + std::to_string(*field.max_length) + ")";
  if (field.digits) {
    return "(" + std::to_string(field.digits->precision) + "," +
           std::to_string(field.digits->scale) + ")";
  }
  std::string list;
  for (const TableField& child : field.fields) {
    list += (list.empty() ? "<" : ", ") + PathText(child.name) + ": " + TypeText(child);
  }
  return list.empty() ? list : list + ">";
}

}  // namespace

std::string_view FieldModeName(FieldMode mode) { return kModeNames.at(static_cast<size_t>(mode)); }

std::string CanonicalTypeName(std::string_view type) {
  std::string name = Capitals(type);
  for (const auto& [other, canonical] : kOtherNames) {
    if (name == other) return std::string(canonical);
  }
  return name;
}

nlohmann::json ToJson(const TableField& field) {
  nlohmann::json json = {
      {"name", field.name}, {"type", field.type}, {"mode", FieldModeName(field.mode)}};
  if (!field.description.empty()) json["description"] = field.description;
  for (const TableField& child : field.fields) json["fields"].push_back(ToJson(child));
  return json;
}

arrow::Result<std::vector<TableField>> TableFieldsFromJson(const nlohmann::json& schema) {
  std::vector<TableField> fields;
  if (schema.is_null()) return fields;
  JsonObject object(schema, "schema of a BigQuery table", ErrorClass::kPermanent);
  if (schema.contains("fields")) object.ReadEach("fields", fields, FieldFromJson);
  ARROW_RETURN_NOT_OK(object.status());
  return fields;
}

std::string TypeText(const TableField& field) {
  std::string text = field.type + Parameters(field);
  if (field.mode != FieldMode::kNullable) text.append(" ").append(FieldModeName(field.mode));
  return text;
}

std::string FieldPath(std::string_view path, std::string_view name) {
  std::string text(path);
  if (!path.empty()) text += '.';
  return text.append(name);
}

std::string PathText(std::string_view path) {
  return IsClear(path) ? std::string(path) : QuotedText(path);
}

}  // namespace headrace
