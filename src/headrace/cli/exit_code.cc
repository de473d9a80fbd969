#include "headrace/cli/exit_code.h"

namespace headrace {

int ExitCodeOf(const arrow::Status& error) {
  if (error.ok()) return kExitDone;
  if (CodeOf(error) == kInterruptedCode) return kExitInterrupted;
  return ClassOf(error) == ErrorClass::kUser ? kExitUsage : kExitFailed;
}

}  // namespace headrace
