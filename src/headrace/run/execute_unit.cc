#include "headrace/run/execute_unit.h"

#include <arrow/record_batch.h>

#include <memory>
#include <utility>

#include "headrace/model/batch_bytes.h"

namespace headrace {
namespace {

/// Rows that a running unit has added to the progress, so that a failed unit can take them back.
struct CountedRows {
  int64_t rows = 0;
  int64_t bytes = 0;
};

UnitOutcome SourceFault(arrow::Status status) {
  return {.status = std::move(status), .fault = UnitFault::kSource};
}
UnitOutcome WriterFault(arrow::Status status) {
  return {.status = std::move(status), .fault = UnitFault::kWriter};
}

UnitOutcome CopyRows(const std::shared_ptr<arrow::RecordBatch>& rows, Transform& transform,
                     Writer& writer, Progress& progress, CountedRows& counted) {
  auto output = transform.Apply(rows);
  if (!output.ok()) return SourceFault(output.status());
  if (arrow::Status status = writer.Append(*output); !status.ok()) {
    return WriterFault(std::move(status));
  }
  const CountedRows added{(*output)->num_rows(), BatchBytes(**output)};
  progress.AddRows(added.rows, added.bytes);
  counted.rows += added.rows;
  counted.bytes += added.bytes;
  return {};
}

/// In parts that are no larger afterwards than a batch may be.
UnitOutcome CopyBatch(std::shared_ptr<arrow::RecordBatch> batch, int64_t batch_bytes,
                      Transform& transform, Writer& writer, Progress& progress,
                      CountedRows& counted) {
  while (true) {
    const int64_t rows = transform.RowsWithin(*batch, batch_bytes);
    if (rows == batch->num_rows()) return CopyRows(batch, transform, writer, progress, counted);
    UnitOutcome outcome = CopyRows(batch->Slice(0, rows), transform, writer, progress, counted);
    if (!outcome.status.ok()) return outcome;
    batch = batch->Slice(rows);
  }
}

UnitOutcome CopyBatches(UnitReader& reader, Transform& transform, Writer& writer,
                        int64_t batch_bytes, Progress& progress, const GivesUp& gives_up,
                        CountedRows& counted) {
  while (true) {
    auto batch = reader.Next();
    if (!batch.ok()) return SourceFault(batch.status());
    if (*batch == nullptr) return {};
    UnitOutcome outcome =
        CopyBatch(std::move(*batch), batch_bytes, transform, writer, progress, counted);
    if (!outcome.status.ok()) return outcome;
    if (gives_up && gives_up(counted.rows, counted.bytes)) {
      return {.status = TransientError("given up"), .fault = UnitFault::kGivenUp};
    }
  }
}

UnitOutcome CopyUnit(const TablePlan& plan, const WorkUnit& unit, Session& session,
                     Transform& transform, Writer& writer, const ReadLimits& limits,
                     Progress& progress, std::stop_token stop, const GivesUp& gives_up,
                     CountedRows& counted) {
  auto reader = session.Open(plan, unit, limits, std::move(stop));
  if (!reader.ok()) return SourceFault(reader.status());
  transform.TakeNulledValues();
  UnitOutcome outcome =
      CopyBatches(**reader, transform, writer, limits.batch_bytes, progress, gives_up, counted);
  if (!outcome.status.ok()) return outcome;
  auto receipts = writer.EndUnit((*reader)->nulled_values() + transform.TakeNulledValues());
  if (!receipts.ok()) return WriterFault(receipts.status());
  outcome.receipts = std::move(*receipts);
  return outcome;
}

}  // namespace

UnitOutcome ExecuteUnit(const TablePlan& plan, const WorkUnit& unit, int attempt, Session& session,
                        Transform& transform, Writer& writer, const ReadLimits& limits,
                        Progress& progress, std::stop_token stop, const GivesUp& gives_up) {
  if (arrow::Status status = writer.BeginUnit(unit, attempt); !status.ok()) {
    return WriterFault(std::move(status));
  }
  CountedRows counted;
  UnitOutcome outcome = CopyUnit(plan, unit, session, transform, writer, limits, progress,
                                 std::move(stop), gives_up, counted);
  if (outcome.status.ok()) {
    outcome.rows = counted.rows;
    outcome.bytes = counted.bytes;
    return outcome;
  }
  progress.TakeBackRows(counted.rows, counted.bytes);
  if (outcome.fault != UnitFault::kWriter) {
    if (arrow::Status aborted = writer.AbortUnit(); !aborted.ok()) {
      return WriterFault(std::move(aborted));
    }
  }
  return outcome;
}

}  // namespace headrace
