#include "headrace/model/job_parameter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ChangedParametersTest, AreThoseOfBothWithAnotherValue) {
  const JobParameter monday{"${FROM}", "1"};
  const JobParameter tuesday{"${FROM}", "2"};
  const JobParameter lake{"${LAKE}", "1", true};
  EXPECT_THAT(ChangedParameters({monday, lake}, {tuesday, lake}), ElementsAre(tuesday));
  EXPECT_THAT(ChangedParameters({monday, lake}, {monday}), IsEmpty());
  EXPECT_THAT(ChangedParameters({}, {tuesday}), IsEmpty()) << "the text has changed with it";
}

TEST(ChangedParametersTest, OneOfTheDestinationIsAnotherThanThatOfTheRows) {
  EXPECT_THAT(ChangedParameters({{"${DAY}", "1"}}, {{"${DAY}", "2", true}}), IsEmpty());
}

}  // namespace
}  // namespace headrace
