#include "headrace/cli/cli.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <exception>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "headrace/cli/command.h"
#include "headrace/cli/error_text.h"
#include "headrace/cli/interrupt_watch.h"
#include "headrace/cli/typed_secrets.h"
#include "headrace/model/error_json.h"
#include "headrace/model/json_object.h"
#include "headrace/observe/console.h"
#include "headrace/observe/log_sinks.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

/// Texts for people keep to this where standard output is no terminal, and to no more on a wide
/// one.
constexpr size_t kTextWidth = 100;

/// Where errors are told, and the words of the command line, whose secrets must not be.
struct ErrorOutlet {
  Console& console;
  std::span<const char* const> words;
};

/// Tells the user how the command ended: to the console, and in the one JSON document if that was
/// asked for.
int TellError(const arrow::Status& status, bool json, bool json_log, const ErrorOutlet& outlet) {
  const arrow::Status error = TypedSecrets(outlet.words).Hide(status);
  Console& console = outlet.console;
  const int code = ExitCodeOf(error);
  if (json) {
    const nlohmann::ordered_json document = {{"error", ErrorJson(error)}, {"exit_code", code}};
    std::cout << DumpJson(document, kJsonIndent) << '\n';
  }
  if (json_log) {
    console.WriteLine(
        FormatJsonLine({.time = std::chrono::system_clock::now(),
                        .level = Level::kError,
                        .name = "command_failed",
                        .message = error.message(),
                        .fields = {{"class", std::string(ErrorClassName(ClassOf(error)))},
                                   {"code", std::string(CodeOf(error))},
                                   {"exit_code", int64_t{code}}}}));
  } else {
    console.WriteLine(FatalErrorText(error, console.traits().terminal ? console.width() : kNoWrap));
  }
  return code;
}

/// Libraries that throw where they should not must not end the program without a word.
arrow::Result<int> CallCommand(const Command& command, CommandContext& context) {
  try {
    return command.run(context);
  } catch (const std::exception& error) {
    return BugError(std::string("unexpected exception: ") + error.what());
  }
}

arrow::Status FlushResults() {
  std::cout.flush();
  return std::cout.good() ? arrow::Status::OK()
                          : PermanentError("cannot write the result to standard output");
}

/// What is said of a signal, in the format of the log.
std::string InterruptLine(std::string_view event, std::string_view message, bool json_log) {
  if (!json_log) return "headrace: " + std::string(message);
  return FormatJsonLine({.time = std::chrono::system_clock::now(),
                         .level = Level::kWarning,
                         .name = std::string(event),
                         .message = std::string(message),
                         .fields = {}});
}

/// What a process says that is ended by a further signal: in a line of its own, below a status
/// line.
std::string LastWords(const Command& command, const Console& console, bool json_log) {
  const std::string next = command.name == "run"
                               ? "run the same command again: it continues this run"
                               : "run the same command again";
  const std::string done = "ended at once, and nothing is half published";
  if (json_log) return InterruptLine("ended_at_once", done + "; " + next, true) + "\n";
  return std::string(console.traits().terminal ? "\n" : "") + InterruptLine({}, done, false) +
         "\n  next: " + next + "\n";
}

InterruptReactions ReactionsOf(const Command& command, Console& console,
                               const std::atomic<bool>& json_log) {
  return {.on_first =
              [&] {
                // An end that nobody reads of must not wait for a reader.
                console.StopWaiting();
                console.TryWriteLine(
                    InterruptLine("interrupted", "interrupted, ending cleanly", json_log));
              },
          .on_waiting =
              [&] {
                console.TryWriteLine(InterruptLine(
                    "still_ending", "still ending; interrupt once more to end at once", json_log));
              },
          .last_words = [&] { return LastWords(command, console, json_log); }};
}

int RunCommandLine(const CommandLine& line, const ErrorOutlet& outlet) {
  Console& console = outlet.console;
  const Command& command = *FindCommand(line.command);
  std::atomic<bool> json_log = line.log_format == "json";
  auto watch = InterruptWatch::Start(ReactionsOf(command, console, json_log));
  if (!watch.ok()) return TellError(watch.status(), line.json, false, outlet);
  CommandContext context{.line = line,
                         .out = std::cout,
                         .width = std::min(kTextWidth, ConsoleWidth(STDOUT_FILENO, kTextWidth)),
                         .console = console,
                         .stop = (*watch)->token(),
                         .json_log = json_log};
  const arrow::Result<int> code = CallCommand(command, context);
  if (!code.ok()) return TellError(code.status(), line.json, context.json_log, outlet);
  if (const arrow::Status flushed = FlushResults(); !flushed.ok()) {
    if (command.unprinted.empty() || line.dry_run) {
      return TellError(flushed, false, context.json_log, outlet);
    }
    const arrow::Status told =
        flushed.WithMessage(flushed.message() + "; " + std::string(command.unprinted));
    if (line.json && *code == kExitDone) return TellError(told, false, context.json_log, outlet);
    console.WriteLine("headrace: " + told.message());
  }
  return *code;
}

}  // namespace

int RunCli(std::span<const char* const> words) {
  (void)std::signal(SIGPIPE, SIG_IGN);
  (void)std::signal(SIGXFSZ, SIG_IGN);  // A file that may not grow is an error like a full disk.
  Console console(STDERR_FILENO, DetectConsole(STDERR_FILENO));
  const ErrorOutlet outlet{console, words};
  const arrow::Result<CommandLine> line = ParseCommandLine(words);
  if (line.ok()) return RunCommandLine(*line, outlet);
  const auto has = [&](std::string_view wanted) {
    return std::ranges::any_of(words, [&](std::string_view word) { return word == wanted; });
  };
  const auto format = std::ranges::find(words, std::string_view("--log-format"));
  const bool json_log = has("--log-format=json") ||
                        (words.end() - format > 1 && std::string_view(format[1]) == "json");
  return TellError(line.status(), has("--json"), json_log, outlet);
}

}  // namespace headrace
