#include "headrace/client/bigquery/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(BigQueryEndpoint, IsTheServiceUnlessAnEmulatorIsNamed) {
  for (const std::optional<std::string>& none : {std::optional<std::string>(), {""}}) {
    const auto endpoint = ResolveBigQueryEndpoint(none).ValueOrDie();
    EXPECT_EQ(endpoint.root, "https://bigquery.googleapis.com");
    EXPECT_FALSE(endpoint.is_emulator);
  }
}

TEST(BigQueryEndpoint, AnEmulatorMayBeAHostOrAUrl) {
  for (const char* host : {"127.0.0.1:9050", "http://127.0.0.1:9050", "http://127.0.0.1:9050/"}) {
    const auto endpoint = ResolveBigQueryEndpoint(host).ValueOrDie();
    EXPECT_EQ(endpoint.root, "http://127.0.0.1:9050");
    EXPECT_TRUE(endpoint.is_emulator);
  }
  EXPECT_EQ(ResolveBigQueryEndpoint("[::1]:1")->root, "http://[::1]:1");
}

TEST(BigQueryEndpoint, AnEmulatorElsewhereIsRefused) {
  for (const char* host : {"example.com:9050", "http://127.0.0.1.example.com", "10.0.0.1:9050",
                           "http://127.0.0.1@example.com", "ftp://127.0.0.1", "://"}) {
    const arrow::Status error = ResolveBigQueryEndpoint(host).status();
    EXPECT_EQ(ClassOf(error), ErrorClass::kUser) << host;
    EXPECT_THAT(error.message(), testing::HasSubstr("BIGQUERY_EMULATOR_HOST"));
  }
}

}  // namespace
}  // namespace headrace
