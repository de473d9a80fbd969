#pragma once

#include <arrow/type_fwd.h>

namespace headrace {

/// `status`, and what can be set on the server where it is the conflict of a standby's replay with
/// what the run reads. Every other status as it is.
arrow::Status ExplainRecoveryConflict(const arrow::Status& status);

}  // namespace headrace
