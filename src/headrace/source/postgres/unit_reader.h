#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "headrace/client/postgres/copy_stream.h"
#include "headrace/source/postgres/leader.h"
#include "headrace/source/postgres/table_reading.h"
#include "headrace/source/postgres/unit_check.h"
#include "headrace/source/postgres/unit_query.h"
#include "headrace/source/source.h"

namespace headrace {

/// A unit that is being read.
struct PgUnitRead {
  PgConnection& connection;
  const PgSourceSettings& settings;
  TableReading& reading;  ///< Of the unit's table; its decoder has begun.
  StatementScope scope;   ///< Around the COPY, which was sent in it.
  ReadTarget target;
  std::string condition;
  UnitCheck check;                           ///< Asked when all rows have come.
  std::chrono::milliseconds batch_patience;  ///< Of the unit's ReadLimits.
  std::optional<PgLeader::Lease> lease;      ///< Of the leader's connection, where that is the one.
  PgLeader& leader;
  bool explains_conflict = false;  ///< On a standby, where no snapshot is lost by a conflict.
};

/// The error of `read`, explained where it is a standby's conflict and no snapshot is lost by it:
/// that is explained once for all units.
arrow::Status NameConflict(const arrow::Status& status, const PgUnitRead& read);

/// Reads one COPY into batches. Given up or failed, it leaves the connection's transaction as it
/// was before the unit.
class PgUnitReader final : public UnitReader {
 public:
  PgUnitReader(PgUnitRead read, std::unique_ptr<CopyStream> stream, std::stop_token stop);
  ~PgUnitReader() override;

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override;
  int64_t nulled_values() const override { return read_.reading.decoder->nulled_values(); }

 private:
  arrow::Status FillBatch();
  arrow::Status CheckOfStandby();
  arrow::Status Fail(const arrow::Status& status);
  std::string PlaceOf(const UnfitValue& value);
  void GiveUp();

  PgUnitRead read_;
  std::unique_ptr<CopyStream> stream_;  ///< Null when the unit is at its end.
  const std::stop_token stop_;
  std::span<const CopyMessage> messages_;  ///< Received and not decoded.
};

}  // namespace headrace
