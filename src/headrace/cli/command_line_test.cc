#include "headrace/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>

#include "headrace/cli/command.h"
#include "headrace/cli/command_option.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

arrow::Result<CommandLine> Parse(std::initializer_list<const char*> words) {
  return ParseCommandLine({words.begin(), words.size()});
}

CommandLine ParseWell(std::initializer_list<const char*> words) {
  const auto line = Parse(words);
  EXPECT_TRUE(line.ok()) << line.status().message();
  return line.ValueOr(CommandLine{});
}

std::string ErrorOf(std::initializer_list<const char*> words) {
  const auto line = Parse(words);
  EXPECT_FALSE(line.ok());
  EXPECT_EQ(ClassOf(line.status()), ErrorClass::kUser);
  return line.status().message();
}

TEST(CommandLine, TakesOptionsBeforeAndBehindTheArgument) {
  const CommandLine line = ParseWell({"run", "--only", "a.b", "job.yaml", "--only=c", "--set",
                                      "state=/tmp/x", "--set", "engine.workers.max=4", "--run-id",
                                      "2025-01-31", "--resume", "-q", "--workers", "2,10"});
  EXPECT_EQ(line.command, "run");
  EXPECT_EQ(line.argument, "job.yaml");
  EXPECT_THAT(line.only, ElementsAre("a.b", "c"));
  EXPECT_THAT(line.set, ElementsAre("state=/tmp/x", "engine.workers.max=4"));
  EXPECT_EQ(line.run_id, "2025-01-31");
  EXPECT_EQ(line.workers, "2,10");
  EXPECT_TRUE(line.resume);
  EXPECT_TRUE(line.quiet);
  EXPECT_FALSE(line.json);
}

TEST(CommandLine, LeavesOutWhatIsNotGiven) {
  const CommandLine line = ParseWell({"run"});
  EXPECT_EQ(line.argument, std::nullopt);
  EXPECT_EQ(line.run_id, std::nullopt);
  EXPECT_TRUE(line.set.empty());
}

TEST(CommandLine, AsksForHelpInManyWays) {
  EXPECT_EQ(ParseWell({"--help"}).command, "help");
  EXPECT_EQ(ParseWell({"-h"}).argument, std::nullopt);
  EXPECT_EQ(ParseWell({"help", "run"}).argument, "run");
  EXPECT_EQ(ParseWell({"run", "job.yaml", "--help"}).argument, "run");
  EXPECT_EQ(ParseWell({"run", "--no-such-option", "-h"}).command, "help");
  EXPECT_EQ(ParseWell({"--version"}).command, "version");
  EXPECT_TRUE(ParseWell({"--version", "--json"}).json);
}

TEST(CommandLine, AFlagHasNoValue) {
  for (const char* word : {"--json=0", "--json=no", "--json=1"}) {
    EXPECT_THAT(ErrorOf({"runs", word}), HasSubstr("--json takes no value"));
  }
}

TEST(CommandLine, NamesTheNearestCommandAndOption) {
  EXPECT_THAT(ErrorOf({"pln", "job.yaml"}),
              HasSubstr("no command \"pln\"; did you mean \"plan\"?"));
  EXPECT_THAT(ErrorOf({"run", "--dryrun"}),
              HasSubstr("has no option --dryrun; did you mean \"--dry-run\"?"));
  EXPECT_THAT(ErrorOf({"runs", "--only", "x"}), HasSubstr("`headrace runs` has no option --only"));
  EXPECT_THAT(ErrorOf({"plan", "--log-level", "warn"}),
              HasSubstr("one of debug, info, warning, error, not \"warn\""));
}

TEST(CommandLine, ExplainsWhatIsMissingOrTooMuch) {
  EXPECT_THAT(ErrorOf({}), HasSubstr("headrace help"));
  EXPECT_THAT(ErrorOf({"show", "a", "b"}), HasSubstr("\"b\" is one too many"));
  EXPECT_THAT(ErrorOf({"schema", "a"}), HasSubstr("takes no argument"));
  EXPECT_THAT(ErrorOf({"verify"}), HasSubstr("needs a RUN"));
  EXPECT_THAT(ErrorOf({"run", "--run-id"}), HasSubstr("--run-id needs a value: --run-id ID"));
  EXPECT_THAT(ErrorOf({"run", "--run-id", "a", "--run-id", "b"}),
              HasSubstr("--run-id can be given once only"));
  EXPECT_THAT(ErrorOf({"run", "--json=maybe"}), HasSubstr("--json takes no value"));
}

TEST(CommandLine, QuotesNoValueThatStandsBehindABlankOrAWrongName) {
  EXPECT_EQ(ErrorOf({"run", "job.yaml", "--set", "source.password", "hunter2"}),
            "--set source.password: expected KEY=VALUE in one word, e.g. engine.workers.max=4 or "
            "tables[0].write=append");
  EXPECT_THAT(ErrorOf({"run", "--set", "source.password:hunter2"}), Not(HasSubstr("hunter2")));
  EXPECT_THAT(ErrorOf({"run", "--password=hunter2"}), Not(HasSubstr("hunter2")));
}

TEST(CommandLine, SaysHowACommandIsToldTheJobFile) {
  EXPECT_THAT(ErrorOf({"runs", "ev.yaml"}),
              HasSubstr("is one too many; a job file is named by --job FILE"));
  EXPECT_THAT(ErrorOf({"show", "latest", "ev.yaml"}),
              HasSubstr("\"ev.yaml\" is one too many; a job file is named by --job FILE"));
  EXPECT_THAT(ErrorOf({"verify", "latest", "ev.yaml"}), HasSubstr("--job FILE"));
  EXPECT_THAT(
      ErrorOf({"run", "a.yaml", "--job", "ev.yaml"}),
      HasSubstr(
          "`headrace run` has no option --job; the job file is its argument: `headrace run FILE`"));
  EXPECT_THAT(ErrorOf({"plan", "--job=ev.yaml"}),
              HasSubstr("has no option --job; the job file is its argument"));
}

/// Gives each option of each command once and looks at where it went.
TEST(CommandLine, EveryOptionOfEveryCommandReachesItsField) {
  for (const Command& command : Commands()) {
    for (const std::string_view name : command.options) {
      const CommandOption* const option = FindCommandOption(name);
      ASSERT_NE(option, nullptr) << command.name << " names the unknown option " << name;
      const std::string flag = "--" + std::string(name);
      const std::string value(option->choices.empty() ? std::string_view("key=x")
                                                      : option->choices.back());
      std::vector<const char*> words = {command.name.data()};
      if (command.argument.required) words.push_back("argument");
      words.push_back(flag.c_str());
      if (!option->value.empty()) words.push_back(value.c_str());
      const auto line = ParseCommandLine(words);
      ASSERT_TRUE(line.ok()) << command.name << " " << flag << ": " << line.status().message();
      if (const auto* const field = std::get_if<bool CommandLine::*>(&option->field)) {
        EXPECT_TRUE((*line).**field);
      }
      if (const auto* const field =
              std::get_if<std::optional<std::string> CommandLine::*>(&option->field)) {
        EXPECT_EQ((*line).**field, value);
      }
      if (const auto* const field =
              std::get_if<std::vector<std::string> CommandLine::*>(&option->field)) {
        EXPECT_THAT((*line).**field, ElementsAre(value));
      }
    }
  }
}

}  // namespace
}  // namespace headrace
