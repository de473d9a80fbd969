#pragma once

#include <atomic>
#include <iosfwd>
#include <stop_token>
#include <string_view>
#include <vector>

#include "headrace/cli/command_line.h"
#include "headrace/model/error.h"

namespace headrace {

class Console;

/// Of what `--json` prints.
inline constexpr int kJsonIndent = 2;

/// What a command works with. Results go to `out`, everything else to `console`.
struct CommandContext {
  const CommandLine& line;
  std::ostream& out;
  size_t width;          ///< Columns that texts for people shall keep to.
  Console& console;      ///< Standard error: logs and progress.
  std::stop_token stop;  ///< Stopped by SIGINT and SIGTERM.
  /// Set once the job is read: what ends the command is logged as JSON too. The thread that watches
  /// for signals reads it.
  std::atomic<bool>& json_log;
};

/// A line of help that teaches by example.
struct CommandExample {
  std::string_view line;
  std::string_view what;
};

/// When a command answers `code`.
struct CommandExit {
  int code;
  std::string_view when;
};

/// The word that a command takes.
struct CommandArgument {
  std::string_view name;  ///< Empty: the command takes none.
  std::string_view doc;
  bool required = false;
};

/// One command of headrace. Each has a file that makes its row, and commands.cc lists them.
struct Command {
  std::string_view name;
  std::string_view summary;      ///< One line, for the overview.
  std::string_view description;  ///< A paragraph or two.
  CommandArgument argument;
  std::vector<CommandArgument> more_arguments = {};  ///< Words behind it, as far as it wants them.
  std::vector<std::string_view> options;             ///< Names in the table of options.
  std::vector<CommandExample> examples;
  std::vector<CommandExit> exits;
  std::string_view json;  ///< What `--json` prints; empty: no such option.
  /// Of a command whose exit code tells what it did, not whether that could be printed: what is
  /// said where it could not. Empty: then it has failed. So it has with `--json`, whose reader
  /// would take a document that is cut off, or none, for the result.
  std::string_view unprinted = {};

  /// Returns the exit code; an error is told to the user and becomes ExitCodeOf(error).
  arrow::Result<int> (*run)(CommandContext& context);
};

/// The table of commands, in the order of the overview.
const std::vector<Command>& Commands();

/// The command called `name`, or null.
const Command* FindCommand(std::string_view name);

}  // namespace headrace
