#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>

#include "headrace/client/postgres/copy_stream.h"
#include "headrace/source/postgres/copy_decoder.h"
#include "headrace/source/postgres/leader.h"
#include "headrace/source/source.h"

namespace headrace {

/// Reads one COPY into batches. Given up or failed, it leaves the connection's transaction as it was before the unit.
class PgUnitReader final : public UnitReader {
 public:
  /// `connection` and `decoder` must outlive the reader. `lease` keeps the leader's connection, if that is what is read from.
  PgUnitReader(PgConnection& connection, std::unique_ptr<CopyStream> stream, CopyDecoder& decoder,
               StatementScope scope, std::optional<PgLeader::Lease> lease, std::stop_token stop);
  ~PgUnitReader() override;

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override;
  int64_t nulled_values() const override { return decoder_.nulled_values(); }

 private:
  arrow::Status FillBatch();
  arrow::Status Fail(arrow::Status status);
  void GiveUp();

  std::optional<PgLeader::Lease> lease_;  ///< Let go last.
  PgConnection& connection_;
  std::unique_ptr<CopyStream> stream_;  ///< Null when the unit is at its end.
  CopyDecoder& decoder_;
  const StatementScope scope_;
  const std::stop_token stop_;
  std::span<const CopyMessage> messages_;  ///< Received and not decoded.
};

}  // namespace headrace
