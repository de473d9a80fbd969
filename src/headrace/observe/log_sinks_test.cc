#include "headrace/observe/log_sinks.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

namespace headrace {
namespace {

using std::chrono::milliseconds;

/// 2025-01-31T08:15:00.250Z.
constexpr std::chrono::system_clock::time_point kSomeTime{milliseconds(1'738'311'300'250)};

Event UnitEvent() {
  return {.time = kSomeTime,
          .level = Level::kWarning,
          .name = "unit_retry",
          .message = "connection cut",
          .fields = {{"run", "20250131"},
                     {"table", "odd name"},
                     {"unit", "7"},
                     {"worker", int64_t{1}},
                     {"attempt", int64_t{2}}}};
}

TEST(TextLine, PutsFieldsBehindTheMessage) {
  EXPECT_EQ(FormatTextLine(UnitEvent()),
            "2025-01-31T08:15:00.250Z WARN  connection cut run=20250131 table=\"odd name\" unit=7 "
            "worker=1 attempt=2");
}

TEST(TextLine, IsOneLineWhateverTheMessage) {
  const Event event{.time = kSomeTime,
                    .message = "ERROR:\n\x1b[2Jno",
                    .fields = {{"detail", "say \"hi\"\n"}, {"empty", ""}}};
  EXPECT_EQ(FormatTextLine(event),
            R"(2025-01-31T08:15:00.250Z INFO  ERROR:\n\x1b[2Jno detail="say \"hi\"\n" empty="")");
}

TEST(TextLine, ShowsAListAsJson) {
  const Event event{
      .time = kSomeTime,
      .message = "plan",
      .fields = {{"samples", Texts{"unit 0: \"id\"", "unit 1"}}, {"table", "[1, 2]"}}};
  EXPECT_EQ(
      FormatTextLine(event),
      R"(2025-01-31T08:15:00.250Z INFO  plan samples=["unit 0: \"id\"","unit 1"] table="[1, 2]")");
}

TEST(TerminalLines, AreShortAndColored) {
  const Event event{
      .time = kSomeTime, .level = Level::kError, .message = "no", .fields = {{"run", "r"}}};
  const std::string line = FormatTerminalLines(event, true, 80);
  EXPECT_EQ(line.find("2025"), std::string::npos);
  EXPECT_NE(line.find("\x1b[31mERROR\x1b[0m no \x1b[2mrun=r\x1b[0m"), std::string::npos) << line;
}

TEST(TerminalLines, WrapUnderThemselves) {
  const Event event{.time = kSomeTime,
                    .message = "table orders: \"id\" is the primary key",
                    .fields = {{"run", "20250131"},
                               {"samples", Texts{"id below 7", "id from 7"}},
                               {"strategy", "id_range"},
                               {"units", int64_t{20}}}};
  const std::string lines = FormatTerminalLines(event, false, 60);
  EXPECT_EQ(lines.substr(8),
            " INFO  table orders: \"id\" is the primary key\n"
            "               run=20250131 strategy=id_range units=20\n"
            "               samples:\n"
            "                 id below 7\n"
            "                 id from 7");
}

TEST(TerminalLines, ShowTextsOfAListWithoutQuotes) {
  const Event event{.time = kSomeTime,
                    .message = "table orders",
                    .fields = {{"sample_units", Texts{"unit 0: \"id\" below 7", "unit 1: a\tb"}}}};
  const std::string lines = FormatTerminalLines(event, false, 80);
  EXPECT_EQ(lines.substr(8),
            " INFO  table orders\n"
            "               sample_units:\n"
            "                 unit 0: \"id\" below 7\n"
            "                 unit 1: a\\tb");
}

TEST(JsonLine, IsOneObjectWithTypedFields) {
  Event event = UnitEvent();
  event.fields.emplace_back("share", 0.5);
  event.fields.emplace_back("done", true);
  event.fields.emplace_back("samples", Texts{"unit 0", "unit 1"});
  event.fields.emplace_back("name", "[1]");  // What looks like JSON may be a table's name.
  EXPECT_EQ(
      FormatJsonLine(event),
      R"({"time":"2025-01-31T08:15:00.250Z","level":"warning","event":"unit_retry","message":"connection cut",)"
      R"("run":"20250131","table":"odd name","unit":"7","worker":1,"attempt":2,"share":0.5,"done":true,)"
      R"("samples":["unit 0","unit 1"],"name":"[1]"})");
}

TEST(JsonLine, SurvivesBytesThatAreNoText) {
  const Event event{.time = kSomeTime, .message = "a\xff\n"};
  EXPECT_EQ(nlohmann::json::parse(FormatJsonLine(event))["message"], "a\uFFFD\n");
}

/// The lines that a sink writes for one event of each level.
template <typename Sink>
std::string LinesAtLeast(Level minimum) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  {
    Console console(ends[1], {});
    Sink sink(console, minimum);
    for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
      sink.Handle({.level = level, .message = "x"});
    }
  }
  close(ends[1]);
  std::array<char, 4096> text{};
  const ssize_t got = read(ends[0], text.data(), text.size());
  close(ends[0]);
  return {text.data(), static_cast<size_t>(std::max<ssize_t>(got, 0))};
}

TEST(LogSinks, DropWhatIsBelowTheirLevel) {
  EXPECT_EQ(LinesAtLeast<TextLog>(Level::kWarning),
            "1970-01-01T00:00:00.000Z WARN  x\n1970-01-01T00:00:00.000Z ERROR x\n");
  EXPECT_EQ(LinesAtLeast<JsonLog>(Level::kError),
            R"({"time":"1970-01-01T00:00:00.000Z","level":"error","event":"","message":"x"})"
            "\n");
}

}  // namespace
}  // namespace headrace
