#pragma once

#include <cstdint>
#include <vector>

#include "headrace/model/statistics.h"
#include "headrace/model/work_unit.h"

/// Units that turn out to be far larger than planned are divided while they are read: skew that no
/// statistics showed would else leave one worker at work, and the others idle.
namespace headrace {

/// What a unit should hold: about so many rows or bytes, whichever comes first.
struct UnitTarget {
  int64_t rows = 50'000;
  int64_t bytes = 16LL << 20;  ///< As Arrow in memory.
};

/// A unit that is being read, and what is to be read beside it.
struct UnitLoad {
  double read_rows = 0;     ///< Of the unit, so far: they are read again where it is divided.
  double waiting_rows = 0;  ///< Of all units that nobody reads yet.
  int workers = 1;          ///< That could read them.
};

/// Whether a unit has so many more rows, or bytes, than it should that a look into it is worth it.
/// `unit` is as it was planned.
bool HasOutgrown(const WorkUnit& unit, const UnitTarget& target, int64_t read_rows,
                 int64_t read_bytes);

/// Whether it is time to look into a unit that has outgrown. While others have more to do than was
/// read of it there is no hurry: of a table whose every unit is far larger than planned none is
/// looked into before the last ones.
bool PaysToLook(const UnitLoad& load);

/// Whether others would stand idle until the rest of the unit is read, and that rest is more than
/// what would have to be read again. `rows`: that the unit seems to have.
bool PaysToDivide(const UnitLoad& load, double rows);

/// Whether a sample can tell where to cut a unit of this kind.
bool IsDivisible(const Split& split);

/// The parts of `unit`, cut between values of `sample` so that each has about `rows` of its rows,
/// and not too many of them at once: `7.0`, `7.1` … of a unit `7`. Whatever the sample says, each
/// row of the unit is in exactly one part. Empty where it shows no place to cut at. Pure.
std::vector<WorkUnit> DivideUnit(const WorkUnit& unit, const UnitSample& sample, double rows);

}  // namespace headrace
