#include "headrace/destination/bigquery/column_types.h"

#include <arrow/extension_type.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>
#include <arrow/util/checked_cast.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "headrace/destination/bigquery/column_names.h"
#include "headrace/destination/bigquery/column_range.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/utf8.h"

namespace headrace {
namespace {

using arrow::internal::checked_cast;

/// What is found of one column while its type is walked through.
struct Findings {
  bool needs_cast = false;
  std::vector<std::string> notes;
  std::vector<RenamedField> renamed;
  size_t fields = 0;
};

/// Where a type is met.
struct Place {
  std::string path;  ///< In the output.
  int records = 0;   ///< That it lies in.
  bool within_repeated = false;
  Findings* findings = nullptr;
};

/// A type of the output: `field` has all but its name, and is REPEATED or NULLABLE.
struct MappedType {
  TableField field;
  std::shared_ptr<arrow::DataType> staged;
};

using MappedResult = arrow::Result<MappedType>;
using Rule = MappedResult (*)(const arrow::DataType& type, const Place& place);

MappedResult MapType(const arrow::DataType& type, const Place& place);

/// A phrase on what is at `place`, which is named where it is not the column itself.
void Note(const Place& place, std::string_view phrase) {
  const bool is_nested = place.records > 0 || place.within_repeated;
  place.findings->notes.push_back(
      (is_nested ? "'" + place.path + "': " : std::string()).append(phrase));
}

arrow::Status NoColumn(const Place& place, std::string_view what, std::string_view way_out) {
  return UserError("column '" + place.path + "' " + std::string(what) + ": " +
                   std::string(way_out));
}

constexpr std::string_view kAsText = "load the column as text (`type: string`)";
constexpr std::string_view kAsJsonText = "load the column as JSON text (`type: string`)";

MappedType Scalar(std::string_view name, std::shared_ptr<arrow::DataType> staged) {
  return {.field = {.name = {}, .type = std::string(name)}, .staged = std::move(staged)};
}

/// Types that become one and the same column whatever their parameters.
struct ScalarRule {
  arrow::Type::type type;
  std::string_view column;
  const std::shared_ptr<arrow::DataType>& (*staged)();
};

const std::shared_ptr<arrow::DataType>& MicrosOfDay() {
  static const std::shared_ptr<arrow::DataType> kMicros = arrow::time64(arrow::TimeUnit::MICRO);
  return kMicros;
}

constexpr ScalarRule kScalarRules[] = {
    {arrow::Type::BOOL, "BOOL", arrow::boolean},
    {arrow::Type::INT8, "INTEGER", arrow::int16},
    {arrow::Type::INT16, "INTEGER", arrow::int16},
    {arrow::Type::INT32, "INTEGER", arrow::int32},
    {arrow::Type::INT64, "INTEGER", arrow::int64},
    {arrow::Type::UINT8, "INTEGER", arrow::int16},
    {arrow::Type::UINT16, "INTEGER", arrow::int32},
    {arrow::Type::UINT32, "INTEGER", arrow::int64},
    {arrow::Type::HALF_FLOAT, "FLOAT", arrow::float32},
    {arrow::Type::FLOAT, "FLOAT", arrow::float32},
    {arrow::Type::DOUBLE, "FLOAT", arrow::float64},
    {arrow::Type::DATE32, "DATE", arrow::date32},
    {arrow::Type::DATE64, "DATE", arrow::date32},
    {arrow::Type::TIME32, "TIME", MicrosOfDay},
    {arrow::Type::TIME64, "TIME", MicrosOfDay},
    {arrow::Type::STRING, "STRING", arrow::utf8},
    {arrow::Type::LARGE_STRING, "STRING", arrow::utf8},
    {arrow::Type::STRING_VIEW, "STRING", arrow::utf8},
    {arrow::Type::BINARY, "BYTES", arrow::binary},
    {arrow::Type::LARGE_BINARY, "BYTES", arrow::binary},
    {arrow::Type::BINARY_VIEW, "BYTES", arrow::binary},
    {arrow::Type::FIXED_SIZE_BINARY, "BYTES", arrow::binary},
};

std::shared_ptr<arrow::DataType> DecimalType(DecimalShape shape) {
  if (shape.precision <= arrow::Decimal128Type::kMaxPrecision) {
    return arrow::decimal128(shape.precision, shape.scale);
  }
  return arrow::decimal256(shape.precision, shape.scale);
}

/// The decimal of scale 0 to precision that has the same values.
DecimalShape PlainShape(const arrow::DataType& type) {
  const auto& decimal = checked_cast<const arrow::DecimalType&>(type);
  const int32_t scale = std::max(decimal.scale(), 0);
  return {.precision = std::max(decimal.precision() - std::min(decimal.scale(), 0), scale),
          .scale = scale};
}

bool Holds(DecimalLimits limits, DecimalShape shape) {
  return shape.scale <= limits.scale && shape.precision - shape.scale <= limits.whole_digits;
}

MappedType DecimalColumn(std::string_view name, DecimalShape shape) {
  MappedType mapped = Scalar(name, DecimalType(shape));
  mapped.field.digits = shape;
  return mapped;
}

MappedResult MapDecimal(const arrow::DataType& type, const Place& place) {
  const DecimalShape shape = PlainShape(type);
  if (Holds(kNumericLimits, shape)) return DecimalColumn("NUMERIC", shape);
  if (Holds(kBigNumericLimits, shape)) return DecimalColumn("BIGNUMERIC", shape);
  Note(place, "as text: BIGNUMERIC has 38 digits on each side of the point");
  return Scalar("STRING", arrow::utf8());
}

MappedResult MapUint64(const arrow::DataType& /*type*/, const Place& /*place*/) {
  constexpr DecimalShape kDigitsOfUint64 = {.precision = 20, .scale = 0};
  return DecimalColumn("NUMERIC", kDigitsOfUint64);
}

MappedResult MapTimestamp(const arrow::DataType& type, const Place& place) {
  const auto& timestamp = checked_cast<const arrow::TimestampType&>(type);
  if (timestamp.unit() == arrow::TimeUnit::NANO) {
    Note(place, "microseconds: a value with nanoseconds follows on_overflow");
  }
  if (timestamp.timezone().empty()) {
    return Scalar("DATETIME", arrow::timestamp(arrow::TimeUnit::MICRO));
  }
  return Scalar("TIMESTAMP", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
}

/// A field of the output under its `name` in BigQuery, with its mode.
struct MappedField {
  TableField field;
  std::shared_ptr<arrow::Field> staged;
};

arrow::Result<MappedField> MapField(const arrow::Field& field, std::string name,
                                    const Place& place) {
  ++place.findings->fields;
  ARROW_ASSIGN_OR_RAISE(MappedType mapped, MapType(*field.type(), place));
  mapped.field.name = std::move(name);
  const bool is_repeated = mapped.field.mode == FieldMode::kRepeated;
  if (is_repeated && field.nullable()) Note(place, "NULL becomes an empty array");
  const bool is_required = !field.nullable() && !is_repeated && !place.within_repeated;
  if (is_required) mapped.field.mode = FieldMode::kRequired;
  auto staged = arrow::field(mapped.field.name, std::move(mapped.staged),
                             is_repeated ? field.nullable() : !is_required);
  return MappedField{.field = std::move(mapped.field), .staged = std::move(staged)};
}

/// The elements of an array, which is at `place`.
MappedResult MapElements(const arrow::Field& elements, const Place& place) {
  Place inside = place;
  inside.path += "[]";
  inside.within_repeated = true;
  ARROW_ASSIGN_OR_RAISE(MappedType mapped, MapType(*elements.type(), inside));
  if (mapped.field.mode == FieldMode::kRepeated) {
    return NoColumn(place, "is an array of arrays, which BigQuery does not have", kAsJsonText);
  }
  if (elements.nullable()) Note(place, "an element that is NULL follows on_overflow");
  mapped.field.mode = FieldMode::kRepeated;
  // The names by which a load job knows a list; "item" would be read as NULL.
  mapped.staged = arrow::list(arrow::field("element", mapped.staged, elements.nullable()));
  return mapped;
}

MappedResult MapList(const arrow::DataType& type, const Place& place) {
  place.findings->needs_cast |= type.id() != arrow::Type::LIST;
  return MapElements(*type.field(0), place);
}

arrow::Status CheckLevels(const Place& record) {
  if (record.records <= kMostRecordLevels) return arrow::Status::OK();
  return NoColumn(record,
                  "lies in more than " + std::to_string(kMostRecordLevels - 1) +
                      " RECORDs, which BigQuery does not take",
                  kAsJsonText);
}

MappedResult MapStruct(const arrow::DataType& type, const Place& place) {
  Place inside = place;
  ++inside.records;
  ARROW_RETURN_NOT_OK(CheckLevels(inside));
  if (type.num_fields() == 0) return NoColumn(place, "has no fields", kAsJsonText);
  std::vector<std::string> names;
  for (const auto& field : type.fields()) names.push_back(field->name());
  ARROW_ASSIGN_OR_RAISE(auto columns, ColumnNames(names, place.path));
  MappedType record = Scalar("RECORD", nullptr);
  arrow::FieldVector staged;
  for (size_t i = 0; i < names.size(); ++i) {
    inside.path = FieldPath(place.path, names[i]);
    if (columns[i] != names[i]) place.findings->renamed.push_back({inside.path, columns[i]});
    ARROW_ASSIGN_OR_RAISE(MappedField child, MapField(*type.field(static_cast<int>(i)),
                                                      std::move(columns[i]), inside));
    record.field.fields.push_back(std::move(child.field));
    staged.push_back(std::move(child.staged));
  }
  record.staged = arrow::struct_(staged);
  return record;
}

MappedResult MapMap(const arrow::DataType& type, const Place& place) {
  const auto& map = checked_cast<const arrow::MapType&>(type);
  Place inside = place;
  ++inside.records;
  inside.within_repeated = true;
  ARROW_RETURN_NOT_OK(CheckLevels(inside));
  inside.path = place.path + "[].key";
  ARROW_ASSIGN_OR_RAISE(MappedField key, MapField(*map.key_field(), "key", inside));
  if (key.field.mode == FieldMode::kRepeated) {
    return NoColumn(place, "has arrays for keys", kAsJsonText);
  }
  key.field.mode = FieldMode::kRequired;
  inside.path = place.path + "[].value";
  ARROW_ASSIGN_OR_RAISE(MappedField value, MapField(*map.item_field(), "value", inside));
  MappedType mapped = Scalar(
      "RECORD", std::make_shared<arrow::MapType>(key.staged->WithNullable(false), value.staged));
  mapped.field.mode = FieldMode::kRepeated;
  mapped.field.fields = {std::move(key.field), std::move(value.field)};
  return mapped;
}

MappedResult MapDictionary(const arrow::DataType& type, const Place& place) {
  return MapType(*checked_cast<const arrow::DictionaryType&>(type).value_type(), place);
}

MappedResult MapExtension(const arrow::DataType& type, const Place& place) {
  const auto& extension = checked_cast<const arrow::ExtensionType&>(type);
  Note(place, "as the values that '" + extension.extension_name() + "' is stored in");
  return MapType(*extension.storage_type(), place);
}

struct TypeRule {
  arrow::Type::type type;
  Rule map;
};

constexpr TypeRule kTypeRules[] = {
    {arrow::Type::UINT64, MapUint64},
    {arrow::Type::TIMESTAMP, MapTimestamp},
    {arrow::Type::DECIMAL32, MapDecimal},
    {arrow::Type::DECIMAL64, MapDecimal},
    {arrow::Type::DECIMAL128, MapDecimal},
    {arrow::Type::DECIMAL256, MapDecimal},
    {arrow::Type::LIST, MapList},
    {arrow::Type::LARGE_LIST, MapList},
    {arrow::Type::FIXED_SIZE_LIST, MapList},
    {arrow::Type::LIST_VIEW, MapList},
    {arrow::Type::LARGE_LIST_VIEW, MapList},
    {arrow::Type::STRUCT, MapStruct},
    {arrow::Type::MAP, MapMap},
    {arrow::Type::DICTIONARY, MapDictionary},
    {arrow::Type::EXTENSION, MapExtension},
};

MappedResult MapType(const arrow::DataType& type, const Place& place) {
  std::optional<MappedType> mapped;
  for (const ScalarRule& rule : kScalarRules) {
    if (rule.type == type.id()) mapped = Scalar(rule.column, rule.staged());
  }
  for (const TypeRule& rule : kTypeRules) {
    if (rule.type != type.id()) continue;
    ARROW_ASSIGN_OR_RAISE(mapped, rule.map(type, place));
  }
  if (!mapped) {
    return NoColumn(place, "has the type " + type.ToString() + ", which BigQuery does not have",
                    kAsText);
  }
  // What is nested counts by what is in it: its names may differ.
  if (!arrow::is_nested(type.id())) place.findings->needs_cast |= !mapped->staged->Equals(type);
  return std::move(*mapped);
}

/// `comment` as far as BigQuery takes it.
std::string DescriptionOf(std::string_view comment, Findings& findings) {
  size_t characters = 0;
  size_t kept = 0;
  for (size_t at = 0; at < comment.size(); ++characters) {
    if (characters == kMostDescriptionCharacters - 1) kept = at;
    at += std::max<size_t>(Utf8CharacterSize(comment.substr(at)), 1);
  }
  if (characters <= kMostDescriptionCharacters) return std::string(comment);
  findings.notes.push_back("its comment has " + std::to_string(characters) +
                           " characters, of which BigQuery keeps " +
                           std::to_string(kMostDescriptionCharacters));
  return std::string(comment.substr(0, kept)) + "…";
}

std::string CommentOf(const arrow::Field& field) {
  if (field.metadata() == nullptr) return {};
  return field.metadata()->Get(kCommentKey).ValueOr("");
}

/// Only text can be parsed, and only a column: PARSE_JSON is a query's.
arrow::Status MakeJson(const arrow::Field& output, BigQueryColumn& column) {
  if (column.field.type != "STRING" || column.field.mode == FieldMode::kRepeated ||
      !arrow::is_string(output.type()->id())) {
    return UserError("column '" + output.name() + "' cannot be JSON: its type is " +
                     output.type()->ToString() + ", not text");
  }
  column.field.type = "JSON";
  column.needs_parse_json = true;
  column.notes.emplace_back(
      "by a staging table and PARSE_JSON; JSON keeps no white space, no order of keys and of equal "
      "keys the first");
  return arrow::Status::OK();
}

arrow::Status CheckWishes(const arrow::Schema& output, const ColumnWishes& wishes) {
  for (const std::string& name : wishes.json) {
    if (output.GetFieldByName(name) == nullptr) {
      return UserError("column '" + name + "' is to be JSON, and there is none of this name");
    }
  }
  return arrow::Status::OK();
}

arrow::Result<BigQueryColumn> ColumnOf(const arrow::Field& output, std::string name,
                                       const ColumnWishes& wishes, Findings& findings) {
  const Place place = {.path = output.name(), .findings = &findings};
  ARROW_ASSIGN_OR_RAISE(MappedField mapped, MapField(output, std::move(name), place));
  mapped.field.description = DescriptionOf(CommentOf(output), findings);
  BigQueryColumn column = {.field = std::move(mapped.field),
                           .staged = std::move(mapped.staged),
                           .needs_cast = findings.needs_cast,
                           .notes = std::move(findings.notes)};
  if (wishes.json.contains(output.name())) ARROW_RETURN_NOT_OK(MakeJson(output, column));
  return column;
}

}  // namespace

arrow::Result<BigQueryColumns> ColumnsOf(const arrow::Schema& output, const ColumnWishes& wishes) {
  ARROW_RETURN_NOT_OK(CheckWishes(output, wishes));
  ARROW_ASSIGN_OR_RAISE(auto names, ColumnNames(output.field_names()));
  BigQueryColumns result;
  size_t fields = 0;
  for (int i = 0; i < output.num_fields(); ++i) {
    const arrow::Field& field = *output.field(i);
    std::string& name = names[static_cast<size_t>(i)];
    Findings findings;
    if (name != field.name()) result.renamed.push_back({field.name(), name});
    ARROW_ASSIGN_OR_RAISE(auto column, ColumnOf(field, std::move(name), wishes, findings));
    result.columns.push_back(std::move(column));
    std::ranges::move(findings.renamed, std::back_inserter(result.renamed));
    fields += findings.fields;
  }
  if (fields > kMostTableColumns) {
    return UserError(std::to_string(fields) + " columns, nested ones counted: BigQuery takes " +
                     std::to_string(kMostTableColumns) + "; list the `columns:` that are needed");
  }
  return result;
}

nlohmann::json SchemaJson(const std::vector<BigQueryColumn>& columns) {
  nlohmann::json fields = nlohmann::json::array();
  for (const BigQueryColumn& column : columns) fields.push_back(ToJson(column.field));
  return {{"fields", std::move(fields)}};
}

std::shared_ptr<arrow::Schema> StagedSchema(const std::vector<BigQueryColumn>& columns) {
  arrow::FieldVector fields;
  fields.reserve(columns.size());
  for (const BigQueryColumn& column : columns) fields.push_back(column.staged);
  return arrow::schema(std::move(fields));
}

}  // namespace headrace
