#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/source/postgres/leader.h"
#include "headrace/source/postgres/table_lock.h"
#include "headrace/source/postgres/table_reading.h"
#include "headrace/source/postgres/unit_query.h"
#include "headrace/source/postgres/unit_reader.h"
#include "headrace/source/source.h"

namespace headrace {

/// A session on a connection of its own, which imports the leader's snapshot and keeps that one
/// transaction for all of its units. Before its first unit of a relation it takes a lock of its own
/// on it and on its indexes, never waiting: where somebody queues for a stronger one (which the
/// leader's lock holds up), the unit is read through the leader, by one session at a time. Why not
/// by another session that holds the lock: docs/architecture.md, "Locks of a PostgreSQL run". A
/// session that finds the leader lost hands its snapshot on to another connection.
class PgSession final : public Session {
 public:
  static arrow::Result<std::unique_ptr<Session>> Attach(std::shared_ptr<PgLeader> leader,
                                                        std::stop_token stop);

  PgSession(const PgSession&) = delete;
  PgSession& operator=(const PgSession&) = delete;
  ~PgSession() override;

  arrow::Result<std::unique_ptr<UnitReader>> Open(const TablePlan& plan, const WorkUnit& unit,
                                                  const ReadLimits& limits,
                                                  std::stop_token stop) override;

 private:
  PgSession(std::shared_ptr<PgLeader> leader, PgConnection connection);
  arrow::Status Begin(const std::stop_token& stop);
  arrow::Result<std::unique_ptr<UnitReader>> OpenOn(PgConnection& connection,
                                                    std::optional<PgLeader::Lease> lease,
                                                    const TablePlan& plan, const WorkUnit& unit,
                                                    const ReadLimits& limits,
                                                    const std::stop_token& stop);
  arrow::Result<std::unique_ptr<CopyStream>> Start(const PgUnitRead& read, const TablePlan& plan,
                                                   const WorkUnit& unit, const ReadLimits& limits,
                                                   const std::stop_token& stop);
  bool ReadsOthers(const TablePlan& plan) const;
  std::optional<LockTarget> Missing(const TablePlan& plan, const WorkUnit& unit) const;
  arrow::Result<bool> Lock(const TablePlan& plan, const WorkUnit& unit,
                           const std::stop_token& stop);
  arrow::Result<PgLeader::Lease> TakeLeader(const TablePlan& plan, const WorkUnit& unit,
                                            const std::stop_token& stop);
  arrow::Status HandOnForOthers(const std::stop_token& stop);
  arrow::Status CheckHeld(const TablePlan& plan, const WorkUnit& unit, const std::stop_token& stop);

  const std::shared_ptr<PgLeader> leader_;
  PgConnection connection_;
  const int64_t life_lock_;  ///< Of this session's transaction.
  /// What this session's transaction holds, each with its condition; plans whose condition is held.
  std::set<std::string> locked_;
  TableReading reading_;  ///< Of the table that was read last.
};

}  // namespace headrace
