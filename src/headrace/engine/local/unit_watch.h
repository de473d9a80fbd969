#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "headrace/engine/local/worker.h"
#include "headrace/run/engine.h"

namespace headrace {

/// Watches one attempt of a unit, and finds where to divide it once it has become so large that
/// others would have to wait for its worker. Looks into a unit once. Used by one thread.
class UnitWatch {
 public:
  /// What is given outlives it.
  UnitWatch(const TableWork& table, const WorkUnit& unit, const WorkerShared& shared,
            std::stop_token stop);

  /// Asked after each batch, with what was read of the unit so far. After true there are parts.
  bool IsToBeDivided(int64_t rows, int64_t bytes);

  std::vector<WorkUnit> TakeParts() { return std::move(parts_); }

 private:
  void Look(int64_t rows, int64_t bytes, int readers);
  double RowsOfPart(int64_t rows, int64_t bytes, int readers) const;

  const TableWork& table_;
  const WorkUnit& unit_;
  const WorkerShared& shared_;
  const std::stop_token stop_;
  int64_t next_look_ = 0;           // at so many rows
  std::optional<double> all_rows_;  // that it seems to have, once looked into
  std::vector<WorkUnit> parts_;     // none: it stays as it is
};

}  // namespace headrace
