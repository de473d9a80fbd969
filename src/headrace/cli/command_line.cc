#include "headrace/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <span>

#include "headrace/cli/command.h"
#include "headrace/cli/command_option.h"
#include "headrace/config/nearest.h"

/// The one file that knows CLI11: it maps the rows of our tables to a CLI::App for the one command
/// that was typed.
namespace headrace {
namespace {

/// The argument that is a job file, in the rows of the commands that take one.
constexpr std::string_view kJobArgument = "JOB";

std::string MoreHelp(std::string_view command) {
  return command.empty() ? "; `headrace help` lists the commands"
                         : "; `headrace help " + std::string(command) + "` shows what there is";
}

/// `; did you mean "plan"?`, or nothing where no candidate is near.
std::string DidYouMean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view nearest = Nearest(word, candidates);
  return nearest.empty() ? std::string() : "; did you mean \"" + std::string(nearest) + "\"?";
}

/// Adds one option to `app`; a visitor over the kinds of CommandLineField.
struct OptionAdder {
  CLI::App& app;
  CommandLine& line;
  std::string names;

  void operator()(bool CommandLine::* field) const {
    app.add_flag(names, line.*field)->disable_flag_override();  // --json=no would be yes
  }
  void operator()(std::optional<std::string> CommandLine::* field) const {
    app.add_option(names, line.*field);
  }
  void operator()(std::vector<std::string> CommandLine::* field) const {
    app.add_option(names, line.*field)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  }
};

std::string NamesForCli11(const CommandOption& option) {
  const std::string long_name = "--" + std::string(option.name);
  return option.letter == 0 ? long_name : std::string("-") + option.letter + "," + long_name;
}

/// How `command` is told the job file, where it is not in the way that was tried; or nothing.
std::string JobFileHint(const Command& command, std::string_view word) {
  const bool by_option = std::ranges::find(command.options, "job") != command.options.end();
  if (by_option && !word.starts_with('-')) return "; a job file is named by --job FILE";
  const bool tried_option = word == "--job" || word.starts_with("--job=");
  if (tried_option && command.argument.name == kJobArgument) {
    return "; the job file is its argument: `headrace " + std::string(command.name) + " FILE`";
  }
  return {};
}

/// What is wrong with a word that the command does not take.
arrow::Status UnexpectedWord(const Command& command, const std::string& word) {
  const std::string name(command.name);
  const std::string hint = JobFileHint(command, word);
  if (!word.starts_with('-')) {
    const std::string takes = command.argument.name.empty()
                                  ? "takes no argument"
                                  : "takes one " + std::string(command.argument.name);
    return UserError("`headrace " + name + "` " + takes + ", \"" + word + "\" is one too many" +
                     (hint.empty() ? MoreHelp(name) : hint));
  }
  if (!hint.empty()) return UserError("`headrace " + name + "` has no option --job" + hint);
  std::vector<std::string> flags;
  for (const std::string_view option : command.options) flags.push_back("--" + std::string(option));
  const std::vector<std::string_view> candidates(flags.begin(), flags.end());
  const std::string option = word.substr(0, word.find('='));  // Its value may be a secret.
  const std::string nearest = DidYouMean(option, candidates);
  return UserError("`headrace " + name + "` has no option " + option +
                   (nearest.empty() ? MoreHelp(name) : nearest));
}

/// CLI11's complaint about the number of values of an option, in our words.
arrow::Status WrongValue(const Command& command, std::string_view complaint) {
  const auto found = std::ranges::find_if(command.options, [complaint](std::string_view name) {
    // Of a flag with a value it says the name alone.
    return complaint.find("--" + std::string(name)) != std::string_view::npos ||
           complaint.starts_with(std::string(name) + " ");
  });
  if (found == command.options.end()) {
    return UserError(std::string(complaint) + MoreHelp(command.name));
  }
  const CommandOption& option = *FindCommandOption(*found);
  const std::string flag = "--" + std::string(*found);
  if (option.value.empty()) return UserError(flag + " takes no value");
  if (complaint.find("missing") == std::string_view::npos) {
    return UserError(flag + " can be given once only");
  }
  return UserError(flag + " needs a value: " + flag + " " + std::string(option.value));
}

arrow::Status CheckChoice(const CommandOption& option, const CommandLine& line) {
  const auto* const field = std::get_if<std::optional<std::string> CommandLine::*>(&option.field);
  if (field == nullptr || option.choices.empty() || !(line.**field).has_value()) {
    return arrow::Status::OK();
  }
  const std::string& value = *(line.**field);
  if (std::ranges::find(option.choices, value) != option.choices.end()) return arrow::Status::OK();
  std::string choices;
  for (const std::string_view choice : option.choices) {
    choices += (choices.empty() ? "" : ", ") + std::string(choice);
  }
  return UserError("--" + std::string(option.name) + " is one of " + choices + ", not \"" + value +
                   "\"" + DidYouMean(value, option.choices));
}

/// A value that stands behind a blank is a word of its own, which another message would quote.
arrow::Status CheckAssignments(const CommandLine& line) {
  constexpr std::string_view kEndsOfKey = "=: ";
  for (const std::string& assignment : line.set) {
    if (assignment.find('=') != std::string::npos) continue;
    const std::string key = assignment.substr(0, assignment.find_first_of(kEndsOfKey));
    return UserError("--set " + key +
                     ": expected KEY=VALUE in one word, e.g. engine.workers.max=4 or "
                     "tables[0].write=append");
  }
  return arrow::Status::OK();
}

arrow::Status CheckWords(const Command& command, const CommandLine& line,
                         const std::vector<std::string>& remaining) {
  ARROW_RETURN_NOT_OK(CheckAssignments(line));
  if (!remaining.empty()) return UnexpectedWord(command, remaining.front());
  if (command.argument.required && !line.argument.has_value()) {
    return UserError("`headrace " + std::string(command.name) + "` needs a " +
                     std::string(command.argument.name) + ": " + std::string(command.argument.doc) +
                     MoreHelp(command.name));
  }
  for (const std::string_view name : command.options) {
    ARROW_RETURN_NOT_OK(CheckChoice(*FindCommandOption(name), line));
  }
  return arrow::Status::OK();
}

arrow::Result<CommandLine> ParseWordsOf(const Command& command,
                                        std::span<const char* const> words) {
  CommandLine line;
  line.command = command.name;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  if (!command.argument.name.empty()) {
    app.add_option(std::string(command.argument.name), line.argument);
  }
  if (!command.more_arguments.empty()) {
    app.add_option("more", line.more)->expected(0, static_cast<int>(command.more_arguments.size()));
  }
  for (const std::string_view name : command.options) {
    const CommandOption& option = *FindCommandOption(name);
    std::visit(OptionAdder{app, line, NamesForCli11(option)}, option.field);
  }
  std::vector<std::string> reversed(words.rbegin(),
                                    words.rend());  // CLI11 takes them from the back
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::Error& error) {
    return WrongValue(command, error.what());
  }
  ARROW_RETURN_NOT_OK(CheckWords(command, line, app.remaining()));
  return line;
}

CommandLine HelpFor(std::string_view command) {
  CommandLine line;
  line.command = "help";
  if (!command.empty()) line.argument = command;
  return line;
}

bool AsksForHelp(std::span<const char* const> words) {
  return std::ranges::any_of(
      words, [](std::string_view word) { return word == "--help" || word == "-h"; });
}

}  // namespace

arrow::Result<CommandLine> ParseCommandLine(std::span<const char* const> words) {
  if (words.empty()) return UserError("which command?" + MoreHelp({}).substr(1));
  const std::string_view first = words.front();
  if (first == "--help" || first == "-h") return HelpFor({});
  if (first == "--version" || first == "-V") {
    return ParseWordsOf(*FindCommand("version"), words.subspan(1));
  }
  const Command* const command = FindCommand(first);
  if (command == nullptr) {
    std::vector<std::string_view> names;
    for (const Command& known : Commands()) names.push_back(known.name);
    const std::string hint = DidYouMean(first, names);
    return UserError("there is no command \"" + std::string(first) + "\"" +
                     (hint.empty() ? MoreHelp({}) : hint));
  }
  if (AsksForHelp(words.subspan(1))) return HelpFor(command->name);
  return ParseWordsOf(*command, words.subspan(1));
}

}  // namespace headrace
