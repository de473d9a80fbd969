#include "headrace/destination/bigquery/listed_rows.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/checked_cast.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "headrace/destination/bigquery/listed_value.h"
#include "headrace/model/ascii.h"
#include "headrace/model/exact_decimal.h"
#include "headrace/model/utf8.h"

namespace headrace {

struct ListedColumn;

/// Appends a value that is not NULL.
using AppendListed = arrow::Status (*)(const ListedColumn& column, const nlohmann::json& value,
                                       arrow::ArrayBuilder& builder);

/// A column, a field of a RECORD or the elements of an array.
struct ListedColumn {
  std::string path;         ///< In the staged schema: `lines[].price`.
  std::string column_type;  ///< The table's.
  std::shared_ptr<arrow::DataType> type;
  bool nullable = true;
  size_t position = 0;  ///< Of its cell among those of its row or RECORD.
  AppendListed append = nullptr;
  size_t cells = 0;  ///< That a RECORD has in the table.
  std::vector<ListedColumn> children;
};

namespace {

using arrow::internal::checked_cast;
using Json = nlohmann::json;

bool IsListedArray(const arrow::DataType& type) {
  return type.id() == arrow::Type::LIST || type.id() == arrow::Type::MAP;
}

arrow::Status ListedProblem(const ListedColumn& column, std::string_view what) {
  return PermanentError(("column '" + column.path + "' ").append(what));
}

arrow::Status NoValue(const ListedColumn& column, std::string_view text) {
  return PermanentError("column '" + column.path + "': the " + column.column_type + " " +
                        QuotedText(ShortenedValue(text)) + " cannot be read as " +
                        column.type->ToString());
}

/// The cells of a row or a RECORD, which has `expected` in the table.
arrow::Result<const Json::array_t*> CellsOf(const Json& record, size_t expected) {
  const auto found = record.find("f");
  const auto* cells = found == record.end() ? nullptr : found->get_ptr<const Json::array_t*>();
  if (cells == nullptr) return PermanentError("it is no object with an array 'f'");
  if (cells->size() != expected) {
    return PermanentError("it has " + std::to_string(cells->size()) + " cells, and the table " +
                          std::to_string(expected) + " columns there");
  }
  return cells;
}

arrow::Status AppendNull(const ListedColumn& column, arrow::ArrayBuilder& builder) {
  if (IsListedArray(*column.type)) return builder.AppendEmptyValue();
  if (column.nullable) return builder.AppendNull();
  return ListedProblem(column, "is NULL, which nothing that was staged there is");
}

arrow::Status AppendCell(const ListedColumn& column, const Json& cell,
                         arrow::ArrayBuilder& builder) {
  const auto value = cell.find("v");
  if (value == cell.end()) {
    return ListedProblem(column, "has a cell that is no object with a key 'v'");
  }
  if (value->is_null()) return AppendNull(column, builder);
  return column.append(column, *value, builder);
}

arrow::Result<std::string_view> TextOf(const ListedColumn& column, const Json& value) {
  const auto* text = value.get_ptr<const std::string*>();
  if (text == nullptr) return ListedProblem(column, "has a value that is not written as text");
  return std::string_view(*text);
}

/// Values that `Read` makes of their text.
template <typename Builder, auto Read>
arrow::Status AppendRead(const ListedColumn& column, const Json& value,
                         arrow::ArrayBuilder& builder) {
  ARROW_ASSIGN_OR_RAISE(const std::string_view text, TextOf(column, value));
  const auto parsed = Read(text);
  if (!parsed) return NoValue(column, text);
  return checked_cast<Builder&>(builder).Append(*parsed);
}

arrow::Status AppendText(const ListedColumn& column, const Json& value,
                         arrow::ArrayBuilder& builder) {
  ARROW_ASSIGN_OR_RAISE(const std::string_view text, TextOf(column, value));
  return checked_cast<arrow::StringBuilder&>(builder).Append(text);
}

template <typename Builder, typename Decimal>
arrow::Status AppendDecimal(const ListedColumn& column, const Json& value,
                            arrow::ArrayBuilder& builder) {
  ARROW_ASSIGN_OR_RAISE(const std::string_view text, TextOf(column, value));
  Decimal unscaled;
  if (ParseDecimal(text, ShapeOf(*column.type), unscaled) != DecimalFit::kFits) {
    return NoValue(column, text);
  }
  return checked_cast<Builder&>(builder).Append(unscaled);
}

/// ListBuilder and MapBuilder, whose elements are structs of key and value.
template <typename Builder>
arrow::Status AppendArray(const ListedColumn& column, const Json& value,
                          arrow::ArrayBuilder& builder) {
  const auto* cells = value.get_ptr<const Json::array_t*>();
  if (cells == nullptr) return ListedProblem(column, "has a value that is no array");
  auto& lists = checked_cast<Builder&>(builder);
  ARROW_RETURN_NOT_OK(lists.Append());
  for (const Json& cell : *cells) {
    ARROW_RETURN_NOT_OK(AppendCell(column.children.front(), cell, *lists.value_builder()));
  }
  return arrow::Status::OK();
}

arrow::Status AppendRecord(const ListedColumn& column, const Json& value,
                           arrow::ArrayBuilder& builder) {
  const auto cells = CellsOf(value, column.cells);
  if (!cells.ok()) return WithContext(cells.status(), "a RECORD of column '" + column.path + "'");
  auto& records = checked_cast<arrow::StructBuilder&>(builder);
  ARROW_RETURN_NOT_OK(records.Append());
  for (size_t i = 0; i < column.children.size(); ++i) {
    const ListedColumn& child = column.children[i];
    ARROW_RETURN_NOT_OK(
        AppendCell(child, (**cells)[child.position], *records.field_builder(static_cast<int>(i))));
  }
  return arrow::Status::OK();
}

/// Which staged type is read from which type of a column, and how.
struct ListedType {
  bool (*is_staged)(const arrow::DataType& type);
  std::string_view column;
  AppendListed append;
};

template <auto Make>
bool IsSame(const arrow::DataType& type) {
  return type.Equals(*Make());
}

template <arrow::Type::type Id>
bool HasId(const arrow::DataType& type) {
  return type.id() == Id;
}

std::shared_ptr<arrow::DataType> ListedTimes() { return arrow::time64(arrow::TimeUnit::MICRO); }
std::shared_ptr<arrow::DataType> ListedDatetimes() {
  return arrow::timestamp(arrow::TimeUnit::MICRO);
}
std::shared_ptr<arrow::DataType> ListedTimestamps() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}

using arrow::Decimal128Builder;
using arrow::Decimal256Builder;

constexpr ListedType kListedTypes[] = {
    {HasId<arrow::Type::BOOL>, "BOOL", AppendRead<arrow::BooleanBuilder, ListedBool>},
    {HasId<arrow::Type::INT16>, "INTEGER", AppendRead<arrow::Int16Builder, ListedInteger<int16_t>>},
    {HasId<arrow::Type::INT32>, "INTEGER", AppendRead<arrow::Int32Builder, ListedInteger<int32_t>>},
    {HasId<arrow::Type::INT64>, "INTEGER", AppendRead<arrow::Int64Builder, ListedInteger<int64_t>>},
    {HasId<arrow::Type::FLOAT>, "FLOAT", AppendRead<arrow::FloatBuilder, ListedFloat>},
    {HasId<arrow::Type::DOUBLE>, "FLOAT", AppendRead<arrow::DoubleBuilder, ListedDouble>},
    {HasId<arrow::Type::DATE32>, "DATE", AppendRead<arrow::Date32Builder, ListedDate>},
    {IsSame<ListedTimes>, "TIME", AppendRead<arrow::Time64Builder, ListedTime>},
    {IsSame<ListedDatetimes>, "DATETIME", AppendRead<arrow::TimestampBuilder, ListedDatetime>},
    {IsSame<ListedTimestamps>, "TIMESTAMP", AppendRead<arrow::TimestampBuilder, ListedTimestamp>},
    {HasId<arrow::Type::DECIMAL128>, "NUMERIC",
     AppendDecimal<Decimal128Builder, arrow::Decimal128>},
    {HasId<arrow::Type::DECIMAL128>, "BIGNUMERIC",
     AppendDecimal<Decimal128Builder, arrow::Decimal128>},
    {HasId<arrow::Type::DECIMAL256>, "NUMERIC",
     AppendDecimal<Decimal256Builder, arrow::Decimal256>},
    {HasId<arrow::Type::DECIMAL256>, "BIGNUMERIC",
     AppendDecimal<Decimal256Builder, arrow::Decimal256>},
    {HasId<arrow::Type::STRING>, "STRING", AppendText},
    {HasId<arrow::Type::STRING>, "JSON", AppendText},
    {HasId<arrow::Type::STRING>, "GEOGRAPHY", AppendText},
    {HasId<arrow::Type::BINARY>, "BYTES", AppendRead<arrow::BinaryBuilder, ListedBytes>},
};

/// How a scalar is read; null where the column cannot hold the staged type.
AppendListed ScalarAppend(const arrow::DataType& staged, std::string_view column_type) {
  for (const ListedType& rule : kListedTypes) {
    if (rule.column == column_type && rule.is_staged(staged)) return rule.append;
  }
  return nullptr;
}

arrow::Status CannotHold(std::string_view path, const TableField& field,
                         const arrow::DataType& staged) {
  return PermanentError("column '" + std::string(path) + "' of the table is " + TypeText(field) +
                        ", which cannot hold the staged " + staged.ToString());
}

arrow::Result<ListedColumn> MakeColumn(const arrow::Field& staged, const TableField& field,
                                       size_t position, std::string path);

/// The columns of a row, or the fields of the RECORD at `path`.
arrow::Result<std::vector<ListedColumn>> MakeColumns(const arrow::FieldVector& staged,
                                                     const std::vector<TableField>& table,
                                                     std::string_view path) {
  std::map<std::string, size_t> positions;
  for (const TableField& field : table) {
    positions.emplace(LowerAsciiText(field.name), positions.size());
  }
  std::vector<ListedColumn> columns;
  for (const auto& field : staged) {
    std::string field_path = FieldPath(path, field->name());
    const auto found = positions.find(LowerAsciiText(field->name()));
    if (found == positions.end()) {
      return PermanentError("the table lacks the staged column '" + field_path + "' (" +
                            field->type()->ToString() + ")");
    }
    ARROW_ASSIGN_OR_RAISE(ListedColumn column, MakeColumn(*field, table[found->second],
                                                          found->second, std::move(field_path)));
    columns.push_back(std::move(column));
  }
  return columns;
}

arrow::Status SetArray(const TableField& field, ListedColumn& column) {
  TableField element = field;
  element.mode = FieldMode::kNullable;
  ARROW_ASSIGN_OR_RAISE(ListedColumn child,
                        MakeColumn(*column.type->field(0), element, 0, column.path + "[]"));
  column.children.push_back(std::move(child));
  column.append = column.type->id() == arrow::Type::MAP ? AppendArray<arrow::MapBuilder>
                                                        : AppendArray<arrow::ListBuilder>;
  return arrow::Status::OK();
}

arrow::Status SetRecord(const TableField& field, ListedColumn& column) {
  if (field.type != "RECORD") return CannotHold(column.path, field, *column.type);
  ARROW_ASSIGN_OR_RAISE(column.children,
                        MakeColumns(column.type->fields(), field.fields, column.path));
  column.cells = field.fields.size();
  column.append = AppendRecord;
  return arrow::Status::OK();
}

arrow::Result<ListedColumn> MakeColumn(const arrow::Field& staged, const TableField& field,
                                       size_t position, std::string path) {
  ListedColumn column{.path = std::move(path),
                      .column_type = field.type,
                      .type = staged.type(),
                      .nullable = staged.nullable(),
                      .position = position};
  if (IsListedArray(*column.type) != (field.mode == FieldMode::kRepeated)) {
    return CannotHold(column.path, field, *column.type);
  }
  if (IsListedArray(*column.type)) {
    ARROW_RETURN_NOT_OK(SetArray(field, column));
  } else if (column.type->id() == arrow::Type::STRUCT) {
    ARROW_RETURN_NOT_OK(SetRecord(field, column));
  } else {
    column.append = ScalarAppend(*column.type, field.type);
    if (column.append == nullptr) return CannotHold(column.path, field, *column.type);
  }
  return column;
}

arrow::Status InRow(const arrow::Status& status, size_t row) {
  return WithContext(status, "row " + std::to_string(row + 1) + " of the page");
}

using Rows = std::vector<const Json::array_t*>;

/// The cells of each row.
arrow::Result<Rows> RowsOf(const Json& page, size_t columns) {
  Rows rows;
  if (!page.is_object()) return PermanentError("a page of rows is no JSON object");
  const auto found = page.find("rows");
  if (found == page.end() || found->is_null()) return rows;
  const auto* listed = found->get_ptr<const Json::array_t*>();
  if (listed == nullptr) return PermanentError("a page of rows has 'rows' that are no array");
  rows.reserve(listed->size());
  for (const Json& row : *listed) {
    const auto cells = CellsOf(row, columns);
    if (!cells.ok()) return InRow(cells.status(), rows.size());
    rows.push_back(*cells);
  }
  return rows;
}

arrow::Result<std::shared_ptr<arrow::Array>> DecodeColumn(const ListedColumn& column,
                                                          const Rows& rows) {
  ARROW_ASSIGN_OR_RAISE(const auto builder, arrow::MakeBuilder(column.type));
  ARROW_RETURN_NOT_OK(builder->Reserve(static_cast<int64_t>(rows.size())));
  for (size_t row = 0; row < rows.size(); ++row) {
    const arrow::Status appended = AppendCell(column, (*rows[row])[column.position], *builder);
    if (!appended.ok()) return InRow(appended, row);
  }
  return builder->Finish();
}

}  // namespace

struct ListedRowsDecoder::Impl {
  std::shared_ptr<arrow::Schema> schema;
  size_t cells = 0;  ///< Of a row.
  std::vector<ListedColumn> columns;
};

ListedRowsDecoder::ListedRowsDecoder(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

arrow::Result<ListedRowsDecoder> ListedRowsDecoder::Make(const std::vector<TableField>& table,
                                                         const arrow::Schema& staged) {
  auto impl = std::make_shared<Impl>();
  impl->schema = arrow::schema(staged.fields(), staged.metadata());
  impl->cells = table.size();
  ARROW_ASSIGN_OR_RAISE(impl->columns, MakeColumns(staged.fields(), table, {}));
  return ListedRowsDecoder(std::move(impl));
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ListedRowsDecoder::Decode(
    const Json& page) const {
  ARROW_ASSIGN_OR_RAISE(const Rows rows, RowsOf(page, impl_->cells));
  arrow::ArrayVector arrays;
  for (const ListedColumn& column : impl_->columns) {
    ARROW_ASSIGN_OR_RAISE(auto array, DecodeColumn(column, rows));
    arrays.push_back(std::move(array));
  }
  return arrow::RecordBatch::Make(impl_->schema, static_cast<int64_t>(rows.size()),
                                  std::move(arrays));
}

}  // namespace headrace
