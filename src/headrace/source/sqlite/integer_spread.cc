#include "headrace/source/sqlite/integer_spread.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace headrace::sqlite {
namespace {

/// Members read at the start of each cell to judge how dense they lie.
constexpr int kRun = 32;

/// A cell that seems to hold no more is not worth a probe.
constexpr double kSmallCell = 256;

constexpr size_t kMostBounds = 1'024;

/// Without overflow for the widest range.
uint64_t Distance(int64_t from, int64_t to) {
  return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
}

int64_t Plus(int64_t value, uint64_t distance) {
  return static_cast<int64_t>(static_cast<uint64_t>(value) + distance);
}

/// Members from run.front() to `last`, both included; the first of them are `run`.
struct Cell {
  std::vector<int64_t> run;
  int64_t last = 0;
  double members = 0;
  bool exact = false;  ///< `run` holds all members.

  int64_t first() const { return run.front(); }
};

bool HoldsFewer(const Cell& left, const Cell& right) {
  return (left.exact ? 0 : left.members) < (right.exact ? 0 : right.members);
}

Cell MakeCell(std::vector<int64_t> run, int64_t last) {
  Cell cell{.run = std::move(run), .last = last, .members = 0, .exact = false};
  const size_t read = cell.run.size();
  std::erase_if(cell.run, [&](int64_t member) { return member > last; });
  cell.exact = read < static_cast<size_t>(kRun) || cell.run.size() < read;
  cell.members = static_cast<double>(cell.run.size());
  if (cell.exact) {
    cell.last = cell.run.back();
    return cell;
  }
  const auto span = static_cast<double>(Distance(cell.run.front(), cell.run.back()));
  const double density = static_cast<double>(kRun - 1) / std::max(span, 1.0);
  const auto rest = static_cast<double>(Distance(cell.run.back(), last));
  cell.members += rest * density;
  return cell;
}

/// A heap with the fullest cell on top.
class Cells {
 public:
  void Push(Cell cell) {
    cells_.push_back(std::move(cell));
    std::ranges::push_heap(cells_, HoldsFewer);
  }

  Cell Pop() {
    std::ranges::pop_heap(cells_, HoldsFewer);
    Cell cell = std::move(cells_.back());
    cells_.pop_back();
    return cell;
  }

  bool worth_a_probe() const {
    return !cells_.front().exact && cells_.front().members > kSmallCell;
  }

  std::vector<Cell> InOrder() && {
    std::ranges::sort(cells_, {}, &Cell::first);
    return std::move(cells_);
  }

 private:
  std::vector<Cell> cells_;
};

arrow::Status HalveFullest(OrderedIntegers& integers, Cells& cells) {
  Cell cell = cells.Pop();
  const int64_t middle = Plus(cell.first(), Distance(cell.first(), cell.last) / 2 + 1);
  ARROW_ASSIGN_OR_RAISE(std::vector<int64_t> run, integers.From(middle, kRun));
  if (!run.empty() && run.front() <= cell.last) cells.Push(MakeCell(std::move(run), cell.last));
  cells.Push(MakeCell(std::move(cell.run), middle - 1));
  return arrow::Status::OK();
}

/// The value below which `members` members of the cell lie, if they are spread evenly.
int64_t ValueAt(const Cell& cell, double members) {
  const double share = std::clamp(members / std::max(cell.members, 1.0), 0.0, 1.0);
  const uint64_t width = Distance(cell.first(), cell.last);
  const double offset = share * static_cast<double>(width);
  // The widest range as a double is 2^64, which no longer converts back.
  if (offset >= static_cast<double>(width)) return cell.last;
  return Plus(cell.first(), static_cast<uint64_t>(offset));
}

std::vector<int64_t> EquiDepthBounds(const std::vector<Cell>& cells, double members) {
  const size_t intervals = std::min(kMostBounds - 1, static_cast<size_t>(std::max(members, 1.0)));
  std::vector<int64_t> bounds = {cells.front().first()};
  double before = 0;  ///< Members of the cells in front of `cell`.
  auto cell = cells.begin();
  for (size_t i = 1; i < intervals; ++i) {
    const double wanted = members * static_cast<double>(i) / static_cast<double>(intervals);
    while (before + cell->members < wanted && std::next(cell) != cells.end()) {
      before += cell->members;
      ++cell;
    }
    const int64_t bound = ValueAt(*cell, wanted - before);
    if (bound > bounds.back()) bounds.push_back(bound);
  }
  if (cells.back().last > bounds.back()) bounds.push_back(cells.back().last);
  return bounds;
}

}  // namespace

arrow::Result<IntegerSpread> ProbeSpread(OrderedIntegers& integers, int probes) {
  IntegerSpread spread;
  ARROW_ASSIGN_OR_RAISE(std::vector<int64_t> run,
                        integers.From(std::numeric_limits<int64_t>::min(), kRun));
  ARROW_ASSIGN_OR_RAISE(spread.maximum, integers.Last());
  if (run.empty() || !spread.maximum) return IntegerSpread{};
  spread.minimum = run.front();
  Cells heap;
  heap.Push(MakeCell(std::move(run), *spread.maximum));
  for (int i = 0; i < probes && heap.worth_a_probe(); ++i) {
    ARROW_RETURN_NOT_OK(HalveFullest(integers, heap));
  }
  const std::vector<Cell> cells = std::move(heap).InOrder();
  for (const Cell& cell : cells) spread.members += cell.members;
  spread.histogram = EquiDepthBounds(cells, spread.members);
  return spread;
}

}  // namespace headrace::sqlite
