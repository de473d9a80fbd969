#pragma once

#include "headrace/model/error.h"

namespace headrace {

/// What the program answers. The same numbers for every command; docs/guide/commands.md says when.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;  ///< The job, the command line or the rights are wrong.
inline constexpr int kExitVerificationFailed = 3;
inline constexpr int kExitInterrupted = 130;  ///< 128 + SIGINT, as shells do; for SIGTERM too.

/// The exit code for an error that ended a command.
int ExitCodeOf(const arrow::Status& error);

}  // namespace headrace
