#include "headrace/cli/command_option.h"

#include <algorithm>

namespace headrace {

const std::vector<CommandOption>& CommandOptions() {
  static const std::vector<CommandOption> kOptions = {
      {"job", "FILE", "the job file; default: job.yaml of this folder", &CommandLine::job},
      {"state", "DIR", "the state folder itself, instead of a job file that names it",
       &CommandLine::state},
      {"set", "KEY=VALUE",
       "overrides a key of the job file, e.g. destination.path=/tmp/lake; may be repeated",
       &CommandLine::set},
      {"only", "TABLE",
       "only this table of the job, by the name that plan shows, or those that * and ? in it stand "
       "for; may be repeated",
       &CommandLine::only},
      {"workers", "N[,MAX]",
       "workers to begin with, and the most that the run may grow to; without MAX it stays at N",
       &CommandLine::workers},
      {"run-id", "ID",
       "a scheduler's own name for this run: done once, it is done; visible characters and blanks",
       &CommandLine::run_id},
      {"from", "VALUE",
       "a backfill: the rows with a cursor from this value on, whatever the watermark, which stays",
       &CommandLine::from},
      {"to", "VALUE", "a backfill: the rows with a lower cursor than this; default: the watermark",
       &CommandLine::to},
      {"resume", "", "only continue an unfinished run; without one there is nothing to do",
       &CommandLine::resume},
      {"dry-run", "", "plan and stop: shows which run it would be and what it would load",
       &CommandLine::dry_run},
      {"units", "", "show every work unit, not only the first and the last ones",
       &CommandLine::units},
      {"level",
       "LEVEL",
       "how closely to look; default: the job's `verify`",
       &CommandLine::level,
       {"off", "counts", "checksum"}},
      {"table", "NAME",
       "only this table, with its columns; with * or ? in it the list of those it stands for",
       &CommandLine::table},
      {"source", "TYPE", "the source that the job reads from; default: sqlite",
       &CommandLine::source},
      {"force", "", "overwrite the file", &CommandLine::force},
      {"give-up-commit", "", "give up a commit too of which nobody can say what became of it",
       &CommandLine::give_up_commit},
      {"markdown", "", "all commands, as docs/guide/commands.md has them", &CommandLine::markdown},
      {"json", "", "print the result as one JSON document", &CommandLine::json},
      {"log-level",
       "LEVEL",
       "the least level to log; default: the job's, else info",
       &CommandLine::log_level,
       {"debug", "info", "warning", "error"}},
      {"log-format",
       "FORMAT",
       "log lines for people or for machines; default: the job's, else text",
       &CommandLine::log_format,
       {"text", "json"}},
      {"quiet", "", "no progress, and nothing logged below warning", &CommandLine::quiet, {}, 'q'},
  };
  return kOptions;
}

const CommandOption* FindCommandOption(std::string_view name) {
  const auto& options = CommandOptions();
  const auto found = std::ranges::find(options, name, &CommandOption::name);
  return found == options.end() ? nullptr : &*found;
}

std::string OptionSynopsis(const CommandOption& option) {
  std::string text = option.letter == 0 ? std::string() : std::string("-") + option.letter + ", ";
  text += "--";
  text += option.name;
  if (!option.value.empty()) {
    text += ' ';
    text += option.value;
  }
  return text;
}

}  // namespace headrace
