#include "headrace/model/committed_schema.h"

#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <nlohmann/json.hpp>

#include "headrace/model/json_object.h"

namespace headrace {
namespace {

constexpr const char* kChildren = "children";

std::vector<CommittedField> FieldsOf(const arrow::FieldVector& fields) {
  std::vector<CommittedField> committed;
  committed.reserve(fields.size());
  for (const auto& field : fields) {
    const arrow::DataType& type = *field->type();
    // Lists and structs are all that nests, and have nothing but their fields.
    committed.push_back({.name = field->name(),
                         .type = arrow::is_nested(type.id()) ? type.name() : type.ToString(),
                         .nullable = field->nullable(),
                         .children = FieldsOf(type.fields())});
  }
  return committed;
}

}  // namespace

std::vector<CommittedField> CommittedFields(const arrow::Schema& schema) {
  return FieldsOf(schema.fields());
}

nlohmann::json ToJson(const CommittedField& field) {
  nlohmann::json json = {{"name", field.name}, {"type", field.type}, {"nullable", field.nullable}};
  for (const CommittedField& child : field.children) json[kChildren].push_back(ToJson(child));
  return json;
}

arrow::Result<CommittedField> CommittedFieldFromJson(const nlohmann::json& json) {
  JsonObject object(json, "field of a commit", ErrorClass::kPermanent);
  CommittedField field;
  object.Read("name", field.name);
  object.Read("type", field.type);
  object.Read("nullable", field.nullable);
  if (json.contains(kChildren)) object.ReadEach(kChildren, field.children, CommittedFieldFromJson);
  ARROW_RETURN_NOT_OK(object.status());
  return field;
}

}  // namespace headrace
