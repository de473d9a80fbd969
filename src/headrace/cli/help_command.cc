#include <ostream>

#include "headrace/cli/command_rows.h"
#include "headrace/cli/help_text.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

arrow::Result<int> Help(CommandContext& context) {
  const CommandLine& line = context.line;
  if (line.markdown) {
    context.out << CommandsGuide();
    return kExitDone;
  }
  if (!line.argument.has_value()) {
    context.out << OverviewText(context.width);
    return kExitDone;
  }
  const Command* const command = FindCommand(*line.argument);
  if (command == nullptr) {
    return UserError("there is no command \"" + *line.argument +
                     "\"; `headrace help` lists the commands");
  }
  context.out << CommandHelpText(*command, context.width);
  return kExitDone;
}

}  // namespace

Command HelpCommand() {
  return {
      .name = "help",
      .summary = "Show the commands, or one of them with examples",
      .description = "`headrace COMMAND --help` says the same.",
      .argument = {"COMMAND", "a command; default: all of them in short"},
      .options = {"markdown"},
      .examples = {{"headrace help", "all commands"}, {"headrace help run", "one of them"}},
      .exits = {{kExitDone, "shown"}, {kExitUsage, "there is no such command"}},
      .json = {},
      .run = Help,
  };
}

}  // namespace headrace
