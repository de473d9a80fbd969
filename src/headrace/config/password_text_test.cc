#include "headrace/config/password_text.h"

#include <gtest/gtest.h>

#include <map>

namespace headrace {
namespace {

TEST(WithoutPasswordTest, HidesPasswordsOfUris) {
  EXPECT_EQ(WithoutPassword("postgresql://etl:hunter2@127.0.0.1:5432/shop"),
            "postgresql://etl:***@127.0.0.1:5432/shop");
  EXPECT_EQ(WithoutPassword("postgresql://etl:hunt/er@2@h/shop"), "postgresql://etl:***@h/shop");
  EXPECT_EQ(WithoutPassword("postgresql:///shop?user=etl&password=hunter2&x=y"),
            "postgresql:///shop?user=etl&password=***&x=y");
  EXPECT_EQ(WithoutPassword("host=h password=hunter2 port=1"), "host=h password=*** port=1");
}

TEST(WithoutPasswordTest, HidesEveryParameter) {
  EXPECT_EQ(WithoutPassword("password=a sslpassword=b x=c"), "password=*** sslpassword=*** x=c");
  EXPECT_EQ(WithoutPassword("postgresql:///?password=&password=password="),
            "postgresql:///?password=***&password=***");
  EXPECT_EQ(WithoutPassword("postgresql:///?PASSWORD=a&SslPassword=b"),
            "postgresql:///?PASSWORD=***&SslPassword=***");
  EXPECT_EQ(WithoutPassword("password="), "password=***");
}

TEST(WithoutPasswordTest, HidesWhatLibpqTakesForAPassword) {
  const std::map<std::string, std::string> shown = {
      {"host = h password = hunter22 port = 1", "host = h password = *** port = 1"},
      {"password =hunter22", "password =***"},
      {"password= hunter22", "password= ***"},
      {"password='my hunter22' x=y", "password=*** x=y"},
      {R"(password='it\'s hunter22' x=y)", "password=*** x=y"},
      {"password='never closed", "password=***"},
      {R"(password=a\ hunter22 x=y)", "password=*** x=y"},
      {"password=a=b x=y", "password=*** x=y"},
      {"postgresql:///shop?user=u&%70assword=hunter22", "postgresql:///shop?user=u&%70assword=***"},
      {"postgresql:///shop?pass%57ord=a&x=y", "postgresql:///shop?pass%57ord=***&x=y"},
      {"password=a&b x=y", "password=*** x=y"},
      {"postgresql:///shop?password=abc hunter22", "postgresql:///shop?password=***"},
      {"postgresql:///shop?password= 'a' hunter22&x=y", "postgresql:///shop?password=***&x=y"},
      {R"(postgresql:///shop?password=a\&x=y)", "postgresql:///shop?password=***&x=y"},
      {"postgresql:///shop?sslpassword=a b&password=c d",
       "postgresql:///shop?sslpassword=***&password=***"},
  };
  for (const auto& [text, expected] : shown) EXPECT_EQ(WithoutPassword(text), expected);
}

TEST(WithoutPasswordTest, HidesWhatStandsBehindAColonWithoutABlank) {
  EXPECT_EQ(WithoutPassword("password:hunter2 x"), "password:***");
  EXPECT_EQ(WithoutPassword("db source.sslPassword :a:b"), "db source.sslPassword :***");
  EXPECT_EQ(WithoutPassword("password=a password:b"), "password=*** password:***");
  EXPECT_EQ(WithoutPassword("password:a password=b"), "password:***");
  for (const std::string_view text : {"password: hunter2", "password:", "password", "passwords:a",
                                      "pass word:a", ":password", "source.password:\n"}) {
    EXPECT_EQ(WithoutPassword(text), text);
  }
}

TEST(WithPasswordsRemovedTest, RemovesThemAndNothingElse) {
  const std::map<std::string, std::string> rests = {
      {"postgresql://etl:hunter22@h:1/shop", "postgresql://etl:@h:1/shop"},
      {"postgresql://h:1/shop?user=etl@srv", "postgresql://h:1/shop?user=etl@srv"},
      {"postgresql://h:1/other?application_name=a@b&password=p",
       "postgresql://h:1/other?application_name=a@b&password="},
      {"postgresql://u:pw@h/db?application_name=a@b", "postgresql://u:@h/db?application_name=a@b"},
      {"postgresql:///shop?password='a&dbname=other", "postgresql:///shop?password=&dbname=other"},
      {"postgresql:///shop?password=a b&x=y", "postgresql:///shop?password=&x=y"},
      {"postgresql://u:a?password=b@h/shop", "postgresql://u:@h/shop"},
      {"host=h password = 'p q' dbname=shop", "host=h password =  dbname=shop"},
      {"sqlite:///data/a:b@c.db", "sqlite:///data/a:b@c.db"},
  };
  for (const auto& [text, expected] : rests) EXPECT_EQ(WithPasswordsRemoved(text), expected);
}

TEST(WithoutPasswordTest, LeavesOthersAlone) {
  for (const char* text :
       {"postgresql://etl@127.0.0.1:5432/shop", "a: b@c", "s3://bucket/key", "", "://", "12:30"}) {
    EXPECT_EQ(WithoutPassword(text), text);
  }
}

}  // namespace
}  // namespace headrace
