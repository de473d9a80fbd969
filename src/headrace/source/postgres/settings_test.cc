#include "headrace/source/postgres/settings.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

using std::chrono::milliseconds;

/// As the parser leaves them: defaults are there, and known as such.
OptionValues Options(const std::string& uri) {
  OptionValues values;
  values.Set("application_name", std::string("headrace"), /*from_default=*/true);
  values.Set("connect_timeout", int64_t{30'000}, /*from_default=*/true);
  if (!uri.empty()) values.Set("uri", uri);
  return values;
}

TEST(PgSettingsTest, AUriWinsOverDefaults) {
  const auto settings =
      ReadPgSettings(Options("postgresql://h/d?application_name=shop&connect_timeout=7"));
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->connect.Find("application_name"), "shop");
  EXPECT_EQ(settings->connect.connect_timeout, milliseconds(7'000));
}

TEST(PgSettingsTest, KeysWinOverAUri) {
  OptionValues values =
      Options("postgresql://u@h:1/d?application_name=shop&connect_timeout=7&sslmode=disable");
  values.Set("application_name", std::string("mine"));
  values.Set("connect_timeout", int64_t{2'000});
  values.Set("sslmode", std::string("require"));
  values.Set("port", int64_t{2});
  values.Set("database", std::string("e"));
  const auto settings = ReadPgSettings(values);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->connect.Find("application_name"), "mine");
  EXPECT_EQ(settings->connect.connect_timeout, milliseconds(2'000));
  EXPECT_EQ(settings->connect.Find("sslmode"), "require");
  EXPECT_EQ(settings->connect.Find("port"), "2");
  EXPECT_EQ(settings->connect.Find("dbname"), "e");
}

TEST(PgSettingsTest, WithoutAUriDefaultsHold) {
  const auto settings = ReadPgSettings(Options(""));
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->connect.Find("application_name"), "headrace");
  EXPECT_EQ(settings->connect.connect_timeout, milliseconds(30'000));
}

TEST(PgSettingsTest, WhatNeverConnectsIsTheUsersToMend) {
  for (const char* uri :
       {"postgresql://u:hunter2@h:port/d", "postgresql://u:hunter2@h:99999/d",
        "postgresql://u:hunter2@h1:5432,h2:0/d", "postgresql://u:hunter2@h/d?sslmode=always",
        "postgresql://u:hunter2@h/d?connect_timeout=soon", "http://u:hunter2@h/d"}) {
    const arrow::Status status = ReadPgSettings(Options(uri)).status();
    ASSERT_FALSE(status.ok()) << uri;
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << uri;
    EXPECT_NE(status.message().find("uri"), std::string::npos) << status;
    EXPECT_EQ(status.message().find("hunter2"), std::string::npos) << status;
  }
}

TEST(PgSettingsTest, SeveralHostsMayHaveAPortEachOrOneForAll) {
  EXPECT_TRUE(ReadPgSettings(Options("postgresql://h1:5432,h2:5433/d")).ok());
  EXPECT_TRUE(ReadPgSettings(Options("postgresql://h1,h2/d?port=5433")).ok());
  EXPECT_TRUE(ReadPgSettings(Options("postgresql://h1:5432,h2/d")).ok());
}

}  // namespace
}  // namespace headrace
