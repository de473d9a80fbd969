#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "headrace/cli/command_line.h"

namespace headrace {

/// Where an option's value goes: a switch, a value, or a value for each time it is given.
using CommandLineField =
    std::variant<bool CommandLine::*, std::optional<std::string> CommandLine::*,
                 std::vector<std::string> CommandLine::*>;

/// One option of the command line. Parser, help and guide are made from these.
struct CommandOption {
  std::string_view name;   ///< Without dashes: `run-id`.
  std::string_view value;  ///< How help calls the value: `N[,MAX]`; empty for a switch.
  std::string_view doc;    ///< One line.
  CommandLineField field;
  std::vector<std::string_view> choices = {};  ///< What the value may be; empty: anything.
  char letter = 0;                             ///< The short form, 0: none.

  bool is_list() const {
    return std::holds_alternative<std::vector<std::string> CommandLine::*>(field);
  }
};

/// The table of options, in the order of the guide.
const std::vector<CommandOption>& CommandOptions();

/// The option called `name`, or null.
const CommandOption* FindCommandOption(std::string_view name);

/// `-q, --quiet`, `--run-id ID`.
std::string OptionSynopsis(const CommandOption& option);

}  // namespace headrace
