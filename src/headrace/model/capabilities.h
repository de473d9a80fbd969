#pragma once

#include <string_view>
#include <vector>

namespace headrace {

/// How a table is cut into work units. Names (StrategyName) are those of `partition.strategy` in
/// the job file.
enum class Strategy { kAuto, kDateRange, kIdRange, kKeyRange, kPages, kHash, kNone };

std::string_view StrategyName(Strategy strategy);

/// How long all units see the same rows.
enum class SnapshotKind {
  kNone,         ///< Each unit sees what is there when it is read.
  kTransaction,  ///< One database snapshot shared by every session; ends with the session that made
                 ///< it.
};

std::string_view SnapshotKindName(SnapshotKind kind);

/// What a source can do; constant for one connected source. The planner and the conformance suite
/// read the same value.
struct Capabilities {
  std::vector<Strategy> strategies;  ///< In the source's order of preference for a full load.
  SnapshotKind snapshot = SnapshotKind::kNone;
};

}  // namespace headrace
