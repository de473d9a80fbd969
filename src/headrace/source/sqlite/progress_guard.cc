#include "headrace/source/sqlite/progress_guard.h"

#include <sqlite3.h>

#include <utility>

namespace headrace::sqlite {

ProgressGuard::ProgressGuard(sqlite3* database, std::stop_token stop, int64_t operations)
    : database_(database), stop_(std::move(stop)), operations_left_(operations) {
  sqlite3_progress_handler(database_, kOperationsPerPoll, &ProgressGuard::Poll, this);
}

ProgressGuard::~ProgressGuard() { sqlite3_progress_handler(database_, 0, nullptr, nullptr); }

void ProgressGuard::Expect(std::chrono::milliseconds patience) {
  deadline_ = std::chrono::steady_clock::now() + patience;
  late_ = false;
}

void ProgressGuard::StopAfter(std::chrono::milliseconds patience) {
  Expect(patience);
  stops_when_late_ = true;
}

int ProgressGuard::Poll(void* self) {
  auto& guard = *static_cast<ProgressGuard*>(self);
  guard.late_ = std::chrono::steady_clock::now() >= guard.deadline_;
  guard.operations_left_ -= kOperationsPerPoll;
  const bool gives_up = guard.late_ && guard.stops_when_late_;
  return guard.stop_.stop_requested() || guard.operations_left_ < 0 || gives_up ? 1 : 0;
}

}  // namespace headrace::sqlite
