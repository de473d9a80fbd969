#include <arrow/config.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "headrace/cli/command_rows.h"
#include "headrace/model/json_object.h"
#include "headrace/registry/builtin.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

/// The project's version as CMakeLists.txt has it.
constexpr std::string_view kVersion = HEADRACE_VERSION;

#if defined(__clang__)
constexpr std::string_view kCompiler = "clang " __clang_version__;
#else
constexpr std::string_view kCompiler = "gcc " __VERSION__;
#endif

std::vector<std::string_view> Types(const std::vector<PluginOptions>& plugins) {
  std::vector<std::string_view> types;
  for (const PluginOptions& plugin : plugins) types.push_back(plugin.type);
  return types;
}

arrow::Result<int> Version(CommandContext& context) {
  const std::vector<std::string_view> sources = Types(SourceOptions());
  const std::vector<std::string_view> destinations = Types(DestinationOptions());
  const std::string& arrow_version = arrow::GetBuildInfo().version_string;
  if (context.line.json) {
    const nlohmann::ordered_json json = {{"headrace", kVersion},
                                         {"arrow", arrow_version},
                                         {"compiler", kCompiler},
                                         {"sources", sources},
                                         {"destinations", destinations}};
    context.out << DumpJson(json, kJsonIndent) << '\n';
  } else {
    context.out << fmt::format(
        "headrace {}\narrow         {}\ncompiler      {}\nsources       {}\ndestinations  {}\n",
        kVersion, arrow_version, kCompiler, fmt::join(sources, ", "),
        fmt::join(destinations, ", "));
  }
  return kExitDone;
}

}  // namespace

Command VersionCommand() {
  return {
      .name = "version",
      .summary = "Print the version, and what this program was built with",
      .description = "The same as `headrace --version`.",
      .argument = {},
      .options = {"json"},
      .examples = {{"headrace version", "for people"},
                   {"headrace version --json | jq -r .headrace", "for a script"}},
      .exits = {{kExitDone, "printed"}, {kExitUsage, "the command line is wrong"}},
      .json =
          "`headrace`, `arrow` (versions), `compiler`, `sources`, `destinations` (types that a job "
          "may name).",
      .run = Version,
  };
}

}  // namespace headrace
