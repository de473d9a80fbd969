#include "headrace/destination/bigquery/process_mark.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace headrace {
namespace {

TEST(ProcessMarkTest, ThisProcessLives) {
  const ProcessMark mark = ProcessMark::OfThisProcess();
  EXPECT_EQ(mark.pid, ::getpid());
  EXPECT_FALSE(mark.started.empty());
  EXPECT_EQ(mark.started.find_first_not_of("0123456789"), std::string::npos);
  EXPECT_EQ(mark.IsAlive(), true);
  EXPECT_EQ(mark, ProcessMark::OfThisProcess());
}

TEST(ProcessMarkTest, AProcessThatIsGoneDoesNot) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ProcessMark mark = ProcessMark::OfThisProcess();
  mark.pid = child;
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(mark.IsAlive(), false);
}

TEST(ProcessMarkTest, APidThatIsAnothersByNowIsNotIt) {
  ProcessMark mark = ProcessMark::OfThisProcess();
  mark.started += '0';
  EXPECT_EQ(mark.IsAlive(), false);
}

TEST(ProcessMarkTest, AnotherBootMayBeThatOfAnotherMachineOfTheName) {
  ProcessMark mark = ProcessMark::OfThisProcess();
  mark.boot = "before";
  EXPECT_EQ(mark.IsAlive(), std::nullopt);
}

TEST(ProcessMarkTest, OfOtherMachinesNothingIsKnown) {
  ProcessMark mark = ProcessMark::OfThisProcess();
  mark.host = "elsewhere";
  EXPECT_EQ(mark.IsAlive(), std::nullopt);
}

TEST(ProcessMarkTest, OfOtherContainersOfThisMachineNothingIsKnown) {
  ProcessMark mark = ProcessMark::OfThisProcess();
  mark.pids = "pid:[1]";
  EXPECT_EQ(mark.IsAlive(), std::nullopt);
}

TEST(ProcessMarkTest, WhatHasNoStartIsNotKnownEither) {
  ProcessMark mark = ProcessMark::OfThisProcess();
  mark.started.clear();
  mark.pid = -1;
  EXPECT_EQ(mark.IsAlive(), std::nullopt);
}

TEST(ProcessMarkTest, ComesBackAsItWas) {
  ProcessMark mark = ProcessMark::OfThisProcess();
  mark.host = "a \"b\" ü";
  EXPECT_EQ(ProcessMark::FromJson(mark.ToJson()).ValueOrDie(), mark);
}

TEST(ProcessMarkTest, DamageIsAnError) {
  for (const char* text :
       {"", "{", "[]", "{}", R"({"host":1,"boot":"","pids":"","pid":1,"started":""})",
        R"({"host":"","boot":"","pids":"","pid":"1","started":""})",
        R"({"host":"","boot":"","pids":"","pid":1e99,"started":""})"}) {
    EXPECT_EQ(ClassOf(ProcessMark::FromJson(text).status()), ErrorClass::kPermanent) << text;
  }
}

}  // namespace
}  // namespace headrace
