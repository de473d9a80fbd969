#include "headrace/config/problems.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(ProblemsTest, NoneIsOk) { EXPECT_TRUE(Problems("job.yaml").ToStatus().ok()); }

TEST(ProblemsTest, OneLineEachInTheOrderOfTheFileThenThoseOfTheCommandLine) {
  Problems problems("job.yaml");
  problems.Add({}, "verify", "from --set");
  problems.Add({.line = 7, .column = 3}, "load.mode", "third");
  problems.Add({.line = 2, .column = 9}, "name", "second");
  problems.Add({.line = 2, .column = 1}, "", "first");
  const arrow::Status status = problems.ToStatus();
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_EQ(status.message(),
            "job.yaml:2:1: first\n"
            "job.yaml:2:9: name: second\n"
            "job.yaml:7:3: load.mode: third\n"
            "--set verify: from --set");
}

TEST(ProblemsTest, TheSameProblemIsSaidOnce) {
  Problems problems("job.yaml");
  for (int i = 0; i < 3; ++i) problems.Add({.line = 1, .column = 1}, "name", "wrong");
  EXPECT_EQ(problems.ToStatus().message(), "job.yaml:1:1: name: wrong");
}

TEST(ProblemsTest, BeyondAHundredOnlyTheirNumberIsKept) {
  Problems problems("job.yaml");
  for (int line = 1; line <= 250; ++line) problems.Add({.line = line, .column = 1}, "", "wrong");
  const std::string message = problems.ToStatus().message();
  EXPECT_NE(message.find("job.yaml:100:1: wrong\n… and 150 more"), std::string::npos) << message;
  EXPECT_EQ(message.find("job.yaml:101:"), std::string::npos);
}

TEST(ShownTest, OneShortLine) {
  EXPECT_EQ(Shown("plain"), "plain");
  EXPECT_EQ(Shown("two\nlines\tand\x7f"), "two lines and ");
  EXPECT_EQ(Shown(std::string(100, 'x')), std::string(60, 'x') + "…");
}

TEST(ShownTest, CutsBetweenCharacters) {
  EXPECT_EQ(Shown(std::string(59, 'x') + "ä and more"), std::string(59, 'x') + "…");
}

}  // namespace
}  // namespace headrace
