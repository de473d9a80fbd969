#include "headrace/source/postgres/settings.h"

#include <gtest/gtest.h>

#include "headrace/source/postgres/postgres_source.h"
#include "headrace/source/postgres/test_database.h"

namespace headrace {
namespace {

/// Options as a job gives them: the defaults of the table, and the URI.
OptionValues JobValues(const std::string& uri) {
  OptionValues values;
  values.Set("application_name", std::string("headrace"), /*from_default=*/true);
  values.Set("connect_timeout", int64_t{30'000}, /*from_default=*/true);
  values.Set("uri", uri);
  return values;
}

TEST(PgSettingsTest, DefaultsDoNotWinOverTheUri) {
  const auto settings =
      ReadPgSettings(JobValues("postgresql://h/d?application_name=mine&connect_timeout=2"))
          .ValueOrDie();
  EXPECT_EQ(settings.connect.Find("application_name"), "mine");
  EXPECT_EQ(settings.connect.Find("connect_timeout"), "2");
  EXPECT_EQ(settings.connect.connect_timeout, std::nullopt);
}

TEST(PgSettingsTest, KeysOfTheJobWinOverTheUri) {
  OptionValues values = JobValues("postgresql://u@h:1/d?application_name=mine&connect_timeout=2");
  values.Set("application_name", std::string("key"));
  values.Set("connect_timeout", int64_t{5'000});
  values.Set("port", int64_t{2});
  values.Set("database", std::string("e"));
  const auto settings = ReadPgSettings(values).ValueOrDie();
  EXPECT_EQ(settings.connect.Find("application_name"), "key");
  EXPECT_EQ(settings.connect.Find("port"), "2");
  EXPECT_EQ(settings.connect.Find("dbname"), "e");
  EXPECT_EQ(settings.connect.connect_timeout, std::chrono::milliseconds(5'000));
}

TEST(PgSettingsTest, WhatNeverConnectsIsTheUsersToMend) {
  for (const char* uri :
       {"postgresql://u:hunter2@h:port/d", "postgresql://u:hunter2@h:99999/d",
        "postgresql://u:hunter2@h1:5432,h2:0/d", "postgresql://u:hunter2@h/d?sslmode=always",
        "postgresql://u:hunter2@h/d?channel_binding=bogus",
        "postgresql://u:hunter2@h/d?gssencmode=on",
        "postgresql://u:hunter2@h/d?target_session_attrs=bogus",
        "postgresql://u:hunter2@h/d?connect_timeout=soon", "http://u:hunter2@h/d"}) {
    const arrow::Status status = ReadPgSettings(JobValues(uri)).status();
    ASSERT_FALSE(status.ok()) << uri;
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << uri;
    EXPECT_NE(status.message().find("uri"), std::string::npos) << status;
    EXPECT_EQ(status.message().find("hunter2"), std::string::npos) << status;
  }
}

TEST(PgSettingsTest, AllThatIsWrongWithTheUriIsSaidAtOnce) {
  const auto faults = PgOptionFaults(JobValues(
      "postgresql://u:hunter2@h:0/d?sslmode=always&channel_binding=on&connect_timeout=x"));
  ASSERT_EQ(faults.size(), 4);
  for (const OptionFault& fault : faults) EXPECT_EQ(fault.key, "uri");
  EXPECT_EQ(faults[2].message, "channel_binding is not one of disable, prefer, require");
  EXPECT_TRUE(PgOptionFaults(JobValues("postgresql://h/d?sslmode=require&gssencmode=disable"
                                       "&target_session_attrs=any"))
                  .empty());
  EXPECT_TRUE(PgOptionFaults({}).empty());
}

TEST(PgSettingsTest, SeveralHostsMayHaveAPortEachOrOneForAll) {
  EXPECT_TRUE(ReadPgSettings(JobValues("postgresql://h1:5432,h2:5433/d")).ok());
  EXPECT_TRUE(ReadPgSettings(JobValues("postgresql://h1,h2/d?port=5433")).ok());
  EXPECT_TRUE(ReadPgSettings(JobValues("postgresql://h1:5432,h2/d")).ok());
}

class PostgresSettingsTest : public PostgresDatabaseTest {
 protected:
  std::string NameSeen(const std::string& parameters) {
    const OptionValues values = JobValues(TestServerUri() + parameters);
    const auto connection = PgConnection::Connect(ReadPgSettings(values).ValueOrDie().connect, {});
    EXPECT_TRUE(connection.ok()) << connection.status();
    return connection->ParameterStatus("application_name");
  }
};

TEST_F(PostgresSettingsTest, TheServerSeesTheNameOfTheUriOrOurs) {
  EXPECT_EQ(NameSeen("?application_name=mine"), "mine");
  EXPECT_EQ(NameSeen(""), "headrace");
}

}  // namespace
}  // namespace headrace
