#include <nlohmann/json.hpp>
#include <ostream>

#include "headrace/cli/command_rows.h"
#include "headrace/config/schema.h"
#include "headrace/model/json_object.h"
#include "headrace/registry/builtin.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

arrow::Result<int> Schema(CommandContext& context) {
  context.out << DumpJson(JsonSchema(SourceOptions(), DestinationOptions()), kJsonIndent) << '\n';
  return kExitDone;
}

}  // namespace

Command SchemaCommand() {
  return {
      .name = "schema",
      .summary = "Print the JSON Schema of the job file, for editors",
      .description =
          "Made from the tables that the parser itself reads by. An editor that speaks YAML "
          "completes and checks job files that begin with `# yaml-language-server: "
          "$schema=headrace.schema.json`.",
      .argument = {},
      .options = {},
      .examples = {{"headrace schema > headrace.schema.json", "beside the job file"}},
      .exits = {{kExitDone, "printed"}, {kExitUsage, "the command line is wrong"}},
      .json = {},
      .run = Schema,
  };
}

}  // namespace headrace
