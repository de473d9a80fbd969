#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "headrace/config/option_type.h"
#include "headrace/config/schema.h"
#include "headrace/config/section.h"
#include "headrace/model/type_name.h"

namespace headrace {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kReferencePointer = "#/$defs/reference";

std::string Anchored(std::string_view pattern) { return "^(" + std::string(pattern) + ")$"; }

Json OfType(std::string_view type) { return {{"type", type}}; }

Json Matching(std::string_view pattern) {
  return {{"type", "string"}, {"pattern", Anchored(pattern)}};
}

Json BoundedInteger(const OptionSpec& option, int64_t least) {
  Json json = OfType("integer");
  const int64_t minimum = std::max(option.minimum, least);
  if (minimum != std::numeric_limits<int64_t>::min()) json["minimum"] = minimum;
  if (option.maximum != std::numeric_limits<int64_t>::max()) json["maximum"] = option.maximum;
  return json;
}

/// What a value of each type may look like; a function per OptionType, each yields the
/// alternatives.
using Alternatives = std::vector<Json>;

/// Texts may be written without quotes even where they look like a number or a boolean.
Alternatives TextForms(const OptionSpec& /*option*/) {
  return {{{"type", {"string", "number", "boolean"}}}};
}
Alternatives IntegerForms(const OptionSpec& option) {
  return {BoundedInteger(option, std::numeric_limits<int64_t>::min())};
}
Alternatives BooleanForms(const OptionSpec& /*option*/) { return {OfType("boolean")}; }
Alternatives BytesForms(const OptionSpec& option) {
  return {Matching(InfoOf(OptionType::kBytes).pattern), BoundedInteger(option, 0)};
}
Alternatives DurationForms(const OptionSpec& /*option*/) {
  return {Matching(InfoOf(OptionType::kDuration).pattern), {{"const", 0}}};
}
Alternatives ListForms(const OptionSpec& option) {
  return {{{"type", "array"}, {"items", TextForms(option).front()}}};
}
Alternatives PathForms(const OptionSpec& /*option*/) {
  return {{{"type", "string"}, {"minLength", 1}}};
}
Alternatives NameForms(const OptionSpec& /*option*/) {
  return {Matching(InfoOf(OptionType::kName).pattern), {{"type", "integer"}, {"minimum", 0}}};
}

Alternatives ChoiceForms(const OptionSpec& option) {
  Json choices = Json::array();
  for (const std::string_view choice : option.choices) {
    choices.push_back(choice);
    if (choice == "null") choices.push_back(nullptr);  // `on_overflow: null` without quotes
  }
  return {{{"enum", std::move(choices)}}};
}

Alternatives ColumnTypeForms(const OptionSpec& /*option*/) {
  Json names = Json::array();
  Alternatives forms;
  for (const TypeName& type : TypeNames()) {
    if (type.name == type.pattern) {
      names.push_back(type.name);
    } else {
      forms.push_back(Matching(type.pattern));
    }
  }
  forms.push_back(Json({{"enum", std::move(names)}}));
  return forms;
}

using FormsFunction = Alternatives (*)(const OptionSpec&);
/// By OptionType.
constexpr std::array<FormsFunction, 11> kForms = {
    TextForms,   TextForms, IntegerForms, BooleanForms, BytesForms,     DurationForms,
    ChoiceForms, ListForms, PathForms,    NameForms,    ColumnTypeForms};

bool MayBeNull(const OptionSpec& option) {
  return option.default_text.empty() && !option.required && option.type != OptionType::kEnum;
}

/// References are texts: where a text is no form of the option, they are one more.
bool NeedsReference(OptionType type) {
  return type != OptionType::kString && type != OptionType::kSecret && type != OptionType::kPath &&
         type != OptionType::kStringList;
}

Json DefaultOf(const OptionSpec& option) {
  const auto value = ParseOptionText(option, option.default_text, option.default_text);
  if (value.ok() && option.type == OptionType::kInteger) return std::get<int64_t>(*value);
  if (value.ok() && option.type == OptionType::kBoolean) return std::get<bool>(*value);
  return option.default_text;
}

Json OptionSchema(const OptionSpec& option, bool with_default) {
  Alternatives forms = kForms.at(static_cast<size_t>(option.type))(option);
  if (NeedsReference(option.type)) forms.push_back({{"$ref", kReferencePointer}});
  if (MayBeNull(option)) forms.push_back(OfType("null"));
  Json schema = {{"description", option.doc}};
  if (with_default && !option.default_text.empty()) schema["default"] = DefaultOf(option);
  if (!option.example.empty()) schema["examples"] = {option.example};
  if (forms.size() == 1) {
    schema.update(forms.front());
  } else {
    schema["anyOf"] = std::move(forms);
  }
  return schema;
}

/// Adds the options to `object`, a schema of type object; what is refused is not in the schema.
void AddOptions(std::span<const OptionSpec> options, bool with_default, Json& object) {
  for (const OptionSpec& option : options) {
    if (!option.refused.empty()) continue;
    object["properties"][std::string(option.key)] = OptionSchema(option, with_default);
    if (option.required) object["required"].push_back(option.key);
  }
}

/// The same where the section may be of one plug-in or another: of an option that several have, any
/// form will do.
void AddAlternatives(std::span<const OptionSpec> options, Json& object) {
  Json& properties = object["properties"];
  for (const OptionSpec& option : options) {
    if (!option.refused.empty()) continue;
    const std::string key(option.key);
    Json schema = OptionSchema(option, /*with_default=*/false);
    if (!properties.contains(key)) {
      properties[key] = std::move(schema);
    } else if (properties[key] != schema) {
      properties[key] = {{"anyOf", {properties[key], std::move(schema)}}};
    }
  }
}

Json SectionSchema(const Section& section);

Json ObjectSchema(const Section& section) {
  Json object = {
      {"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
  AddOptions(section.options, !section.inherits, object);
  for (const Section& child : section.sections) {
    object["properties"][std::string(child.key)] = SectionSchema(child);
    if (child.required) object["required"].push_back(child.key);
  }
  for (const auto& keys : section.one_of) object["oneOf"].push_back({{"required", keys}});
  return object;
}

/// One alternative per plug-in: its options beside those of the section, its name as the only
/// `type`.
Json PluginSchemas(const Section& section) {
  Json alternatives = Json::array();
  for (const PluginOptions& plugin : section.plugins) {
    Json object = ObjectSchema(section);
    object["description"] = plugin.doc;
    object["properties"]["type"] = {{"const", plugin.type}, {"description", plugin.doc}};
    AddOptions(plugin.options, true, object);
    alternatives.push_back(std::move(object));
  }
  return {{"oneOf", std::move(alternatives)}};
}

Json MappingSchema(const Section& section) {
  if (!section.plugins.empty() && section.type_from.empty()) return PluginSchemas(section);
  Json object = ObjectSchema(section);
  for (const PluginOptions& plugin : section.plugins) AddAlternatives(plugin.options, object);
  if (!section.short_key.empty()) {
    const OptionSpec* option = FindOption(section.options, section.short_key);
    return {{"anyOf", {OptionSchema(*option, false), std::move(object)}}};
  }
  if (!section.required && !section.is_list) object["type"] = {"object", "null"};
  return object;
}

Json SectionSchema(const Section& section) {
  Json schema = {{"description", section.doc}};
  if (section.is_list) {
    schema.update({{"type", "array"}, {"minItems", 1}, {"items", MappingSchema(section)}});
  } else {
    const Json mapping = MappingSchema(section);
    schema.update(mapping);
  }
  return schema;
}

}  // namespace

nlohmann::ordered_json JsonSchema(std::span<const PluginOptions> sources,
                                  std::span<const PluginOptions> destinations) {
  const Section job = JobSection(sources, destinations);
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "headrace job"},
                 {"description", job.doc}};
  schema.update(ObjectSchema(job));
  schema["$defs"]["reference"] = {{"description",
                                   "A value from elsewhere: ${NAME} is an environment variable, "
                                   "${file:/path} the content of a file."},
                                  {"type", "string"},
                                  {"pattern", R"(\$\{[^}]+\})"}};
  return schema;
}

}  // namespace headrace
