#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "headrace/model/error.h"

namespace headrace {

/// What was typed, checked against the tables of commands and options. Absent: not given.
struct CommandLine {
  std::string command;
  std::optional<std::string> argument;  ///< The word behind the command: a job file, a run, a URI.

  std::vector<std::string> more;  ///< The words behind that.

  std::optional<std::string> job;
  std::optional<std::string> state;
  std::vector<std::string> set;
  std::optional<std::string> workers;
  std::vector<std::string> only;
  std::optional<std::string> run_id;
  std::optional<std::string> from;
  std::optional<std::string> to;
  bool resume = false;
  bool dry_run = false;

  std::optional<std::string> level;
  std::optional<std::string> table;
  std::optional<std::string> source;
  bool units = false;
  bool force = false;
  bool give_up_commit = false;
  bool markdown = false;

  bool json = false;
  std::optional<std::string> log_level;
  std::optional<std::string> log_format;
  bool quiet = false;
};

/// Reads the words behind the program's name. `--help` and `-h` anywhere become the command `help`,
/// `--version` becomes `version`. Errors of class user name the nearest command or option.
arrow::Result<CommandLine> ParseCommandLine(std::span<const char* const> words);

}  // namespace headrace
