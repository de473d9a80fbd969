#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/source/source.h"
#include "headrace/source/sqlite/read_point.h"
#include "headrace/source/sqlite/type_sample.h"

namespace headrace::sqlite {

/// A read point as the run's snapshot. Thread-safe.
class SqliteSnapshot final : public Snapshot {
 public:
  SqliteSnapshot(std::shared_ptr<ReadPoint> point, const SampleEffort& effort)
      : point_(std::move(point)), effort_(effort) {}

  SnapshotKind kind() const override;
  std::string about() const override;
  std::string HeldUp() const override;
  std::vector<std::string> warnings() const override;
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
  arrow::Result<std::unique_ptr<Session>> Attach(std::stop_token stop) override;
  void Release(std::stop_token /*stop*/) override { point_->Release(); }

 private:
  std::shared_ptr<ReadPoint> point_;
  const SampleEffort effort_;  ///< For types that nothing declares.
};

}  // namespace headrace::sqlite
