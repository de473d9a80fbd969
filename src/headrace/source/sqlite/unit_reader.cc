#include "headrace/source/sqlite/unit_reader.h"

#include <arrow/array/data.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <sqlite3.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "headrace/client/sqlite/error.h"
#include "headrace/source/sqlite/quoted_names.h"
#include "headrace/source/sqlite/unit_query.h"
#include "headrace/source/sqlite/value_text.h"

namespace headrace::sqlite {
namespace {

/// Offsets of text and blobs are 32 bits; a row on top of a full batch adds at most SQLite's 10^9
/// bytes per value.
constexpr int64_t kMostBatchBytes = 1LL << 30;

constexpr int64_t kFirstRows = 64;

arrow::Status OutOfMemory() { return PermanentError("out of memory"); }

/// Column "amount" in errors.
std::string ColumnLabel(const PlannedColumn& column) {
  return "column \"" + column.source_name + "\"";
}

/// SQLite checks no text that it stores; only a column of text cannot take it.
std::string WhyNoText(sqlite3_value* value) {
  const std::string_view encoding = BrokenEncoding(value);
  return encoding.empty() ? "" : ": it is not valid " + std::string(encoding);
}

}  // namespace

SqliteUnitReader::SqliteUnitReader(SqliteDatabase& database, const TablePlan& plan,
                                   ColumnReaders& readers, std::stop_token stop)
    : database_(database),
      plan_(plan),
      stop_(std::move(stop)),
      schema_(ReadSchema(plan)),
      guard_(database.handle(), stop_),
      readers_(readers) {}

arrow::Result<std::unique_ptr<UnitReader>> SqliteUnitReader::Open(
    SqliteDatabase& database, const TablePlan& plan, const WorkUnit& unit, ColumnReaders& readers,
    const ReadLimits& limits, std::stop_token stop) {
  std::unique_ptr<SqliteUnitReader> reader(
      new SqliteUnitReader(database, plan, readers, std::move(stop)));
  ARROW_RETURN_NOT_OK(reader->Prepare(unit));
  ARROW_RETURN_NOT_OK(readers.Prepare(plan.columns));
  reader->SetCapacity(limits);
  return reader;
}

arrow::Status SqliteUnitReader::Prepare(const WorkUnit& unit) {
  const int most_columns = sqlite3_limit(database_.handle(), SQLITE_LIMIT_COLUMN, -1);
  ARROW_ASSIGN_OR_RAISE(const UnitQuery query, MakeUnitQuery(plan_, unit, most_columns));
  identity_ = query.identity;
  if (!query.plain_filter_sql.empty()) {
    const auto plain = database_.Prepare(query.plain_filter_sql);
    if (!plain.ok()) return WithContext(plain.status(), "where");
    const arrow::Status names = CheckQuotedNames(database_, query.plain_filter_sql);
    if (!names.ok()) return WithContext(names, "where");
  }
  ARROW_ASSIGN_OR_RAISE(statement_, database_.Prepare(query.sql));
  if (sqlite3_bind_parameter_count(statement_.handle()) > 0) {
    return UserError("`where` and `query` may not hold parameters such as ? or :name");
  }
  return arrow::Status::OK();
}

void SqliteUnitReader::SetCapacity(const ReadLimits& limits) {
  batch_patience_ = limits.batch_patience;
  batch_bytes_ = std::clamp<int64_t>(limits.batch_bytes, 1, kMostBatchBytes);
  const int64_t fitting = batch_bytes_ / std::max<int64_t>(readers_.fixed_width(), 1);
  batch_rows_ = std::max<int64_t>(std::min(limits.batch_rows, fitting), 1);
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> SqliteUnitReader::Next() {
  if (finished_) return nullptr;
  if (stop_.stop_requested()) {
    finished_ = true;
    return InterruptedError();
  }
  auto batch = ReadBatch();
  if (!batch.ok()) finished_ = true;
  return batch;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> SqliteUnitReader::ReadBatch() {
  guard_.Expect(batch_patience_);
  int64_t rows = 0;
  const auto fits = [&] {
    return rows < batch_rows_ &&
           rows * readers_.fixed_width() + readers_.variable_bytes() < batch_bytes_;
  };
  while (fits() && (rows == 0 || !guard_.late())) {
    const int result = sqlite3_step(statement_.handle());
    if (result != SQLITE_ROW) {
      finished_ = true;
      if (result != SQLITE_DONE) return SqliteError(database_.handle(), result);
      break;
    }
    if (rows == capacity_) ARROW_RETURN_NOT_OK(GrowRows());
    ARROW_RETURN_NOT_OK(AppendRow());
    ++rows;
  }
  if (rows == 0) return nullptr;
  return FinishBatch(rows);
}

/// Wide rows fill a batch long before batch_rows_: room for all of those would be most of the
/// batch.
arrow::Status SqliteUnitReader::GrowRows() {
  capacity_ = std::min(std::max({2 * capacity_, expected_rows_, kFirstRows}), batch_rows_);
  return readers_.Reserve(capacity_);
}

arrow::Status SqliteUnitReader::AppendRow() {
  sqlite3_stmt* row = statement_.handle();
  for (size_t i = 0; i < readers_.size(); ++i) {
    const AppendOutcome outcome =
        readers_[i].Append(sqlite3_column_value(row, static_cast<int>(i)));
    if (outcome == AppendOutcome::kAppended) continue;
    if (outcome == AppendOutcome::kOutOfMemory) return OutOfMemory();
    ARROW_RETURN_NOT_OK(Overflow(i));
  }
  ++rows_read_;
  return arrow::Status::OK();
}

arrow::Status SqliteUnitReader::Overflow(size_t index) {
  const PlannedColumn& column = plan_.columns[index];
  if (column.on_overflow == OverflowPolicy::kNull && column.nullable) {
    if (readers_[index].AppendNull() == AppendOutcome::kOutOfMemory) return OutOfMemory();
    ++nulled_values_;
    return arrow::Status::OK();
  }
  sqlite3_value* value = sqlite3_column_value(statement_.handle(), static_cast<int>(index));
  return PermanentError(ColumnLabel(column) + ", " + RowName() + ": " + Render(value) +
                        " does not fit " + column.read_type->ToString() + WhyNoText(value) +
                        " (see on_overflow)");
}

std::string SqliteUnitReader::RowName() const {
  std::string name = "row " + std::to_string(rows_read_ + 1) + " of the unit";
  if (identity_ >= 0) {
    name = plan_.description.row_identity + " " + std::to_string(statement_.ColumnInt64(identity_));
  }
  const std::string key = PrimaryKeyText();
  return key.empty() ? name : name + " (" + key + ")";
}

/// `region = TEXT 'EU', id = INTEGER 22`, as far as the plan reads the key; empty where it is the
/// rowid.
std::string SqliteUnitReader::PrimaryKeyText() const {
  const std::vector<Key>& keys = plan_.description.keys;
  if (keys.empty() || !keys.front().primary) return {};
  std::string text;
  for (size_t i = 0; i < plan_.columns.size(); ++i) {
    const std::string& column = plan_.columns[i].source_name;
    if (std::ranges::find(keys.front().columns, column) == keys.front().columns.end()) continue;
    sqlite3_value* value = sqlite3_column_value(statement_.handle(), static_cast<int>(i));
    const bool is_rowid = identity_ >= 0 && sqlite3_value_type(value) == SQLITE_INTEGER &&
                          sqlite3_value_int64(value) == statement_.ColumnInt64(identity_);
    if (is_rowid) continue;
    text += (text.empty() ? "" : ", ") + column + " = " + Render(value);
  }
  return text;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> SqliteUnitReader::FinishBatch(int64_t rows) {
  ARROW_ASSIGN_OR_RAISE(auto columns, readers_.Finish());
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i]->GetNullCount() > 0 && !plan_.columns[i].nullable) {
      return PermanentError(ColumnLabel(plan_.columns[i]) + " is NOT NULL but holds NULL");
    }
  }
  expected_rows_ = rows + rows / 8;
  capacity_ = 0;
  return arrow::RecordBatch::Make(schema_, rows, std::move(columns));
}

}  // namespace headrace::sqlite
