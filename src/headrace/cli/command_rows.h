#pragma once

#include "headrace/cli/command.h"

/// The row of each command, made in the command's own file.
namespace headrace {

Command RunCommand();
Command PlanCommand();
Command CheckCommand();
Command InspectCommand();
Command InitCommand();
Command VerifyCommand();
Command RunsCommand();
Command ShowCommand();
Command StateCommand();
Command AbandonCommand();
Command CleanCommand();
Command SchemaCommand();
Command VersionCommand();
Command HelpCommand();

}  // namespace headrace
