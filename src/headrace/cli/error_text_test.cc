#include "headrace/cli/error_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

TEST(FatalErrorText, HasNoNameOfAnErrorCode) {
  EXPECT_EQ(FatalErrorText(UserError("there is no run")), "headrace: there is no run");
  EXPECT_EQ(
      FatalErrorText(arrow::Status::IOError("disk full")),
      "headrace: disk full\n"
      "  next: this does not pass by itself: remove the cause, then run the same command again");
}

TEST(FatalErrorText, SaysWhatToDoByClass) {
  EXPECT_NE(FatalErrorText(TransientError("connection cut")).find("this may pass"),
            std::string::npos);
  EXPECT_NE(FatalErrorText(BugError("no receipt")).find("please report it"), std::string::npos);
  EXPECT_NE(FatalErrorText(InterruptedError()).find("run the same command again"),
            std::string::npos);
}

TEST(FatalErrorText, KeepsLinesButNoControlCharacters) {
  EXPECT_EQ(FatalErrorText(UserError("job.yaml:1:1: bad\x1b[2J\n\tworse")),
            "headrace: job.yaml:1:1: bad\\x1b[2J\n            worse");
}

TEST(FatalErrorText, IsWrappedWhereAWidthIsGiven) {
  EXPECT_EQ(FatalErrorText(UserError("one two three\nfour"), 17),
            "headrace: one two\n          three\n          four");
  EXPECT_EQ(FatalErrorText(TransientError("cut"), 30),
            "headrace: cut\n  next: this may pass: run the\n  same command again");
}

TEST(ExitCodeOf, FollowsTheClass) {
  EXPECT_EQ(ExitCodeOf(arrow::Status::OK()), 0);
  EXPECT_EQ(ExitCodeOf(UserError("x")), 2);
  EXPECT_EQ(ExitCodeOf(TransientError("x")), 1);
  EXPECT_EQ(ExitCodeOf(PermanentError("x")), 1);
  EXPECT_EQ(ExitCodeOf(BugError("x")), 1);
  EXPECT_EQ(ExitCodeOf(arrow::Status::Invalid("of Arrow itself")), 1);
  EXPECT_EQ(ExitCodeOf(TransientError("x", std::string(kInterruptedCode))), 130);
}

TEST(ErrorText, WhatAServerRefusesHasAStepOfItsOwn) {
  EXPECT_THAT(std::string(NextStep(UserError("no", "28P01"))), testing::HasSubstr("password"));
  EXPECT_THAT(std::string(NextStep(UserError("no", "3D000"))), testing::HasSubstr("database"));
  EXPECT_THAT(std::string(NextStep(UserError("no", "42501"))),
              testing::HasSubstr("headrace check"));
  EXPECT_EQ(NextStep(UserError("no", "42P01")), "");
  EXPECT_EQ(NextStep(UserError("no")), "");
}

}  // namespace
}  // namespace headrace
