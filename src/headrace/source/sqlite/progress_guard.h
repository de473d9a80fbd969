#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <stop_token>

struct sqlite3;

namespace headrace::sqlite {

/// While it lives, statements of a connection fail with kInterruptedCode once `stop` is stopped or
/// about `operations` steps of SQLite's virtual machine were made. Polled every kOperationsPerPoll
/// steps, about 1,000 rows of a plain scan, inside of long steps too (an aggregate that reads a
/// table). One at a time per connection.
class ProgressGuard {
 public:
  static constexpr int kOperationsPerPoll = 10'000;

  ProgressGuard(sqlite3* database, std::stop_token stop,
                int64_t operations = std::numeric_limits<int64_t>::max());
  ~ProgressGuard();
  ProgressGuard(const ProgressGuard&) = delete;
  ProgressGuard& operator=(const ProgressGuard&) = delete;

  /// From now on about so many steps may be made, whatever was made before.
  void Allow(int64_t operations) { operations_left_ = operations; }

  /// From now on statements fail so too once `patience` has gone by.
  void StopAfter(std::chrono::milliseconds patience);

  /// From now on `late` becomes true once `patience` has gone by, as far as polling can tell.
  void Expect(std::chrono::milliseconds patience);
  bool late() const { return late_; }

 private:
  static int Poll(void* self);

  sqlite3* database_;
  std::stop_token stop_;
  int64_t operations_left_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  bool late_ = false;
  bool stops_when_late_ = false;
};

}  // namespace headrace::sqlite
