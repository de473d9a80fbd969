#include "headrace/run/run_id.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(RunIdTest, AMadeIdIsAnIdAndNotMadeTwice) {
  const std::string run = MakeRunId();
  EXPECT_EQ(run.size(), std::string("20260131T235958-4f2a9c").size());
  EXPECT_TRUE(CheckRunId(run).ok());
  EXPECT_NE(run, MakeRunId());
}

TEST(RunIdTest, SchedulersIdsAreIds) {
  for (const char* run :
       {"2025-01-31", "scheduled__2024-01-01T00:00:00+00:00", "a b/c", "Übersicht"}) {
    EXPECT_TRUE(CheckRunId(run).ok()) << run;
  }
  EXPECT_TRUE(CheckRunId(std::string(kMostRunIdBytes, 'x')).ok());
}

TEST(RunIdTest, WhatCannotNameADirectoryIsRefused) {
  for (const std::string& run :
       {std::string(), std::string(kMostRunIdBytes + 1, 'x'), std::string(kLatestRun),
        std::string(kMostRunIdBytes / 3 + 1, ':'), std::string("a\xFF"), std::string("a\x1b[31m"),
        std::string("a\nb"), std::string("a\0b", 3), std::string("-x2"),
        std::string("a\xE2\x80\xAE"
                    "b")}) {
    const arrow::Status status = CheckRunId(run);
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << run;
    EXPECT_NE(status.message().find("--run-id"), std::string::npos);
  }
}

}  // namespace
}  // namespace headrace
