#include "headrace/staging/wide_decimal.h"

#include <arrow/array.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/chunked_array.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>
#include <parquet/arrow/schema.h>
#include <parquet/exception.h>
#include <parquet/properties.h>
#include <parquet/schema.h>
#include <parquet/types.h>

#include <utility>

namespace headrace {
namespace {

using arrow::internal::checked_cast;
using parquet::schema::GroupNode;
using parquet::schema::Node;
using parquet::schema::NodePtr;
using parquet::schema::NodeVector;
using parquet::schema::PrimitiveNode;

bool IsWideDecimalNode(const Node& node) {
  return node.is_primitive() && node.logical_type()->is_decimal() &&
         checked_cast<const parquet::DecimalLogicalType&>(*node.logical_type()).precision() >
             arrow::Decimal128Type::kMaxPrecision;
}

NodePtr Widened(const NodePtr& node) {
  if (IsWideDecimalNode(*node)) {
    return PrimitiveNode::Make(node->name(), node->repetition(), node->logical_type(),
                               parquet::Type::FIXED_LEN_BYTE_ARRAY, int{kWideDecimalBytes},
                               node->field_id());
  }
  if (node->is_primitive()) return node;
  const auto& group = checked_cast<const GroupNode&>(*node);
  NodeVector fields;
  for (int i = 0; i < group.field_count(); ++i) fields.push_back(Widened(group.field(i)));
  // Only a group's own types may be handed over: "none" is made of the lack of one.
  const auto type = node->logical_type()->is_nested() ? node->logical_type() : nullptr;
  return GroupNode::Make(node->name(), node->repetition(), fields, type, node->field_id());
}

std::shared_ptr<arrow::DataType> TypeOfAllBytes(const std::shared_ptr<arrow::DataType>& type) {
  if (IsWideDecimal(*type)) {
    return arrow::decimal256(arrow::Decimal256Type::kMaxPrecision,
                             checked_cast<const arrow::DecimalType&>(*type).scale());
  }
  arrow::FieldVector fields;
  for (const auto& field : type->fields()) {
    fields.push_back(field->WithType(TypeOfAllBytes(field->type())));
  }
  if (type->id() == arrow::Type::LIST) return arrow::list(fields.at(0));
  if (type->id() == arrow::Type::STRUCT) return arrow::struct_(fields);
  return type;
}

std::shared_ptr<arrow::ArrayData> UnderType(const arrow::ArrayData& data,
                                            const std::shared_ptr<arrow::DataType>& type) {
  auto renamed = data.Copy();
  renamed->type = type;
  for (size_t i = 0; i < renamed->child_data.size(); ++i) {
    renamed->child_data[i] =
        UnderType(*data.child_data[i], type->field(static_cast<int>(i))->type());
  }
  return renamed;
}

}  // namespace

bool IsWideDecimal(const arrow::DataType& type) {
  return type.id() == arrow::Type::DECIMAL256 &&
         checked_cast<const arrow::DecimalType&>(type).precision() >
             arrow::Decimal128Type::kMaxPrecision;
}

arrow::Result<std::shared_ptr<GroupNode>> ParquetSchemaOf(
    const arrow::Schema& schema, const parquet::WriterProperties& properties) {
  std::shared_ptr<parquet::SchemaDescriptor> narrow;
  ARROW_RETURN_NOT_OK(parquet::arrow::ToParquetSchema(&schema, properties, &narrow));
  NodePtr root;
  PARQUET_CATCH_NOT_OK(root = Widened(narrow->schema_root()));
  return std::static_pointer_cast<GroupNode>(root);
}

std::shared_ptr<arrow::ChunkedArray> WithAllDecimalBytes(
    const std::shared_ptr<arrow::ChunkedArray>& values) {
  const auto type = TypeOfAllBytes(values->type());
  if (type->Equals(*values->type())) return values;
  arrow::ArrayVector chunks;
  for (const auto& chunk : values->chunks()) {
    chunks.push_back(arrow::MakeArray(UnderType(*chunk->data(), type)));
  }
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), type);
}

}  // namespace headrace
