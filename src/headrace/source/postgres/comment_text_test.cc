#include "headrace/source/postgres/comment_text.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(CommentTextTest, KeepsWhatIsUtf8AndReplacesTheRest) {
  EXPECT_EQ(CommentText("").ValueOrDie(), "");
  EXPECT_EQ(CommentText("636166C3A9").ValueOrDie(), "café");
  EXPECT_EQ(CommentText("636166e921").ValueOrDie(), "caf\uFFFD!");
  EXPECT_EQ(CommentText("f09f9982c3").ValueOrDie(), "🙂\uFFFD") << "cut in a character";
  EXPECT_EQ(ClassOf(CommentText("6").status()), ErrorClass::kBug);
}

}  // namespace
}  // namespace headrace
