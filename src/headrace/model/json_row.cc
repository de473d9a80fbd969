#include "headrace/model/json_row.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>

#include "headrace/model/json_record_writer.h"

namespace headrace {

JsonRowWriter::JsonRowWriter(std::shared_ptr<arrow::Schema> schema,
                             std::shared_ptr<const JsonRecordWriter> record)
    : schema_(std::move(schema)), record_(std::move(record)) {}

arrow::Result<JsonRowWriter> JsonRowWriter::Make(std::shared_ptr<arrow::Schema> schema) {
  ARROW_ASSIGN_OR_RAISE(auto record, JsonRecordWriter::Make(schema->fields(), ""));
  return JsonRowWriter(std::move(schema),
                       std::make_shared<const JsonRecordWriter>(std::move(record)));
}

/// The schema of a reader's batches is mostly one object.
arrow::Status JsonRowWriter::CheckSchema(const arrow::RecordBatch& batch) const {
  if (batch.schema() == schema_ || batch.schema()->Equals(*schema_, /*check_metadata=*/false)) {
    return arrow::Status::OK();
  }
  return BugError("JSON rows of another schema than the batch's");
}

arrow::Status JsonRowWriter::AppendRow(const arrow::RecordBatch& batch, int64_t row,
                                       std::string& json) const {
  ARROW_RETURN_NOT_OK(CheckSchema(batch));
  if (row < 0 || row >= batch.num_rows()) {
    return BugError("no row " + std::to_string(row) + " in a batch of " +
                    std::to_string(batch.num_rows()));
  }
  record_->Append(batch.column_data(), row, json);
  return arrow::Status::OK();
}

arrow::Status JsonRowWriter::AppendLines(const arrow::RecordBatch& batch, std::string& json) const {
  ARROW_RETURN_NOT_OK(CheckSchema(batch));
  const arrow::ArrayDataVector& columns = batch.column_data();
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    record_->Append(columns, row, json);
    json += '\n';
  }
  return arrow::Status::OK();
}

arrow::Result<std::string> SerializeRow(const arrow::RecordBatch& batch, int64_t row) {
  ARROW_ASSIGN_OR_RAISE(const JsonRowWriter writer, JsonRowWriter::Make(batch.schema()));
  std::string json;
  ARROW_RETURN_NOT_OK(writer.AppendRow(batch, row, json));
  return json;
}

}  // namespace headrace
