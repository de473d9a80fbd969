#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/config/section.h"

namespace headrace {

/// The words of a command line that say which job is meant, for the commands that a message
/// proposes: without the `--set`s a proposed command would be of another job.
struct JobWords {
  std::string file;              ///< The job file; empty: job.yaml of the present folder.
  std::vector<std::string> set;  ///< `--set` assignments that hold no secret (ShownOverrides).

  std::string range = {};  ///< ` --from VALUE --to VALUE` of a backfill, quoted for a shell.

  /// ` FILE --set KEY=VALUE…`, quoted for a shell: behind `headrace run`, `plan`, `check`.
  std::string AsArgument() const;
  /// The same with the range: behind a `headrace run` that is to load what this one was for.
  std::string AsSameRun() const { return AsArgument() + range; }
  /// ` --job FILE --set KEY=VALUE…`: behind the commands that take a run.
  std::string AsOption() const;
  /// The same words, but `--set KEY=…` for KEY: its value was another one, which is not known.
  JobWords WithUnknownSet(std::string_view key) const;
  /// `headrace abandon RUN --job FILE …`, quoted for a shell.
  std::string AbandonCommand(std::string_view run) const;
};

/// `--set` assignments as they may be printed: `…` stands for a value that is a secret or may hold
/// one, passwords in URIs are `***`. A lone `${…}` is no secret.
std::vector<std::string> ShownOverrides(std::span<const std::string> assignments,
                                        const Section& job);

}  // namespace headrace
