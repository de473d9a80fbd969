#pragma once

#include <span>

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

/// The exit code where several things were tried, each with its status: kExitUsage only if no more
/// than the user's own faults are in the way, kExitInterrupted before all others.
int ExitCodeOfAll(std::span<const arrow::Status> errors);

/// The same for the tables of a run, each with its status; `published`: one of them is published,
/// or would be. What is half done is never kExitUsage, which says that nothing happened.
int ExitCodeOfTables(std::span<const arrow::Status> tables, bool published);

}  // namespace headrace
