#pragma once

#include <string>

#include "headrace/cli/command.h"

namespace headrace {

/// What `headrace help` prints: every command with its summary.
std::string OverviewText(size_t width);

/// What `headrace help COMMAND` prints: usage, options, examples, exit codes.
std::string CommandHelpText(const Command& command, size_t width);

/// docs/guide/commands.md, made from the tables of commands and options.
std::string CommandsGuide();

}  // namespace headrace
