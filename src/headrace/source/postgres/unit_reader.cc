#include "headrace/source/postgres/unit_reader.h"

#include <arrow/record_batch.h>

#include <utility>

namespace headrace {

PgUnitReader::PgUnitReader(PgConnection& connection, std::unique_ptr<CopyStream> stream,
                           CopyDecoder& decoder, StatementScope scope,
                           std::optional<PgLeader::Lease> lease, std::stop_token stop)
    : lease_(std::move(lease)),
      connection_(connection),
      stream_(std::move(stream)),
      decoder_(decoder),
      scope_(std::move(scope)),
      stop_(std::move(stop)) {}

PgUnitReader::~PgUnitReader() { GiveUp(); }

arrow::Result<std::shared_ptr<arrow::RecordBatch>> PgUnitReader::Next() {
  if (stream_ == nullptr) return nullptr;
  if (arrow::Status status = FillBatch(); !status.ok()) return Fail(std::move(status));
  if (decoder_.batch_rows() == 0) return nullptr;
  return decoder_.Finish();
}

/// Decodes until the batch is full or the unit is at its end.
arrow::Status PgUnitReader::FillBatch() {
  while (!decoder_.batch_full()) {
    if (messages_.empty()) {
      ARROW_ASSIGN_OR_RAISE(messages_, stream_->Next(stop_));
      if (messages_.empty()) {
        stream_.reset();
        return decoder_.CheckEnded();
      }
    }
    ARROW_ASSIGN_OR_RAISE(const size_t decoded, decoder_.Decode(messages_));
    messages_ = messages_.subspan(decoded);
  }
  return arrow::Status::OK();
}

arrow::Status PgUnitReader::Fail(arrow::Status status) {
  GiveUp();
  // A leader whose connection breaks takes the snapshot with it.
  return lease_.has_value() && connection_.broken() ? SnapshotLost(status) : status;
}

void PgUnitReader::GiveUp() {
  if (stream_ == nullptr) return;
  messages_ = {};
  const bool ran = stream_->Stop();
  stream_.reset();
  if (!ran) Recover(connection_, scope_);
}

}  // namespace headrace
