#include "headrace/destination/bigquery/commit_log.h"

namespace headrace {

bool IsSameIntent(const CommitIntent& a, const CommitIntent& b) {
  return a.job == b.job && a.run == b.run && a.target == b.target && a.epoch == b.epoch &&
         a.sequence == b.sequence && a.staging == b.staging && a.digest == b.digest;
}

}  // namespace headrace
