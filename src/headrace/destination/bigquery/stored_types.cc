#include "headrace/destination/bigquery/stored_types.h"

#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace headrace {
namespace {

struct StoredType {
  std::string_view name;
  std::shared_ptr<arrow::DataType> (*make)();
};

constexpr std::array kStoredTypes = {
    StoredType{"BIGNUMERIC", [] { return arrow::decimal256(76, 38); }},
    StoredType{"BOOLEAN", [] { return arrow::boolean(); }},
    StoredType{"BOOL", [] { return arrow::boolean(); }},
    StoredType{"BYTES", [] { return arrow::binary(); }},
    StoredType{"DATE", [] { return arrow::date32(); }},
    StoredType{"DATETIME", [] { return arrow::timestamp(arrow::TimeUnit::MICRO); }},
    StoredType{"FLOAT", [] { return arrow::float64(); }},
    StoredType{"INTEGER", [] { return arrow::int64(); }},
    StoredType{"NUMERIC", [] { return arrow::decimal128(38, 9); }},
    StoredType{"TIME", [] { return arrow::time64(arrow::TimeUnit::MICRO); }},
    StoredType{"TIMESTAMP", [] { return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"); }},
};

arrow::FieldVector StoredFields(const std::vector<TableField>& fields);

/// Text, where nothing else is said.
std::shared_ptr<arrow::DataType> TypeOf(const TableField& field) {
  if (field.type == "RECORD") return arrow::struct_(StoredFields(field.fields));
  const auto* found = std::ranges::find(kStoredTypes, field.type, &StoredType::name);
  return found == kStoredTypes.end() ? arrow::utf8() : found->make();
}

arrow::FieldVector StoredFields(const std::vector<TableField>& fields) {
  arrow::FieldVector stored;
  for (const TableField& field : fields) {
    std::shared_ptr<arrow::DataType> type = TypeOf(field);
    if (field.mode == FieldMode::kRepeated) {
      type = arrow::list(arrow::field("element", std::move(type)));
    }
    stored.push_back(arrow::field(field.name, std::move(type)));
  }
  return stored;
}

}  // namespace

std::shared_ptr<arrow::Schema> StoredSchema(const std::vector<TableField>& table) {
  return arrow::schema(StoredFields(table));
}

}  // namespace headrace
