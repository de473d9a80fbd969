#include "headrace/source/postgres/unit_reader.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "headrace/client/postgres/error.h"
#include "headrace/source/postgres/life_lock.h"
#include "headrace/source/postgres/recovery_conflict.h"
#include "headrace/source/postgres/select_list.h"

namespace headrace {
namespace {

/// What a server says of text that has no place in UTF-8, where its encoding is another one.
constexpr std::array<std::string_view, 2> kUntranslatable = {"22P05", "22021"};

/// The server names neither column nor row, and refuses before a policy could be followed.
arrow::Status WithEncoding(const arrow::Status& status, const PgConnection& connection) {
  if (std::ranges::find(kUntranslatable, CodeOf(status)) == kUntranslatable.end()) return status;
  const std::string encoding = connection.ParameterStatus("server_encoding");
  return status.WithMessage(status.message() + "; the database's encoding is " + encoding +
                            ", and it is the server that converts, so that on_overflow does not "
                            "help: read such a column by a query as convert_to(column, '" +
                            encoding + "'), or exclude it");
}

/// The key that set the time, and what can be done about a unit that takes longer. Where the job
/// set no time it was somebody who cancelled it.
arrow::Status NameUnitTimeout(const arrow::Status& status, const PgSourceSettings& settings) {
  arrow::Status named = NameTimeout(status, settings);
  if (CodeOf(status) != kPgQueryCanceled || settings.statement_timeout.count() == 0) return named;
  return named.WithMessage(named.message() +
                           "; a unit of fewer rows, partition.target_rows, takes less");
}

}  // namespace

arrow::Status NameConflict(const arrow::Status& status, const PgUnitRead& read) {
  return read.explains_conflict ? ExplainRecoveryConflict(status) : status;
}

PgUnitReader::PgUnitReader(PgUnitRead read, std::unique_ptr<CopyStream> stream,
                           std::stop_token stop)
    : read_(std::move(read)), stream_(std::move(stream)), stop_(std::move(stop)) {}

PgUnitReader::~PgUnitReader() { GiveUp(); }

arrow::Result<std::shared_ptr<arrow::RecordBatch>> PgUnitReader::Next() {
  if (stream_ == nullptr) return nullptr;
  if (const arrow::Status status = FillBatch(); !status.ok()) return Fail(status);
  CopyDecoder& decoder = *read_.reading.decoder;
  if (decoder.batch_rows() == 0) return nullptr;
  return decoder.Finish();
}

/// Decodes until the batch is full, has waited long enough, or the unit is at its end.
arrow::Status PgUnitReader::FillBatch() {
  CopyDecoder& decoder = *read_.reading.decoder;
  const auto deadline = std::chrono::steady_clock::now() + read_.batch_patience;
  while (!decoder.batch_full()) {
    if (messages_.empty()) {
      const bool late = std::chrono::steady_clock::now() >= deadline;
      if (late && decoder.batch_rows() > 0) break;
      ARROW_ASSIGN_OR_RAISE(messages_, stream_->Next(stop_));
      if (messages_.empty()) {
        stream_.reset();
        ARROW_RETURN_NOT_OK(decoder.CheckEnded());
        ARROW_RETURN_NOT_OK(RunCheck(read_.connection, read_.scope, read_.check, stop_));
        return CheckOfStandby();
      }
    }
    ARROW_ASSIGN_OR_RAISE(const size_t decoded, decoder.Decode(messages_));
    messages_ = messages_.subspan(decoded);
    // A batch may be written before more is read.
    if (messages_.empty()) stream_->Release();
  }
  return arrow::Status::OK();
}

/// On a standby a session may read on under a snapshot that the replay has gone beyond: those were
/// ended that had it when the conflict came, and it came later. The leader is among them.
arrow::Status PgUnitReader::CheckOfStandby() {
  const bool is_asked = read_.leader.on_standby() && read_.leader.has_snapshot();
  if (!is_asked || read_.lease.has_value()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const bool lives,
                        IsAlive(read_.connection, read_.leader.snapshot().life_lock, stop_));
  if (lives) return arrow::Status::OK();
  const arrow::Status loss = read_.leader.CheckLives(OwnerIsNotThere(), stop_);
  return loss.ok() ? SnapshotLost(OwnerIsNotThere()) : loss;
}

arrow::Status PgUnitReader::Fail(const arrow::Status& status) {
  GiveUp();
  // A leader whose connection breaks takes the snapshot with it.
  if (read_.lease.has_value() && read_.connection.broken()) {
    return read_.leader.NarrowLoss(read_.leader.NameLoss(status), read_.check.label);
  }
  const std::optional<UnfitValue>& unfit = read_.reading.decoder->unfit_value();
  const arrow::Status named = NameChange(
      read_.connection, read_.scope, read_.check,
      NameConflict(NameUnitTimeout(WithEncoding(status, read_.connection), read_.settings), read_),
      stop_);
  const bool has_place =
      unfit.has_value() && !read_.connection.broken() && CodeOf(named) != kSnapshotLostCode;
  return has_place ? named.WithMessage(named.message() + PlaceOf(*unfit)) : named;
}

/// Where a row with such a value is, for `SELECT … WHERE ctid = '(0,2)'`; empty where the server
/// does not say.
std::string PgUnitReader::PlaceOf(const UnfitValue& value) {
  const std::string text =
      WireOf(PgQuoteIdentifier(value.column), read_.reading.types[value.index], *arrow::utf8())
          .expression;
  const std::string sql = "SELECT ctid FROM " + read_.target.from + " WHERE " +
                          (read_.condition.empty() ? "" : read_.condition + " AND ") + text +
                          " = " + PgQuoteLiteral(value.text) + " LIMIT 1";
  const auto found = InScope(
      read_.connection, read_.scope, [&] { return read_.connection.Query(sql, stop_); }, stop_);
  if (!found.ok() || found->rows() == 0) return {};
  return "; the row's ctid is " + std::string(found->Text(0, 0));
}

void PgUnitReader::GiveUp() {
  if (stream_ == nullptr) return;
  messages_ = {};
  const bool ran = stream_->Stop();
  stream_.reset();
  if (!ran) Recover(read_.connection, read_.scope, stop_);
}

}  // namespace headrace
