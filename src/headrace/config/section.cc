#include "headrace/config/section.h"

#include <algorithm>
#include <utility>

#include "headrace/config/shared_section.h"
#include "headrace/config/table_section.h"

namespace headrace {
namespace {

// Sentences for what later versions bring: each says what to use today.
constexpr std::string_view kNoBeam =
    "the Beam engine comes with a later version of headrace; use 'local', which runs on this "
    "machine's threads";
constexpr std::string_view kNoDistribution =
    "the Beam engine comes with a later version of headrace, until then every run stays on this "
    "machine; leave this key out";
constexpr std::string_view kNoFiles =
    "reading files comes with a later version of headrace; use 'tables' with a source of type "
    "postgresql or sqlite";
constexpr std::string_view kNoVerifyLevel =
    "this level comes with a later version of headrace; use 'checksum', which compares every "
    "value, "
    "or 'source', which counts the source's rows";
constexpr std::string_view kNoSourceYet =
    "this source comes with a later version of headrace; use 'postgresql' or 'sqlite'";
constexpr std::string_view kNoDestinationYet =
    "this destination comes with a later version of headrace; use 'parquet' or 'bigquery'";

constexpr int64_t kLeastWorkerMemory = int64_t{16} << 20;
constexpr int64_t kMostWorkerMemory = int64_t{1} << 40;
constexpr int64_t kMostWorkers = 256;

/// `type` of a section with plug-ins. `planned`: types of later versions; one that is there today
/// is no longer refused.
OptionSpec TypeOption(std::string_view doc, std::span<const PluginOptions> plugins,
                      std::vector<RefusedChoice> planned) {
  OptionSpec option = {.key = "type", .type = OptionType::kEnum, .doc = doc, .required = true};
  for (const PluginOptions& plugin : plugins) option.choices.push_back(plugin.type);
  option.refused_choices = std::move(planned);
  return option;
}

Section SourceSection(std::span<const PluginOptions> sources) {
  return {.key = "source",
          .doc = "Where the rows come from.",
          .options = {TypeOption(
              "The kind of source.", sources,
              {{"mysql", kNoSourceYet}, {"bigquery", kNoSourceYet}, {"files", kNoSourceYet}})},
          .plugins = {sources.begin(), sources.end()},
          .required = true};
}

Section DestinationSection(std::span<const PluginOptions> destinations) {
  return {.key = "destination",
          .doc = "Where the rows go.",
          .options = {TypeOption("The kind of destination.", destinations,
                                 {{"delta", kNoDestinationYet}, {"iceberg", kNoDestinationYet}}),
                      WriteOption()},
          .plugins = {destinations.begin(), destinations.end()},
          .required = true};
}

Section EngineSection() {
  return {
      .key = "engine",
      .doc = "What executes the work units. A bare type is short for {type: …}.",
      .options = {{.key = "type",
                   .type = OptionType::kEnum,
                   .default_text = "auto",
                   .doc = "local runs units on threads of this machine, sequential one after "
                          "another; auto chooses.",
                   .choices = {"auto", "local", "sequential"},
                   .refused_choices = {{"beam", kNoBeam}}},
                  Refused("distribute_above_rows", "Tables from this size on go to Beam.",
                          kNoDistribution)},
      .sections =
          {{.key = "workers",
            .doc = "How many units are read at once. A run that reads for longer than 5 s tries "
                   "one more worker at a time and keeps it where rows come 10 % faster.",
            .options = {{.key = "initial",
                         .type = OptionType::kInteger,
                         .default_text = "2",
                         .doc = "Workers that a run begins with.",
                         .minimum = 1,
                         .maximum = kMostWorkers},
                        {.key = "max",
                         .type = OptionType::kInteger,
                         .default_text = "10",
                         .doc = "Most workers that a run may grow to. Written, it is obeyed; the "
                                "default is capped at this machine's cores + 1.",
                         .minimum = 1,
                         .maximum = kMostWorkers}}}},
      .short_key = "type"};
}

Section LimitsSection() {
  return {.key = "limits",
          .doc = "What a run may use.",
          .options = {{.key = "connections",
                       .type = OptionType::kInteger,
                       .doc = "Most connections to the source at once, one of which holds the "
                              "snapshot; without it workers.max + 1.",
                       .minimum = 2,
                       .maximum = kMostWorkers + 1,
                       .example = "5"},
                      {.key = "worker_memory",
                       .type = OptionType::kBytes,
                       .default_text = "64MiB",
                       .doc = "Memory that one worker may hold.",
                       .minimum = kLeastWorkerMemory,
                       .maximum = kMostWorkerMemory},
                      {.key = "retries",
                       .type = OptionType::kInteger,
                       .default_text = "5",
                       .doc = "Attempts after the first for a work unit that met a passing error.",
                       .minimum = 0,
                       .maximum = 100}}};
}

Section LoggingSection() {
  return {.key = "logging",
          .doc = "What headrace says while it runs.",
          .options = {{.key = "level",
                       .type = OptionType::kEnum,
                       .default_text = "info",
                       .doc = "The least important line that is written.",
                       .choices = {"debug", "info", "warning", "error"}},
                      {.key = "format",
                       .type = OptionType::kEnum,
                       .default_text = "text",
                       .doc = "Lines for people, or one JSON object per line.",
                       .choices = {"text", "json"}}}};
}

}  // namespace

Section JobSection(std::span<const PluginOptions> sources,
                   std::span<const PluginOptions> destinations) {
  return {
      .key = "",
      .doc = "A headrace job: what is copied, from where, to where.",
      .options =
          {{.key = "name",
            .type = OptionType::kName,
            .doc = "Names the job: its runs, its state and its lock. Unique within the state.",
            .required = true,
            .example = "shop"},
           OverflowOption(),
           {.key = "verify",
            .type = OptionType::kEnum,
            .default_text = "counts",
            .doc =
                "What is compared: counts reads the published files again and compares rows, "
                "checksum every value; source lets the source count the rows of each table under "
                "the snapshot as well, and publishes nothing that has others.",
            .choices = {"off", "counts", "source", "checksum"},
            .refused_choices = {{"profile", kNoVerifyLevel}}},
           {.key = "state",
            .type = OptionType::kPath,
            .default_text = "./.headrace",
            .doc = "Directory of the journal and the locks; on a local disk."},
           Refused("files", "Files to read.", kNoFiles)},
      .sections = {SourceSection(sources), TablesSection(destinations),
                   DestinationSection(destinations), LoadSection(), PartitionSection(),
                   EngineSection(), LimitsSection(), LoggingSection()}};
}

const OptionSpec* FindOption(std::span<const OptionSpec> options, std::string_view key) {
  const auto found =
      std::ranges::find_if(options, [&](const OptionSpec& option) { return option.key == key; });
  return found == options.end() ? nullptr : &*found;
}

const Section* FindSection(const Section& section, std::string_view key) {
  for (const Section& child : section.sections) {
    if (child.key == key) return &child;
  }
  return nullptr;
}

const PluginOptions* FindPlugin(const Section& section, std::string_view type) {
  for (const PluginOptions& plugin : section.plugins) {
    if (plugin.type == type) return &plugin;
  }
  return nullptr;
}

}  // namespace headrace
