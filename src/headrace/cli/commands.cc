#include <algorithm>

#include "headrace/cli/command.h"
#include "headrace/cli/command_rows.h"

namespace headrace {

const std::vector<Command>& Commands() {
  static const std::vector<Command> kCommands = {
      RunCommand(),    PlanCommand(),   CheckCommand(),   InspectCommand(), InitCommand(),
      VerifyCommand(), RunsCommand(),   ShowCommand(),    StateCommand(),   AbandonCommand(),
      CleanCommand(),  SchemaCommand(), VersionCommand(), HelpCommand(),
  };
  return kCommands;
}

const Command* FindCommand(std::string_view name) {
  const auto& commands = Commands();
  const auto found = std::ranges::find(commands, name, &Command::name);
  return found == commands.end() ? nullptr : &*found;
}

}  // namespace headrace
