#include "headrace/config/section.h"

#include <algorithm>

namespace headrace {
namespace {

// Sentences for what later versions bring: each says what to use today.
constexpr std::string_view kNoIncremental =
    "incremental loads come with a later version of headrace; use 'mode: catalog', which copies "
    "the whole table";
constexpr std::string_view kNoMerge =
    "'write: merge' comes with a later version of headrace; use 'write: replace' or 'write: "
    "append'";
constexpr std::string_view kNoBeam =
    "the Beam engine comes with a later version of headrace; use 'local', which runs on this "
    "machine's threads";
constexpr std::string_view kNoDistribution =
    "the Beam engine comes with a later version of headrace, until then every run stays on this "
    "machine; leave this key out";
constexpr std::string_view kNoFiles =
    "reading files comes with a later version of headrace; use 'tables' with a source of type "
    "postgresql or sqlite";
constexpr std::string_view kNoKeySplit =
    "splitting by date, key or hash comes with a later version of headrace; use 'auto', 'pages' or "
    "'id_range'";
constexpr std::string_view kNoNullRule =
    "only full loads are built, and they include NULLs; use 'include', or leave the NULLs out by "
    "'where'";
constexpr std::string_view kNoVerifyLevel =
    "this level comes with a later version of headrace; use 'checksum', the strictest so far";
constexpr std::string_view kNoSourceYet =
    "this source comes with a later version of headrace; use 'postgresql' or 'sqlite'";
constexpr std::string_view kNoDestinationYet =
    "this destination comes with a later version of headrace; use 'parquet'";
constexpr std::string_view kOneDestination =
    "all tables of a job go to one destination; give this table a job of its own";
constexpr std::string_view kWholeJobOnly =
    "this key holds for the whole job; set it under the job's own 'destination'";

constexpr int64_t kLeastWorkerMemory = int64_t{16} << 20;
constexpr int64_t kMostWorkers = 256;

OptionSpec ModeOption() {
  return {.key = "mode",
          .type = OptionType::kEnum,
          .default_text = "catalog",
          .doc = "Which rows a run loads: catalog is all of them, every time.",
          .choices = {"catalog"},
          .refused_choices = {{"transactional", kNoIncremental}}};
}

OptionSpec WriteOption() {
  return {.key = "write",
          .type = OptionType::kEnum,
          .default_text = "replace",
          .doc =
              "How the rows meet what the table already holds: replace it, append to it, or fail "
              "if it is there.",
          .choices = {"append", "replace", "error_if_exists"},
          .refused_choices = {{"merge", kNoMerge}}};
}

OptionSpec LineageOption() {
  return {.key = "lineage",
          .type = OptionType::kBoolean,
          .default_text = "false",
          .doc = "Add the columns _headrace_run and _headrace_loaded_at to each row."};
}

OptionSpec OverflowOption() {
  return {.key = "on_overflow",
          .type = OptionType::kEnum,
          .default_text = "error",
          .doc =
              "What happens to a value that the destination's column cannot hold: an error that "
              "names it, NULL, "
              "or the whole column as text.",
          .choices = {"error", "null", "string"}};
}

OptionSpec Refused(std::string_view key, std::string_view doc, std::string_view sentence) {
  return {.key = key, .doc = doc, .refused = sentence};
}

Section LoadSection() {
  return {
      .key = "load",
      .doc = "Which rows a run loads.",
      .options = {ModeOption(), LineageOption(),
                  Refused("initial", "Where the first incremental run starts.", kNoIncremental),
                  Refused("lookback", "How far an incremental run reads back.", kNoIncremental),
                  Refused("settle", "How long to wait for running transactions.", kNoIncremental),
                  Refused("late_rows", "What to do when they do not end.", kNoIncremental),
                  Refused("cursor_timezone", "Zone of a cursor without one.", kNoIncremental)}};
}

Section PartitionSection() {
  return {.key = "partition",
          .doc = "How a table is cut into work units.",
          .options = {
              {.key = "strategy",
               .type = OptionType::kEnum,
               .default_text = "auto",
               .doc = "auto lets the planner choose; pages reads ranges of the table's pages, "
                      "id_range ranges of an integer "
                      "column, none the table in one unit.",
               .choices = {"auto", "pages", "id_range", "none"},
               .refused_choices = {{"date_range", kNoKeySplit},
                                   {"key_range", kNoKeySplit},
                                   {"hash", kNoKeySplit}}},
              {.key = "column",
               .doc = "Column to split by; without it the planner takes a key.",
               .example = "id"},
              {.key = "target_rows",
               .type = OptionType::kInteger,
               .default_text = "50000",
               .doc = "Rows of a work unit, about; whichever of target_rows and target_bytes is "
                      "reached first.",
               .minimum = 1},
              {.key = "target_bytes",
               .type = OptionType::kBytes,
               .default_text = "16MiB",
               .doc = "Size of a work unit in memory, about.",
               .minimum = 1},
              {.key = "strict",
               .type = OptionType::kBoolean,
               .default_text = "false",
               .doc = "A strategy that does not fit the table is an error; else it is one unit and "
                      "a warning."},
              {.key = "nulls",
               .type = OptionType::kEnum,
               .default_text = "include",
               .doc = "Rows whose split column is NULL: include reads them in a unit of their own.",
               .choices = {"include"},
               .refused_choices = {{"exclude", kNoNullRule}, {"error", kNoNullRule}}}}};
}

Section ColumnSection() {
  return {.key = "columns",
          .doc =
              "The columns to copy, in this order; without it all of them. A bare name is short "
              "for {name: …}.",
          .options = {{.key = "name",
                       .doc = "The column's name in the source, in the catalogue's exact case.",
                       .required = true,
                       .example = "amount"},
                      {.key = "as", .doc = "Its name in the destination.", .example = "amount_usd"},
                      {.key = "type",
                       .type = OptionType::kColumnType,
                       .doc = "Cast to this type.",
                       .example = "decimal(12,2)"},
                      OverflowOption()},
          .is_list = true,
          .inherits = true,
          .short_key = "name"};
}

/// The options of a destination as a table's own `destination` sees them.
PluginOptions ForOneTable(PluginOptions plugin) {
  for (OptionSpec& option : plugin.options) {
    option.required = false;
    if (!option.per_table && option.refused.empty()) option.refused = kWholeJobOnly;
  }
  return plugin;
}

Section TableDestinationSection(std::span<const PluginOptions> destinations) {
  Section section = {
      .key = "destination",
      .doc = "What differs for this table from the job's destination.",
      .options = {WriteOption(), Refused("type", "The kind of destination.", kOneDestination)},
      .type_from = "destination",
      .inherits = true};
  std::transform(destinations.begin(), destinations.end(), std::back_inserter(section.plugins),
                 ForOneTable);
  return section;
}

Section Inheriting(Section section, std::string_view doc) {
  section.inherits = true;
  section.doc = doc;
  return section;
}

Section TablesSection(std::span<const PluginOptions> destinations) {
  return {
      .key = "tables",
      .doc = "What to copy: one entry per table or query. A bare name is short for {name: …}.",
      .options = {{.key = "name",
                   .doc = "A table or view, schema.name in the catalogue's exact case; double "
                          "quotes protect dots and stars: "
                          "'public.\"odd.name\"'.",
                   .example = "public.orders"},
                  {.key = "query",
                   .doc = "A SELECT in the source's dialect, instead of a table.",
                   .example = "SELECT 1 AS one"},
                  {.key = "as", .doc = "Names the result of a query.", .example = "daily"},
                  {.key = "exclude",
                   .type = OptionType::kStringList,
                   .doc = "Columns to leave out.",
                   .example = "[notes]"},
                  {.key = "where",
                   .doc = "Copy only rows that meet this SQL condition, in the source's dialect.",
                   .example = "country <> 'XX'"},
                  ModeOption(),
                  WriteOption(),
                  LineageOption(),
                  OverflowOption(),
                  Refused("cursor", "The column that tells new rows.", kNoIncremental),
                  Refused("key", "The columns that identify a row.", kNoMerge)},
      .sections = {ColumnSection(),
                   Inheriting(LoadSection(), "What differs for this table from the job's load."),
                   Inheriting(PartitionSection(),
                              "What differs for this table from the job's partition."),
                   TableDestinationSection(destinations)},
      .one_of = {{"name"}, {"query", "as"}},
      .required = true,
      .is_list = true,
      .inherits = true,
      .short_key = "name"};
}

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
                                 {{"bigquery", kNoDestinationYet},
                                  {"delta", kNoDestinationYet},
                                  {"iceberg", kNoDestinationYet}}),
                      WriteOption()},
          .plugins = {destinations.begin(), destinations.end()},
          .required = true};
}

Section EngineSection() {
  return {.key = "engine",
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
          .sections = {{.key = "workers",
                        .doc = "How many units are read at once. Not written: at most cores + 1.",
                        .options = {{.key = "initial",
                                     .type = OptionType::kInteger,
                                     .default_text = "2",
                                     .doc = "Workers to start with.",
                                     .minimum = 1,
                                     .maximum = kMostWorkers},
                                    {.key = "max",
                                     .type = OptionType::kInteger,
                                     .default_text = "10",
                                     .doc = "Most workers at once.",
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
                       .example = "5"},
                      {.key = "worker_memory",
                       .type = OptionType::kBytes,
                       .default_text = "64MiB",
                       .doc = "Memory that one worker may hold.",
                       .minimum = kLeastWorkerMemory},
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
                "What is read again after the commit: counts compares rows, checksum every value.",
            .choices = {"off", "counts", "checksum"},
            .refused_choices = {{"source", kNoVerifyLevel}, {"profile", kNoVerifyLevel}}},
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
  const auto found = std::find_if(options.begin(), options.end(),
                                  [&](const OptionSpec& option) { return option.key == key; });
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
