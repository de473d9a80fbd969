#include "headrace/source/postgres/settings.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

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

/// libpq sets them on the socket (TCP_KEEPIDLE and its like).
TEST(PgSettingsTest, DeadPeersAreNoticedUnlessTheUriSaysOtherwise) {
  const auto settings = ReadPgSettings(JobValues("postgresql://h/d")).ValueOrDie();
  EXPECT_EQ(settings.connect.Find("keepalives_idle"), "30");
  EXPECT_EQ(settings.connect.Find("keepalives_interval"), "15");
  EXPECT_EQ(settings.connect.Find("keepalives_count"), "6");
  EXPECT_EQ(settings.connect.Find("tcp_user_timeout"), "120000");
  const auto own = ReadPgSettings(JobValues("postgresql://h/d?keepalives_idle=5")).ValueOrDie();
  EXPECT_EQ(own.connect.Find("keepalives_idle"), "5");
  const auto shorter =
      ReadPgSettings(JobValues("postgresql://h/d?tcp_user_timeout=1")).ValueOrDie();
  EXPECT_EQ(shorter.connect.Find("tcp_user_timeout"), "1");
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

TEST(PgSettingsTest, ThePlaceIsWithoutUserAndSecrets) {
  const auto place = [](const std::string& uri) {
    return PgPlaceText(ReadPgSettings(JobValues(uri)).ValueOrDie().connect);
  };
  EXPECT_EQ(place("postgresql://etl:hunter2@db:7/shop"), "postgresql://db:7/shop");
  EXPECT_EQ(place("postgresql://etl@/shop?host=/run/pg&port=7"), "postgresql://%2Frun%2Fpg:7/shop");
  EXPECT_EQ(place("postgresql://etl@db:7"), "postgresql://db:7/etl");
  EXPECT_EQ(place("postgresql://etl@db:7/shop?hostaddr=127.0.0.1&sslmode=verify-full"),
            "postgresql://127.0.0.1:7/shop");
  EXPECT_EQ(place("postgresql://a:1,b:2/shop"), "postgresql://a,b:1,2/shop");
  EXPECT_EQ(place("postgresql://db/shop?service=none_of_this_name"), "");
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

TEST(PgSettingsTest, AnAtOfAPasswordIsWrittenEncoded) {
  for (const char* uri : {"postgresql://etl:hunter@2@h:5432/d", "postgres://etl:hunter2@@h/d",
                          "postgresql://me@work:hunter2@h?dbname=d"}) {
    const auto faults = PgOptionFaults(JobValues(uri));
    ASSERT_EQ(faults.size(), 1) << uri;
    EXPECT_EQ(faults[0].key, "uri");
    EXPECT_EQ(faults[0].message,
              "there is more than one @ before the host; in a user name or a password, @ must be "
              "written %40");
  }
  for (const char* uri : {"postgresql://etl:hunter%402@h/d", "postgresql://%40socket/d",
                          "postgresql://u@h/d@e", "host=@socket user=u@v"}) {
    EXPECT_TRUE(PgOptionFaults(JobValues(uri)).empty()) << uri;
  }
}

TEST(PgSettingsTest, APartInThePlaceOfAnotherIsRefusedAndNotShown) {
  for (const char* uri :
       {"postgresql://h:5432/d&user=u&password=hunter2", "postgresql://u@h/d;password=hunter2",
        "host=h;port=5432;user=u;password=hunter2;dbname=d", "host=h user=u,password=hunter2",
        "user=u;password=hunter2;dbname=d", "postgresql://h/duser=u&password=hunter2",
        "host=h user=upassword=hunter2", "postgresql://u;hunter2@h/d",
        "postgresql://u%3Ahunter2@h/d", "postgresql://u/hunter2@h/d", "postgresql://u/hunter2@h",
        "host=h application_name=x;PWD=hunter2", "host=h dbname=d?password=hunter2",
        "host=h:5432:shop:u:hunter2", "postgresql://u@h/d%3Fpassword=hunter2",
        "postgresql://h&password=hunter2/d", "host=db:5432:cafe:ada:hunter2",
        "host=db:5432:cafe:ada:deadbeef01hunter2", "host=::1,db:5432:d:u:hunter2"}) {
    const auto faults = PgOptionFaults(JobValues(uri));
    ASSERT_EQ(faults.size(), 1) << uri;
    EXPECT_EQ(faults[0].key, "uri");
    EXPECT_EQ(faults[0].message.find("hunter2"), std::string::npos) << faults[0].message;
  }
  for (const char* uri : {"postgresql://me%40work:a:b;c&d=e@h/d", "postgresql://u@[::1]:1/d",
                          "postgresql://u@/d?host=/run/a%40b", "host=a,b port=1,2 user='a b'",
                          "postgresql://u@[fe80::1%25eth0]/d", "host=fe80::1%eth0",
                          "postgresql://u@db.example,[2001:db8::2]/d", "host=a,/sql/p:r:i",
                          "postgresql://u@h/my-db_1?options=-c%20search_path%3Dx"}) {
    EXPECT_TRUE(PgOptionFaults(JobValues(uri)).empty()) << uri;
  }
  for (const char* key : {"database", "host", "user", "service"}) {
    OptionValues values;
    values.Set(key, std::string("x;Password=hunter2"));
    ASSERT_EQ(PgOptionFaults(values).size(), 1) << key;
    EXPECT_EQ(PgOptionFaults(values)[0].message, "holds a password, which has a key of its own");
  }
}

TEST(PgSettingsTest, AUriInAnotherKeyIsRefusedAndNotShown) {
  for (const char* key : {"database", "host", "user", "service"}) {
    OptionValues values;
    values.Set(key, std::string("postgresql://etl:hunter2@h/d"));
    const auto faults = PgOptionFaults(values);
    ASSERT_EQ(faults.size(), 1) << key;
    EXPECT_EQ(faults[0].key, key);
    EXPECT_EQ(faults[0].message, "is a URI; that is what the key `uri` is for");
  }
  OptionValues values;
  values.Set("host", std::string("etl:hunter2@h"));
  ASSERT_EQ(PgOptionFaults(values).size(), 1);
  EXPECT_EQ(PgOptionFaults(values)[0].message,
            "holds an @; user and password have keys of their own");
  for (const char* host :
       {"db.example", "/run/a@b", "@abstract", "::1", "fe80::1%eth0", "db.example,2001:db8::2"}) {
    values.Set("host", std::string(host));
    EXPECT_TRUE(PgOptionFaults(values).empty()) << host;
  }
}

TEST(PgSettingsTest, ARefusedLogInNamesTheEndpoint) {
  const auto connect = ReadPgSettings(JobValues("postgresql://etl:hunter2@db.example:5433/shop"))
                           .ValueOrDie()
                           .connect;
  const auto named = [&](const arrow::Status& status) {
    return NameEndpoint(status, connect).message();
  };
  const std::string endpoint = " (at postgresql://etl@db.example:5433/shop)";
  EXPECT_EQ(named(UserError("password authentication failed", "28P01")),
            "password authentication failed" + endpoint);
  EXPECT_EQ(named(UserError("database \"shop\" does not exist", "3D000")),
            "database \"shop\" does not exist" + endpoint);
  EXPECT_EQ(named(TransientError("no connection within connect_timeout", "08006")),
            "no connection within connect_timeout" + endpoint);
  EXPECT_EQ(named(TransientError("could not translate host name \"db.example\"", "08006")),
            "could not translate host name \"db.example\"");
  EXPECT_EQ(named(UserError("permission denied for table t", "42501")),
            "permission denied for table t");
}

TEST(PgSettingsTest, TheServerRefusesWhatPoliciesWouldThinUnlessTheJobAcceptsIt) {
  const auto statements = [](const OptionValues& values, SourceUse use = SourceUse::kCopy) {
    return BeginStatements(ReadPgSettings(values, use).ValueOrDie(), 150000);
  };
  OptionValues values = JobValues("postgresql://h/d");
  const auto sets = [&](const std::string& text, std::string_view value) {
    return text.find("SET LOCAL row_security = " + std::string(value) + ";") != std::string::npos;
  };
  EXPECT_TRUE(sets(statements(values), "off"));
  EXPECT_TRUE(sets(statements(values, SourceUse::kLook), "on")) << "no row is read";
  values.Set("row_security", std::string("accept"));
  EXPECT_TRUE(sets(statements(values), "on")) << "whatever the role's own setting is";
  values.Set("row_security", std::string("error"));
  EXPECT_TRUE(sets(statements(values), "off"));
  values.Set("row_security", std::string("ignore"));
  EXPECT_EQ(ClassOf(ReadPgSettings(values).status()), ErrorClass::kUser);
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

/// Sent data that nobody acknowledges keeps the kernel from its keep-alives.
TEST_F(PostgresSettingsTest, TheSocketHasATimeForWhatIsNotAcknowledged) {
  const auto settings = ReadPgSettings(JobValues(TestServerUri())).ValueOrDie();
  const auto connection = PgConnection::Connect(settings.connect, {});
  ASSERT_TRUE(connection.ok()) << connection.status();
  unsigned int milliseconds = 0;
  socklen_t size = sizeof(milliseconds);
  ASSERT_EQ(getsockopt(connection->socket(), IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, &size),
            0);
  EXPECT_EQ(milliseconds, 120'000U);
}

TEST_F(PostgresSettingsTest, TheServerSeesTheNameOfTheUriOrOurs) {
  EXPECT_EQ(NameSeen("?application_name=mine"), "mine");
  EXPECT_EQ(NameSeen(""), "headrace");
}

}  // namespace
}  // namespace headrace
