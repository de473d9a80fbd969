// Job files of any content: the parser must answer with a job or with sentences, and with nothing
// else. Lines `# set: a.b=c` of the input are assignments of the command line, as in the parser's
// own cases (src/headrace/config/testdata), which are the seeds.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "headrace/config/parser.h"

namespace headrace {
namespace {

std::vector<PluginOptions> FuzzSources() {
  return {
      {.type = "postgresql",
       .doc = "",
       .options = {{.key = "uri"},
                   {.key = "port", .type = OptionType::kInteger, .minimum = 1, .maximum = 65535},
                   {.key = "password", .type = OptionType::kSecret},
                   {.key = "snapshot",
                    .type = OptionType::kEnum,
                    .default_text = "require",
                    .choices = {"require", "prefer", "off"}},
                   {.key = "lock_timeout", .type = OptionType::kDuration, .default_text = "30s"}}},
      {.type = "sqlite",
       .doc = "",
       .options = {{.key = "path", .type = OptionType::kPath, .required = true}}}};
}

std::vector<PluginOptions> FuzzDestinations() {
  return {{.type = "parquet",
           .doc = "",
           .options = {
               {.key = "path", .type = OptionType::kPath, .required = true},
               {.key = "target_file_size", .type = OptionType::kBytes, .default_text = "256MiB"},
               {.key = "compression",
                .type = OptionType::kEnum,
                .default_text = "auto",
                .choices = {"auto", "none"},
                .per_table = true}}}};
}

Environment FuzzEnvironment() {
  return {.variable = [](const std::string& name) -> std::optional<std::string> {
            if (name.size() > 4) return std::nullopt;
            return "5432";
          },
          .file = [](const std::filesystem::path& path) -> arrow::Result<std::string> {
            if (path.string().size() > 24) return UserError("cannot read " + path.string());
            return std::string("text\n");
          }};
}

JobOverrides OverridesIn(const std::string& text) {
  constexpr std::string_view kSet = "# set: ";
  JobOverrides overrides;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kSet)) overrides.push_back(line.substr(kSet.size()));
  }
  return overrides;
}

void Require(bool condition) {
  if (!condition) std::abort();
}

void ParseAny(const std::string& text) {
  static const std::vector<PluginOptions> kSources = FuzzSources();
  static const std::vector<PluginOptions> kDestinations = FuzzDestinations();
  static const Environment kEnvironment = FuzzEnvironment();
  const auto job = ParseJobText(text, "/jobs/fuzz.yaml", kSources, kDestinations, OverridesIn(text),
                                kEnvironment);
  if (job.ok()) {
    Require(!job->name.empty() && !job->tables.empty() && job->text_digest.size() == 32);
    Require(job->workers.initial >= 1 && job->workers.initial <= job->workers.max);
    for (const TableJob& table : job->tables) {
      Require(!table.table.label().empty() && !table.table.directory().empty());
    }
  } else {
    Require(ClassOf(job.status()) == ErrorClass::kUser && !job.status().message().empty());
  }
}

}  // namespace
}  // namespace headrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  headrace::ParseAny(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
