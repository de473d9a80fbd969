#include "headrace/config/shared_section.h"

namespace headrace {

OptionSpec ModeOption() {
  return {.key = "mode",
          .type = OptionType::kEnum,
          .default_text = "catalog",
          .doc =
              "Which rows a run loads: catalog all of them, every time; transactional those whose "
              "`cursor` is at or above the watermark that the last run left, which the lake "
              "keeps.",
          .choices = {"catalog", "transactional"}};
}

OptionSpec WriteOption() {
  return {.key = "write",
          .type = OptionType::kEnum,
          .default_text = "replace",
          .doc =
              "How the rows meet what the table already holds: replace it, append to it, or fail "
              "if it is there. Transactional mode appends.",
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
              "names it, NULL, or the whole column as text.",
          .choices = {"error", "null", "string"}};
}

OptionSpec Refused(std::string_view key, std::string_view doc, std::string_view sentence) {
  return {.key = key, .doc = doc, .refused = sentence};
}

Section LoadSection() {
  return {
      .key = "load",
      .doc = "Which rows a run loads.",
      .options = {
          ModeOption(),
          LineageOption(),
          {.key = "initial",
           .doc = "Where the first transactional run begins: rows whose cursor lies before are "
                  "never loaded. Without it all rows are.",
           .example = "2024-01-01",
           .needs_value = true},
          {.key = "settle",
           .type = OptionType::kDuration,
           .default_text = "30s",
           .doc = "How long a transactional run waits for transactions that were running and may "
                  "still commit rows with a lower cursor.",
           .minimum = 0,
           .maximum = kLongestTimeout},
          {.key = "late_rows",
           .type = OptionType::kEnum,
           .default_text = "error",
           .doc = "What to do where such rows cannot be ruled out: error fails the table, warn "
                  "says so and loads, and rows that come late are never loaded.",
           .choices = {"error", "warn"}},
          {.key = "cursor_timezone",
           .doc = "The time zone of a cursor without one: of dates, and timestamps without time "
                  "zone. A name, no offset. Without it, the zone that the server gives the role.",
           .example = "Europe/Berlin",
           .needs_value = true},
          Refused("lookback", "How far an incremental run reads back.", kNoLookback)}};
}

Section PartitionSection() {
  return {
      .key = "partition",
      .doc = "How a table is cut into work units.",
      .options = {
          {.key = "strategy",
           .type = OptionType::kEnum,
           .default_text = "auto",
           .doc =
               "auto lets the planner choose; id_range reads ranges of an integer column, "
               "key_range of a text, UUID or decimal column in the order of the source, date_range "
               "weeks, "
               "days or hours of a date or timestamp column, or of an integer column of the job "
               "that counts seconds, milliseconds or microseconds since 1970, none the table in "
               "one unit; of PostgreSQL alone, pages reads ranges of the table's pages, and hash "
               "the whole table, view or query for each unit, which keeps its part of the rows.",
           .choices = {"auto", "pages", "id_range", "key_range", "date_range", "hash", "none"}},
          {.key = "column",
           .doc = "Column to split by; without it the planner takes a key, or an indexed date "
                  "or timestamp.",
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
           .doc =
               "Rows whose `column` is NULL: include loads them too, exclude leaves them out and "
               "says how many they are, error fails the table if there is one. exclude and error "
               "look for them, which reads a table without an index of the column once more. In "
               "transactional mode it is the cursor whose NULLs are meant, and exclude the "
               "default.",
           .choices = {"include", "exclude", "error"}}}};
}

}  // namespace headrace
