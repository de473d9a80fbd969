#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "headrace/client/postgres/connection.h"

namespace headrace {

/// How to reach the server whose URI is in the file that HEADRACE_TEST_POSTGRES names.
inline PgConnectSettings TestServerSettings() {
  const char* path = std::getenv("HEADRACE_TEST_POSTGRES");
  EXPECT_NE(path, nullptr) << "HEADRACE_TEST_POSTGRES must name a file with the URI of a server";
  std::string uri;
  if (path != nullptr) {
    std::ifstream file(path);
    std::getline(file, uri);
  }
  auto settings = ParsePgUri(uri);
  EXPECT_TRUE(settings.ok()) << settings.status();
  return settings.ok() ? *settings : PgConnectSettings{};
}

inline PgConnection ConnectToTestServer() {
  return PgConnection::Connect(TestServerSettings(), {}).ValueOrDie();
}

}  // namespace headrace
