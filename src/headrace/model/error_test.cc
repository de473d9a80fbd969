#include "headrace/model/error.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "headrace/model/error_json.h"

namespace headrace {
namespace {

TEST(ErrorTest, EachClassIsKeptWithItsCode) {
  for (const ErrorClass error_class :
       {ErrorClass::kUser, ErrorClass::kTransient, ErrorClass::kPermanent, ErrorClass::kBug}) {
    const arrow::Status status = MakeError(error_class, "it broke", "57P01");
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.message(), "it broke");
    EXPECT_EQ(ClassOf(status), error_class);
    EXPECT_EQ(CodeOf(status), "57P01");
  }
}

TEST(ErrorTest, Names) {
  EXPECT_EQ(ErrorClassName(ErrorClass::kUser), "user");
  EXPECT_EQ(ErrorClassName(ErrorClass::kTransient), "transient");
  EXPECT_EQ(ErrorClassName(ErrorClass::kPermanent), "permanent");
  EXPECT_EQ(ErrorClassName(ErrorClass::kBug), "bug");
}

TEST(ErrorTest, ShortFormsHaveTheirClass) {
  EXPECT_EQ(ClassOf(UserError("")), ErrorClass::kUser);
  EXPECT_EQ(ClassOf(TransientError("")), ErrorClass::kTransient);
  EXPECT_EQ(ClassOf(PermanentError("")), ErrorClass::kPermanent);
  EXPECT_EQ(ClassOf(BugError("")), ErrorClass::kBug);
  EXPECT_EQ(CodeOf(BugError("")), "");
}

TEST(ErrorTest, ErrorsOfArrowArePermanentAndWithoutCode) {
  const arrow::Status status = arrow::Status::IOError("disk full");
  EXPECT_EQ(ClassOf(status), ErrorClass::kPermanent);
  EXPECT_EQ(CodeOf(status), "");
}

TEST(ErrorTest, ContextKeepsClassAndCode) {
  const arrow::Status status = WithContext(TransientError("cut", "08006"), "table t, unit 3");
  EXPECT_EQ(status.message(), "table t, unit 3: cut");
  EXPECT_EQ(ClassOf(status), ErrorClass::kTransient);
  EXPECT_EQ(CodeOf(status), "08006");
}

TEST(ErrorTest, TheDetailIsReadable) {
  EXPECT_EQ(ErrorDetail(ErrorClass::kTransient, "08006").ToString(), "transient 08006");
  EXPECT_EQ(ErrorDetail(ErrorClass::kUser, "").ToString(), "user");
}

TEST(ErrorTest, AnErrorInJsonHasClassAndCode) {
  EXPECT_EQ(ErrorJson(TransientError("cut", "08006")).dump(),
            R"({"class":"transient","code":"08006","message":"cut"})");
}

}  // namespace
}  // namespace headrace
