#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <string>

#include "headrace/model/ascii.h"

namespace headrace {

/// The root URL of the stand-in `name` ("gcs", "bigquery"), which is in a file of the folder that
/// HEADRACE_TEST_STAND_INS names. Fails the test where there is none.
inline std::string TestStandIn(const std::string& name) {
  const char* folder = std::getenv("HEADRACE_TEST_STAND_INS");
  EXPECT_NE(folder, nullptr) << "HEADRACE_TEST_STAND_INS must name a folder with URIs of servers";
  std::string uri;
  if (folder != nullptr) {
    std::ifstream file(std::string(folder) + "/" + name + ".uri");
    std::getline(file, uri);
  }
  EXPECT_FALSE(uri.empty()) << name << " does not run";
  return uri;
}

/// A name that no other test has used: of a bucket, or a dataset where `_` stands for the dashes.
inline std::string TestName(char between = '-') {
  static std::atomic<int> count = 0;
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  std::string name = LowerAsciiText(test->name());
  std::ranges::replace(name, '/', between);  // Of a test with a parameter.
  return name + between + std::to_string(::getpid()) + between + std::to_string(++count);
}

}  // namespace headrace
