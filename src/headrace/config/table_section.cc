#include "headrace/config/table_section.h"

#include <algorithm>
#include <iterator>

#include "headrace/config/shared_section.h"

namespace headrace {
namespace {

constexpr std::string_view kNoKey =
    "a key is for 'write: merge', which comes with a later version of headrace; leave it out";
constexpr std::string_view kOneDestination =
    "all tables of a job go to one destination; give this table a job of its own";
constexpr std::string_view kWholeJobOnly =
    "this key holds for the whole job; set it under the job's own 'destination'";

Section ColumnSection() {
  return {.key = "columns",
          .doc =
              "The columns to copy, in this order; without it all of them. A bare name is short "
              "for {name: …}.",
          .options = {{.key = "name",
                       .doc = "The column's name in the source, in the catalogue's exact case.",
                       .required = true,
                       .example = "amount",
                       .needs_value = true},
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
      .doc =
          "What differs for this table from the job's destination: write, and how its files are "
          "written.",
      .options = {WriteOption(), Refused("type", "The kind of destination.", kOneDestination)},
      .type_from = "destination",
      .inherits = true};
  std::ranges::transform(destinations, std::back_inserter(section.plugins), ForOneTable);
  return section;
}

Section Inheriting(Section section, std::string_view doc) {
  section.inherits = true;
  section.doc = doc;
  return section;
}

}  // namespace

Section TablesSection(std::span<const PluginOptions> destinations) {
  return {
      .key = "tables",
      .doc = "What to copy: one entry per table or query. A bare name is short for {name: …}.",
      .options = {{.key = "name",
                   .doc = "A table or view, schema.name in the catalogue's exact case; * stands "
                          "for any characters and ? for one: all tables whose names are so. "
                          "Double quotes protect dots and wildcards: 'public.\"odd.name\"'.",
                   .example = "public.orders",
                   .needs_value = true},
                  {.key = "query",
                   .doc = "A SELECT in the source's dialect, instead of a table.",
                   .example = "SELECT 1 AS one",
                   .is_sql = true,
                   .needs_value = true},
                  {.key = "as", .doc = "Names the result of a query.", .example = "daily"},
                  {.key = "exclude",
                   .type = OptionType::kStringList,
                   .doc = "Columns to leave out; where the name has wildcards, tables that it "
                          "does not stand for.",
                   .example = "[notes]",
                   .needs_value = true},
                  {.key = "where",
                   .doc = "Copy only rows that meet this SQL condition, in the source's dialect.",
                   .example = "country <> 'XX'",
                   .is_sql = true,
                   .needs_value = true},
                  ModeOption(),
                  WriteOption(),
                  LineageOption(),
                  OverflowOption(),
                  {.key = "cursor",
                   .doc = "In transactional mode the column that tells new rows: a timestamp or "
                          "date of when a row was written, or an integer from a sequence.",
                   .example = "created_at",
                   .needs_value = true},
                  Refused("key", "The columns that identify a row.", kNoKey)},
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

}  // namespace headrace
