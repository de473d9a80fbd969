#include "headrace/cli/uri_secret.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(UriSecret, HidesThePasswordAsWrittenAndDecoded) {
  const UriSecret secret("postgresql://etl:p%40ssword@127.0.0.1:5432/shop");
  EXPECT_EQ(secret.Hide("password \"p@ssword\" (p%40ssword) for etl"),
            "password \"***\" (***) for etl");
}

TEST(UriSecret, HidesThePiecesOfAPasswordThatShouldHaveBeenEncoded) {
  const UriSecret secret("postgresql://etl:top/secret@db:5432/shop");
  EXPECT_EQ(secret.Hide("invalid integer value \"top\" for connection option \"port\""),
            "invalid integer value \"***\" for connection option \"port\"");
  EXPECT_EQ(secret.Hide("no database secret@db:5432/shop"), "no database ***@db:5432/shop");
}

TEST(UriSecret, HidesPasswordsOfTheQuery) {
  const UriSecret secret("postgresql:///shop?user=etl&password=hunter2&sslpassword=keypass");
  EXPECT_EQ(secret.Hide("hunter2, keypass, etl"), "***, ***, etl");
  EXPECT_EQ(UriSecret("postgresql:///shop?%70assword=hunter2").Hide("no hunter2"), "no ***");
}

TEST(UriSecret, LeavesWordsThatTheUriSaysOpenly) {
  const UriSecret secret("postgresql://postgres:postgres@127.0.0.1/shop");
  EXPECT_EQ(secret.Hide("role \"postgres\" does not exist"), "role \"postgres\" does not exist");
}

TEST(UriSecret, HidesAShortPasswordOnlyWhereItStandsAsInAUri) {
  const UriSecret secret("postgresql://etl:a@127.0.0.1/shop");
  EXPECT_EQ(secret.Hide("a bad value \"a\" in a@127.0.0.1"),
            "a bad value \"***\" in ***@127.0.0.1");
}

TEST(UriSecret, HidesAPasswordThatLooksLikeWhatStandsForIt) {
  EXPECT_EQ(UriSecret("postgresql://etl:*@h/x").Hide("no \"*\" in etl:*@h, 2 * 3"),
            "no \"***\" in etl:***@h, 2 * 3");
  EXPECT_EQ(UriSecret("postgresql://etl:**@h/x").Hide("etl:**@h"), "etl:***@h");
  EXPECT_EQ(UriSecret("postgresql://etl:a:*@h/x").Hide("etl:a:*@h \"*\""), "etl:***@h \"***\"");
}

TEST(UriSecret, HidesWhatOverlaps) {
  EXPECT_EQ(UriSecret("postgresql:///x?password=hunter&sslpassword=terrier")
                .Hide("a hunterrier, hunterhunter"),
            "a ***, ***");
}

TEST(UriSecret, KeepsClassAndCodeOfAnError) {
  const UriSecret secret("postgresql://etl:hunter2@127.0.0.1/shop");
  const arrow::Status hidden = secret.Hide(TransientError("cannot use hunter2", "08006"));
  EXPECT_EQ(hidden.message(), "cannot use ***");
  EXPECT_EQ(ClassOf(hidden), ErrorClass::kTransient);
  EXPECT_EQ(CodeOf(hidden), "08006");
}

TEST(UriSecret, FindsNoneInAUriWithout) {
  EXPECT_EQ(UriSecret("sqlite:///data/shop.db").Hide("data/shop.db: no such file"),
            "data/shop.db: no such file");
  EXPECT_EQ(UriSecret("").Hide("x"), "x");
}

}  // namespace
}  // namespace headrace
