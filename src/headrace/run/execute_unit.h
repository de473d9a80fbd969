#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "headrace/destination/destination.h"
#include "headrace/model/receipt.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/work_unit.h"
#include "headrace/observe/progress.h"
#include "headrace/source/source.h"
#include "headrace/transform/transform.h"

namespace headrace {

/// Where a unit failed decides what can be kept.
enum class UnitFault {
  kNone,
  kSource,   ///< Reading or transforming: the unit was dropped, the writer and its closed units are
             ///< good.
  kWriter,   ///< Writing: the writer is lost, and with it every unit that has no receipt.
  kGivenUp,  ///< None: the caller wanted no more of it. Dropped as by kSource; the session is good.
};

struct UnitOutcome {
  arrow::Status status;
  UnitFault fault = UnitFault::kNone;
  std::vector<Receipt> receipts;  ///< Of files that became full.
  int64_t rows = 0;               ///< That it added to the progress, as BatchBytes below; 0 after a
                                  ///< fault, which takes them back.
  int64_t bytes = 0;
};

/// Asked after each batch, with what the unit has added to the progress so far: true gives it up.
/// Empty: it is read to its end.
using GivesUp = std::function<bool(int64_t rows, int64_t bytes)>;

/// Runs one unit on a worker: session → transform → writer. The code that every engine calls. After
/// a fault of the source, or where it is given up, the unit leaves no trace in `writer` or
/// `progress`.
UnitOutcome ExecuteUnit(const TablePlan& plan, const WorkUnit& unit, int attempt, Session& session,
                        Transform& transform, Writer& writer, const ReadLimits& limits,
                        Progress& progress, std::stop_token stop, const GivesUp& gives_up = {});

}  // namespace headrace
