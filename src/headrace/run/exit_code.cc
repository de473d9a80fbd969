#include "headrace/run/exit_code.h"

#include <algorithm>

namespace headrace {

int ExitCodeOf(const arrow::Status& error) {
  if (error.ok()) return kExitDone;
  if (CodeOf(error) == kInterruptedCode) return kExitInterrupted;
  return ClassOf(error) == ErrorClass::kUser ? kExitUsage : kExitFailed;
}

int ExitCodeOfAll(std::span<const arrow::Status> errors) {
  const auto any_is = [errors](int code) {
    return std::ranges::any_of(
        errors, [code](const arrow::Status& error) { return ExitCodeOf(error) == code; });
  };
  for (const int code : {kExitInterrupted, kExitFailed, kExitUsage}) {
    if (any_is(code)) return code;
  }
  return kExitDone;
}

int ExitCodeOfTables(std::span<const arrow::Status> tables, bool published) {
  const int code = ExitCodeOfAll(tables);
  return code == kExitUsage && published ? kExitFailed : code;
}

}  // namespace headrace
