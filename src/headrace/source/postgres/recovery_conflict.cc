#include "headrace/source/postgres/recovery_conflict.h"

#include <string>

#include "headrace/client/postgres/error.h"

namespace headrace {

arrow::Status ExplainRecoveryConflict(const arrow::Status& status) {
  if (CodeOf(status) != kPgSerializationFailure) return status;
  std::string message = status.message();
  if (message.ends_with('.')) message.pop_back();
  return status.WithMessage(
      message +
      "; to be set on the standby: hot_standby_feedback = on keeps the rows that are read here, "
      "and a max_standby_streaming_delay as long as a run has TRUNCATE and the like wait for it");
}

}  // namespace headrace
