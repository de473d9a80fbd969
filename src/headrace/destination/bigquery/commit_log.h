#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "headrace/model/commit.h"
#include "headrace/model/error.h"

namespace headrace {

/// What one number of a table's commits holds.
struct CommitSlot {
  int64_t sequence = 0;
  bool is_claimed = false;         ///< Some intent has it.
  std::optional<std::string> run;  ///< Of its commit record; none: it is not committed, or not yet.
};

/// Whether both are the same decision of the same files; the attempt at it may differ.
bool IsSameIntent(const CommitIntent& a, const CommitIntent& b);

/// The decided and the made commits of one job's tables, where every machine sees them. A number
/// belongs to the first intent that claims it, and no load job runs for an intent without one: so
/// of two processes that decide the same number one publishes. Records are never changed. Used by
/// one thread. `table` is a table of BigQuery, `project.dataset.table`.
class CommitLog {
 public:
  virtual ~CommitLog() = default;

  /// Every number that is taken, in their order.
  virtual arrow::Result<std::vector<CommitSlot>> List(const std::string& table) = 0;

  /// What has claimed the number; none: nothing, or no more.
  virtual arrow::Result<std::optional<CommitIntent>> FindIntent(const std::string& table,
                                                                int64_t sequence) = 0;

  /// Of a slot that has one. Error of class permanent where it is not to be read.
  virtual arrow::Result<CommitRecord> ReadRecord(const std::string& table,
                                                 const CommitSlot& slot) = 0;

  /// Claims the number of `intent`, unless another intent has it; durable when it returns. Returns
  /// who has it now.
  virtual arrow::Result<CommitIntent> Claim(const CommitIntent& intent) = 0;

  /// Writes what has changed of `intent` since it was `before`, which is what has its number.
  /// Returns what has the number now, which is another one where somebody else was faster; none:
  /// nobody.
  virtual arrow::Result<std::optional<CommitIntent>> Update(const CommitIntent& before,
                                                            const CommitIntent& intent) = 0;

  /// Gives the number of `intent` back, which is proved to be void as it is here. Returns what has
  /// the number now; none: nobody.
  virtual arrow::Result<std::optional<CommitIntent>> Release(const CommitIntent& intent) = 0;

  /// Adds the record, unless it is there: returns the one that is.
  virtual arrow::Result<CommitRecord> AddRecord(const CommitRecord& record) = 0;
};

}  // namespace headrace
