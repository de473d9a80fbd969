#include "headrace/cli/typed_secrets.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace headrace {
namespace {

std::string Hidden(std::initializer_list<const char*> words, std::string_view text) {
  return TypedSecrets({words.begin(), words.size()}).Hide(text);
}

TEST(TypedSecrets, HidesThePasswordOfAUriWhereverItStands) {
  const char* const uri = "postgresql://etl:hunter2@h/d";
  EXPECT_EQ(Hidden({"run", uri}, uri), "postgresql://etl:***@h/d");
  EXPECT_EQ(Hidden({"runs", "--state", uri}, "h: hunter2"), "h: ***");
  EXPECT_EQ(Hidden({"run", "--URI=postgresql://etl:hunter2@h/d"}, "hunter2"), "***");
  EXPECT_EQ(Hidden({"run", "--set", "source.uri=postgresql://etl:hunter2@h/d"}, "hunter2"), "***");
}

TEST(TypedSecrets, HidesWhatABlankCutOffTheAssignmentOfASecret) {
  EXPECT_EQ(Hidden({"run", "--set", "source.password", "hunter2"}, "no hunter2"), "no …");
  EXPECT_EQ(Hidden({"run", "--set=source.password", "hunter2"}, "no hunter2"), "no …");
  EXPECT_EQ(Hidden({"run", "--set", "source.password", "=", "hunter2"}, "a=b hunter2"), "a=b …");
  EXPECT_EQ(Hidden({"run", "--set", "source={password:", "hunter2}"}, "hunter2}"), "…");
}

TEST(TypedSecrets, HidesAShortWordWhereItIsOneOfItsOwn) {
  EXPECT_EQ(Hidden({"run", "--set", "source.password", "ab"}, "\"ab\" is absent"),
            "\"…\" is absent");
}

TEST(TypedSecrets, ShowsWordsThatAreNoSecret) {
  EXPECT_EQ(Hidden({"run", "--set", "source.path", "orders"}, "orders"), "orders");
  EXPECT_EQ(Hidden({"run", "--set", "source.password=x", "orders"}, "orders"), "orders");
  EXPECT_EQ(Hidden({"run", "--set", "source.password", "--only", "orders"}, "orders"), "orders");
  EXPECT_EQ(Hidden({"run", "--set", "tables[0].where=mail = ':some@body'"}, "some@body"),
            "some@body");
}

TEST(TypedSecrets, KeepsClassAndCodeOfAnError) {
  const char* const words[] = {"inspect", "postgresql://etl:hunter2@h/d"};
  const arrow::Status hidden = TypedSecrets(words).Hide(TransientError("not hunter2", "08006"));
  EXPECT_EQ(hidden.message(), "not ***");
  EXPECT_EQ(ClassOf(hidden), ErrorClass::kTransient);
  EXPECT_EQ(CodeOf(hidden), "08006");
}

}  // namespace
}  // namespace headrace
