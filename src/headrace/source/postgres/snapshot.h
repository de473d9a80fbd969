#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/source/postgres/leader.h"
#include "headrace/source/source.h"

namespace headrace {

/// The leader's view as a Snapshot.
class PgSnapshot final : public Snapshot {
 public:
  explicit PgSnapshot(std::shared_ptr<PgLeader> leader) : leader_(std::move(leader)) {}

  SnapshotKind kind() const override;
  std::string about() const override;
  std::string HeldUp() const override;
  std::vector<std::string> TakeNews() override { return leader_->TakeNews(); }
  std::vector<std::string> warnings() const override { return leader_->warnings(); }
  arrow::Result<Description> Describe(const TableRef& table, std::stop_token stop) override;
  arrow::Result<Statistics> Estimate(const Description& description, const EstimateRequest& request,
                                     std::stop_token stop) override;
  arrow::Result<CursorBound> FindCursorBound(const SnapshotTable& table,
                                             const Description& description,
                                             std::stop_token stop) override;
  arrow::Status TryUnit(const TablePlan& plan, const WorkUnit& unit, std::stop_token stop) override;
  arrow::Result<int64_t> CountRows(const TablePlan& plan, const WorkUnit& unit,
                                   std::stop_token stop) override;
  std::optional<UnitSample> SampleUnit(const TablePlan& plan, const WorkUnit& unit,
                                       std::stop_token stop) override;
  arrow::Result<MissingRights> FindMissingRights(std::span<const WantedRead> tables,
                                                 std::stop_token stop) override;
  arrow::Status CheckSessions(std::stop_token stop) override;
  arrow::Result<std::unique_ptr<Session>> Attach(std::stop_token stop) override;
  void Release(std::stop_token stop) override { leader_->Release(stop); }

 private:
  const std::shared_ptr<PgLeader> leader_;
  size_t parts_held_ = 0;  ///< Whose indexes the leader holds, of all tables; under a lease.
};

}  // namespace headrace
