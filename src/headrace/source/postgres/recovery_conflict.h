#pragma once

#include <arrow/type_fwd.h>

namespace headrace {

/// `status` of a standby, and what can be set there where it is the conflict of the replay with
/// what the run reads. Every other status as it is.
arrow::Status ExplainRecoveryConflict(const arrow::Status& status);

}  // namespace headrace
