#include "headrace/cli/help_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "headrace/cli/command_option.h"
#include "headrace/observe/text_wrap.h"

namespace headrace {
namespace {

constexpr size_t kIndent = 2;

std::string Usage(const Command& command) {
  std::string usage = fmt::format("headrace {}", command.name);
  if (!command.argument.name.empty()) {
    usage += command.argument.required ? fmt::format(" {}", command.argument.name)
                                       : fmt::format(" [{}]", command.argument.name);
  }
  for (const CommandArgument& more : command.more_arguments) {
    usage += fmt::format(" [{}]", more.name);
  }
  if (!command.options.empty()) usage += " [options]";
  return usage;
}

/// Two columns without a header: `left` as wide as its widest, `right` wrapped.
std::string Definitions(const std::vector<std::pair<std::string, std::string>>& rows,
                        size_t width) {
  size_t left = 0;
  for (const auto& row : rows) left = std::max(left, row.first.size());
  std::string text;
  for (const auto& [term, meaning] : rows) {
    std::string wrapped = IndentedText(meaning, kIndent + left + 2, width);
    wrapped.replace(kIndent, term.size(), term);
    text += wrapped;
  }
  return text;
}

std::string OptionDoc(const CommandOption& option) {
  if (option.choices.empty()) return std::string(option.doc);
  return fmt::format("{} ({})", option.doc, fmt::join(option.choices, ", "));
}

std::vector<std::pair<std::string, std::string>> OptionRows(const Command& command) {
  std::vector<std::pair<std::string, std::string>> rows;
  if (!command.argument.name.empty()) {
    rows.emplace_back(command.argument.name, command.argument.doc);
  }
  for (const CommandArgument& more : command.more_arguments) rows.emplace_back(more.name, more.doc);
  for (const std::string_view name : command.options) {
    const CommandOption& option = *FindCommandOption(name);
    rows.emplace_back(OptionSynopsis(option), OptionDoc(option));
  }
  return rows;
}

std::string ExampleLines(const Command& command) {
  std::string text;
  for (const CommandExample& example : command.examples) {
    text += fmt::format("  # {}\n  {}\n\n", example.what, example.line);
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> ExitRows(const Command& command) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const CommandExit& exit : command.exits) {
    rows.emplace_back(fmt::format("{:>3}", exit.code), exit.when);
  }
  return rows;
}

/// The paragraphs of a description, each wrapped.
std::string Paragraphs(std::string_view text, size_t width) {
  std::string out;
  while (!text.empty()) {
    const std::string_view paragraph = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), paragraph.size() + 1));
    out += IndentedText(paragraph, 0, width) + "\n";
  }
  return out;
}

std::string CommandSection(const Command& command) {
  std::string text = fmt::format("## headrace {}\n\n{}.\n\n", command.name, command.summary);
  text += Paragraphs(command.description, 120);
  text += fmt::format("```\n{}\n```\n\n", Usage(command));
  if (const auto rows = OptionRows(command); !rows.empty()) {
    text += "| argument, option | meaning |\n|---|---|\n";
    for (const auto& [term, meaning] : rows) text += fmt::format("| `{}` | {} |\n", term, meaning);
    text += '\n';
  }
  text += "```sh\n";
  for (const CommandExample& example : command.examples) {
    text += fmt::format("{}   # {}\n", example.line, example.what);
  }
  text += "```\n\n";
  if (!command.json.empty()) text += fmt::format("`--json`: {}\n\n", command.json);
  text += "| exit code | when |\n|---|---|\n";
  for (const CommandExit& exit : command.exits) {
    text += fmt::format("| {} | {} |\n", exit.code, exit.when);
  }
  return text;
}

}  // namespace

std::string OverviewText(size_t width) {
  std::string text =
      "headrace copies tables into a data lake, in parallel and exactly once.\n\n"
      "Usage: headrace COMMAND [options]\n\nCommands:\n";
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Command& command : Commands()) rows.emplace_back(command.name, command.summary);
  text += Definitions(rows, width);
  text +=
      "\nTo begin:\n"
      "  headrace init job.yaml     # writes a commented job file, to be changed\n"
      "  headrace check job.yaml    # can everything be reached, read and written?\n"
      "  headrace plan job.yaml     # what a run would do\n"
      "  headrace run job.yaml      # does it\n"
      "\nExit codes: 0 done, 1 failed, 2 bad job or usage, 3 verification failed,\n"
      "130 interrupted.\n"
      "`headrace help COMMAND` says more, with examples.\n";
  return text;
}

std::string CommandHelpText(const Command& command, size_t width) {
  std::string text = fmt::format("{}.\n\nUsage: {}\n\n", command.summary, Usage(command));
  text += Paragraphs(command.description, width);
  if (const auto rows = OptionRows(command); !rows.empty()) {
    text += "Options:\n" + Definitions(rows, width) + "\n";
  }
  text += "Examples:\n" + ExampleLines(command);
  text += "Exit codes:\n" + Definitions(ExitRows(command), width);
  return text;
}

std::string CommandsGuide() {
  std::string text =
      "# Commands\n\n"
      "<!-- Made by `headrace help --markdown` from the tables of src/headrace/cli; a test "
      "compares them. -->\n\n"
      "Results go to standard output, logs and progress to standard error. With `--json` standard "
      "output is exactly one JSON\n"
      "document, whatever happens (but none after a second Ctrl-C, or one more signal a second or "
      "later after the first,\n"
      "which ends the program at once; a document that cannot be printed is exit code 1): a "
      "command that ends in an error prints\n"
      "`{\"error\": {\"class\": \"user | transient | permanent | bug\", \"code\": \"…\", "
      "\"message\": \"…\"}, \"exit_code\": 2}`.\n\n"
      "`run`, `plan` and `check` take the job file as their argument, the commands that look at or "
      "after runs by `--job FILE`; where it\n"
      "is not named it is `job.yaml` of the present folder. What a job file may say is in "
      "`headrace schema`.\n\n"
      "| exit code | meaning |\n|---|---|\n"
      "| 0 | done |\n| 1 | failed: the source, the destination or this machine stood in the "
      "way, or tables fail beside others that are published (for `plan` and `check`: could be) |\n"
      "| 2 | bad job or usage: a person must change the job, the command line or the rights, and "
      "nothing is published (a commit that an earlier call had decided may have been finished: it "
      "says so) |\n"
      "| 3 | verification failed: published files are not what was written, whatever else "
      "failed |\n"
      "| 130 | interrupted by SIGINT or SIGTERM: the same command continues. A signal in the first "
      "hundredths of a second, before the program stands, ends it as any other: 130 or 143 |\n\n"
      "| command | does |\n|---|---|\n";
  for (const Command& command : Commands()) {
    text += fmt::format("| [`{0}`](#headrace-{0}) | {1} |\n", command.name, command.summary);
  }
  for (const Command& command : Commands()) text += "\n" + CommandSection(command);
  return text;
}

}  // namespace headrace
