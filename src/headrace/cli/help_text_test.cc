#include "headrace/cli/help_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "headrace/cli/command_option.h"
#include "headrace/observe/human.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

using testing::HasSubstr;

void ExpectLinesWithin(const std::string& text, size_t width) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool is_example = line.find("headrace ") != std::string::npos;
    EXPECT_TRUE(is_example || DisplayWidth(line) <= width) << line;
    EXPECT_FALSE(line.ends_with(' ')) << '"' << line << '"';
  }
}

TEST(Help, OfEveryCommandTeachesByExampleAndListsItsExitCodes) {
  for (const Command& command : Commands()) {
    const std::string text = CommandHelpText(command, 80);
    EXPECT_THAT(text, HasSubstr(command.summary));
    ASSERT_FALSE(command.examples.empty()) << command.name;
    for (const CommandExample& example : command.examples) {
      EXPECT_TRUE(example.line.starts_with("headrace " + std::string(command.name)))
          << example.line;
      EXPECT_THAT(text, HasSubstr(example.line));
    }
    ASSERT_FALSE(command.exits.empty()) << command.name;
    EXPECT_EQ(command.exits.front().code, kExitDone);
    EXPECT_TRUE(std::ranges::is_sorted(command.exits, {}, &CommandExit::code)) << command.name;
    ExpectLinesWithin(text, 80);
  }
}

TEST(Help, OverviewHasEveryCommandOnce) {
  const std::string text = OverviewText(80);
  std::set<std::string_view> names;
  for (const Command& command : Commands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    EXPECT_THAT(text, HasSubstr("\n  " + std::string(command.name) + " "));
  }
  ExpectLinesWithin(text, 80);
}

TEST(Help, SaysWhatJsonPrintsWhereverThereIsJson) {
  for (const Command& command : Commands()) {
    const bool has_option = std::ranges::find(command.options, "json") != command.options.end();
    EXPECT_EQ(has_option, !command.json.empty()) << command.name;
  }
}

TEST(CommandOptions, AreAllUsedAndUnique) {
  std::set<std::string_view> used;
  for (const Command& command : Commands()) {
    used.insert(command.options.begin(), command.options.end());
  }
  std::set<std::string_view> known;
  for (const CommandOption& option : CommandOptions()) {
    EXPECT_TRUE(known.insert(option.name).second) << option.name;
    EXPECT_TRUE(used.contains(option.name)) << option.name;
    EXPECT_EQ(option.value.empty(), std::holds_alternative<bool CommandLine::*>(option.field))
        << option.name;
  }
}

TEST(CommandsGuide, HasASectionForEveryCommand) {
  const std::string guide = CommandsGuide();
  for (const Command& command : Commands()) {
    EXPECT_THAT(guide, HasSubstr("\n## headrace " + std::string(command.name) + "\n"));
  }
}

}  // namespace
}  // namespace headrace
