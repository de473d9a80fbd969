#include "headrace/transform/transform.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headrace/model/utf8.h"
#include "headrace/transform/column_cast.h"
#include "headrace/transform/constant_column.h"
#include "headrace/transform/held_check.h"
#include "headrace/transform/shown_value.h"
#include "headrace/transform/text_bound.h"
#include "headrace/transform/value_kind.h"

namespace headrace {
struct Transform::State {
  std::shared_ptr<arrow::Schema> read_schema;
  std::shared_ptr<arrow::Schema> output_schema;
  std::vector<std::optional<ColumnCast>> casts;  // One per column; none where the types are equal.
  std::vector<std::optional<HeldCheck>> checks;  // The same; none where all values are held.
  std::vector<int> growing;             // Columns that a cast may make many times as large.
  std::vector<ConstantColumn> lineage;  // Behind the columns.
  std::vector<int> naming;              // Columns whose values tell a row from others.
  int64_t nulled = 0;

  arrow::Status CheckBatch(const arrow::RecordBatch& batch) const;
  std::string RowName(const arrow::RecordBatch& batch, int64_t row) const;
};

namespace {

/// Columns enough to find a row again that has no key.
constexpr int kMostNaming = 4;

/// Where the columns of the table's first key stand in the batches; empty if one is not read.
std::vector<int> KeyColumns(const TablePlan& plan, const arrow::Schema& read_schema) {
  if (plan.description.keys.empty()) return {};
  std::vector<int> columns;
  for (const std::string& name : plan.description.keys.front().columns) {
    const int column = read_schema.GetFieldIndex(name);
    if (column < 0) return {};
    columns.push_back(column);
  }
  return columns;
}

/// Whether a cast's result may be many times as large as the values: text of what is none yet.
bool Grows(const PlannedColumn& column) {
  const ValueKind from = KindOf(*column.read_type);
  return KindOf(*column.type) == ValueKind::kText && from != ValueKind::kText &&
         from != ValueKind::kBinary;
}

/// The key's columns, else the first ones that have no values inside of values.
std::vector<int> NamingColumns(const TablePlan& plan, const arrow::Schema& read_schema) {
  std::vector<int> columns = KeyColumns(plan, read_schema);
  if (!columns.empty()) return columns;
  for (int column = 0; column < read_schema.num_fields(); ++column) {
    if (static_cast<int>(columns.size()) == kMostNaming) break;
    if (read_schema.field(column)->type()->num_fields() == 0) columns.push_back(column);
  }
  return columns;
}

}  // namespace

/// A batch is not what people know: the error says the row's key, or what else is read of it.
std::string Transform::State::RowName(const arrow::RecordBatch& batch, int64_t row) const {
  std::string text;
  for (const int column : naming) {
    if (!text.empty()) text += ", ";
    text += batch.schema()->field(column)->name() + " = ";
    text += ShortenedValue(ShownValue(*batch.column(column), row));
  }
  return text;
}

arrow::Status Transform::State::CheckBatch(const arrow::RecordBatch& batch) const {
  if (batch.num_columns() != read_schema->num_fields()) {
    return BugError("a batch of " + std::to_string(batch.num_columns()) + " columns instead of " +
                    std::to_string(read_schema->num_fields()));
  }
  for (int c = 0; c < batch.num_columns(); ++c) {
    const arrow::Field& field = *read_schema->field(c);
    const auto& type = batch.schema()->field(c)->type();
    if (type->Equals(*field.type())) continue;
    return BugError("column \"" + field.name() + "\" was read as " + type->ToString() +
                    " instead of " + field.type()->ToString());
  }
  return arrow::Status::OK();
}

arrow::Result<Transform> Transform::Make(const TablePlan& plan) {
  auto state = std::make_shared<State>();
  state->read_schema = ReadSchema(plan);
  state->output_schema = OutputSchema(plan);
  state->naming = NamingColumns(plan, *state->read_schema);
  for (const PlannedColumn& column : plan.columns) {
    auto& check = state->checks.emplace_back();
    if (!column.held.holds_all()) check.emplace(column);
    auto& cast = state->casts.emplace_back();
    if (column.type->Equals(*column.read_type)) continue;
    ARROW_ASSIGN_OR_RAISE(cast, ColumnCast::Make(column));
    if (Grows(column)) state->growing.push_back(static_cast<int>(state->casts.size()) - 1);
  }
  if (plan.lineage.enabled) {
    state->lineage.emplace_back(std::make_shared<arrow::StringScalar>(plan.lineage.run));
    state->lineage.emplace_back(std::make_shared<arrow::TimestampScalar>(
        plan.lineage.loaded_at_micros, arrow::TimeUnit::MICRO, "UTC"));
  }
  return Transform(std::move(state));
}

int64_t Transform::RowsWithin(const arrow::RecordBatch& batch, int64_t bytes) const {
  if (state_->growing.empty() || !state_->CheckBatch(batch).ok()) return batch.num_rows();
  const auto fit = [&](int64_t rows) {
    int64_t text = 0;
    for (const int column : state_->growing) {
      const arrow::ArrayData& data = *batch.column_data(column);
      text += MostTextBytes({&data, data.offset, rows});
    }
    return text <= bytes;
  };
  if (fit(batch.num_rows())) return batch.num_rows();
  int64_t fitting = 1;
  int64_t too_many = batch.num_rows();
  while (too_many - fitting > 1) {
    const int64_t middle = fitting + (too_many - fitting) / 2;
    (fit(middle) ? fitting : too_many) = middle;
  }
  return fitting;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> Transform::Apply(
    const std::shared_ptr<arrow::RecordBatch>& batch) {
  State& state = *state_;
  ARROW_RETURN_NOT_OK(state.CheckBatch(*batch));
  const auto row_name = [&](int64_t row) { return state.RowName(*batch, row); };
  arrow::ArrayVector columns = batch->columns();
  for (size_t c = 0; c < state.casts.size(); ++c) {
    if (state.casts[c].has_value()) {
      ARROW_ASSIGN_OR_RAISE(columns[c], state.casts[c]->Apply(columns[c], row_name, state.nulled));
    }
    if (state.checks[c].has_value()) {
      ARROW_ASSIGN_OR_RAISE(columns[c], state.checks[c]->Apply(columns[c], row_name, state.nulled));
    }
  }
  for (ConstantColumn& constant : state.lineage) {
    ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), constant.OfLength(batch->num_rows()));
  }
  return arrow::RecordBatch::Make(state.output_schema, batch->num_rows(), std::move(columns));
}

int64_t Transform::TakeNulledValues() { return std::exchange(state_->nulled, 0); }

Transform::Transform(std::shared_ptr<State> state) : state_(std::move(state)) {}

}  // namespace headrace
