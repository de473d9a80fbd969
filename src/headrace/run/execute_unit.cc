#include "headrace/run/execute_unit.h"

#include <arrow/record_batch.h>
#include <arrow/util/byte_size.h>

#include <memory>
#include <utility>

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

UnitOutcome CopyBatches(UnitReader& reader, Transform& transform, Writer& writer,
                        Progress& progress, CountedRows& counted) {
  while (true) {
    auto batch = reader.Next();
    if (!batch.ok()) return SourceFault(batch.status());
    if (*batch == nullptr) return {};
    auto output = transform.Apply(*batch);
    if (!output.ok()) return SourceFault(output.status());
    if (arrow::Status status = writer.Append(*output); !status.ok()) {
      return WriterFault(std::move(status));
    }
    const CountedRows added{(*output)->num_rows(), arrow::util::TotalBufferSize(**output)};
    progress.AddRows(added.rows, added.bytes);
    counted.rows += added.rows;
    counted.bytes += added.bytes;
  }
}

UnitOutcome CopyUnit(const TablePlan& plan, const WorkUnit& unit, Session& session,
                     Transform& transform, Writer& writer, const ReadLimits& limits,
                     Progress& progress, std::stop_token stop, CountedRows& counted) {
  auto reader = session.Open(plan, unit, limits, std::move(stop));
  if (!reader.ok()) return SourceFault(reader.status());
  transform.TakeNulledValues();
  UnitOutcome outcome = CopyBatches(**reader, transform, writer, progress, counted);
  if (!outcome.status.ok()) return outcome;
  auto receipts = writer.EndUnit((*reader)->nulled_values() + transform.TakeNulledValues());
  if (!receipts.ok()) return WriterFault(receipts.status());
  outcome.receipts = std::move(*receipts);
  return outcome;
}

}  // namespace

UnitOutcome ExecuteUnit(const TablePlan& plan, const WorkUnit& unit, int attempt, Session& session,
                        Transform& transform, Writer& writer, const ReadLimits& limits,
                        Progress& progress, std::stop_token stop) {
  if (arrow::Status status = writer.BeginUnit(unit, attempt); !status.ok()) {
    return WriterFault(std::move(status));
  }
  CountedRows counted;
  UnitOutcome outcome =
      CopyUnit(plan, unit, session, transform, writer, limits, progress, std::move(stop), counted);
  if (outcome.status.ok()) {
    outcome.rows = counted.rows;
    outcome.bytes = counted.bytes;
    return outcome;
  }
  progress.TakeBackRows(counted.rows, counted.bytes);
  if (outcome.fault == UnitFault::kSource) {
    if (arrow::Status aborted = writer.AbortUnit(); !aborted.ok()) {
      return WriterFault(std::move(aborted));
    }
  }
  return outcome;
}

}  // namespace headrace
