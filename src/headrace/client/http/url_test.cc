#include "headrace/client/http/url.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(Url, FormsAreEncodedAndLeaveOutWhatIsEmpty) {
  EXPECT_EQ(EncodeForm({{"a", "1 & 2"}, {"none", ""}, {"b", "ü/=+~."}}),
            "a=1%20%26%202&b=%C3%BC%2F%3D%2B%7E%2E");
  EXPECT_EQ(EncodeForm({}), "");
}

TEST(Url, HostIsWhatStandsBetweenSchemeAndPath) {
  EXPECT_EQ(HostOf("https://bigquery.googleapis.com/bigquery/v2"), "bigquery.googleapis.com");
  EXPECT_EQ(HostOf("http://127.0.0.1:9050"), "127.0.0.1");
  EXPECT_EQ(HostOf("http://[::1]:80/x"), "::1");
  EXPECT_EQ(HostOf("http://user:secret@localhost:80?x@y"), "localhost");
  EXPECT_EQ(HostOf("http://localhost/a@b"), "localhost");
  EXPECT_EQ(HostOf("localhost:9050"), "");
}

TEST(Url, LoopbackIsSoByNameAlone) {
  for (const char* host : {"localhost", "LocalHost", "127.0.0.1", "127.8.255.1", "::1"}) {
    EXPECT_TRUE(IsLoopback(host)) << host;
  }
  for (const char* host : {"", "localhost.example.com", "127.0.0.1.example.com", "127.0.0",
                           "127.0.0.0.1", "127..0.1", "128.0.0.1", "metadata.google.internal"}) {
    EXPECT_FALSE(IsLoopback(host)) << host;
  }
}

TEST(Url, WhatIsShownHasNoQueryAndNoUser) {
  EXPECT_EQ(ShownUrl("https://host:1/upload/x?upload_id=secret#f"), "https://host:1/upload/x");
  EXPECT_EQ(ShownUrl("https://user:secret@host/x@y"), "https://host/x@y");
  EXPECT_EQ(ShownUrl("https://user:secret@host?x"), "https://host");
  for (const char* none : {"secret", "1//secret", "user:secret@host", ""}) {
    EXPECT_EQ(ShownUrl(none), "what is no URL (not shown, it may be a secret)");
  }
}

}  // namespace
}  // namespace headrace
