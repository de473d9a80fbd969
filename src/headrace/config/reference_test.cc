#include "headrace/config/reference.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <stop_token>
#include <string>
#include <thread>

namespace headrace {
namespace {

Environment TestEnvironment() {
  return {
      .variable = [](const std::string& name) -> std::optional<std::string> {
        static const std::map<std::string, std::string> kVariables = {
            {"USER_NAME", "etl"}, {"EMPTY", ""}, {"NESTED", "${USER_NAME}"}};
        const auto variable = kVariables.find(name);
        return variable == kVariables.end() ? std::nullopt
                                            : std::optional<std::string>(variable->second);
      },
      .file = [](const std::filesystem::path& path) -> arrow::Result<std::string> {
        static const std::map<std::string, std::string> kFiles = {
            {"/run/secret", "hunter2\n"}, {"/jobs/secret", "beside\r\n"}, {"/run/two", "a\n\n"}};
        const auto file = kFiles.find(path.string());
        if (file == kFiles.end()) return UserError("cannot read " + path.string());
        return file->second;
      }};
}

std::string Expanded(std::string_view text) {
  const auto expanded = ExpandReferences(text, TestEnvironment(), "/jobs");
  return expanded.ok() ? *expanded : "error: " + expanded.status().message();
}

TEST(ReferenceTest, VariablesAndFiles) {
  EXPECT_EQ(Expanded("plain $ and $$ and {}"), "plain $ and $$ and {}");
  EXPECT_EQ(Expanded("${USER_NAME}"), "etl");
  EXPECT_EQ(Expanded("a ${USER_NAME}${EMPTY}@${USER_NAME}"), "a etl@etl");
  EXPECT_EQ(Expanded("${file:/run/secret}"), "hunter2");
  EXPECT_EQ(Expanded("${file:secret}"), "beside") << "relative paths start at the job's folder";
  EXPECT_EQ(Expanded("${file:/run/two}"), "a\n") << "only the last line end goes";
}

TEST(ReferenceTest, LiteralAndNoSecondPass) {
  EXPECT_EQ(Expanded("$${USER_NAME}"), "${USER_NAME}");
  EXPECT_EQ(Expanded("$$${USER_NAME}"), "$${USER_NAME}");
  EXPECT_EQ(Expanded("${NESTED}"), "${USER_NAME}");
}

TEST(ReferenceTest, ErrorsNameTheReference) {
  EXPECT_EQ(Expanded("x${MISSING}"), "error: the environment variable MISSING is not set");
  EXPECT_EQ(Expanded("${file:/run/missing}"), "error: cannot read /run/missing");
  EXPECT_EQ(Expanded("${USER_NAME"), "error: '${' without its '}': write $${ for a literal ${");
  for (const char* text : {"${}", "${1A}", "${A-B}", "${A:-b}", "${env:A}", "${ A }"}) {
    EXPECT_NE(Expanded(text).find("is no reference"), std::string::npos) << text;
  }
}

TEST(ReferenceTest, ErrorsDoNotNameWhatMayBeAPieceOfASecret) {
  for (const char* text : {"pa${ss-word}1", "ab${MISSING}ef", "ab${file:/run/missing}", "${}ef"}) {
    const auto expanded =
        ExpandReferences(text, TestEnvironment(), "/jobs", [&](TextRange reference) {
          EXPECT_EQ(text[reference.begin], '$');
          EXPECT_EQ(text[reference.begin + reference.size - 1], '}');
          return false;
        });
    EXPECT_EQ(ClassOf(expanded.status()), ErrorClass::kUser);
    EXPECT_EQ(expanded.status().message(),
              "a reference ${…} in it cannot be resolved (which one is not shown, it may be part "
              "of a password): write $${ for a literal ${");
  }
}

TEST(ReferenceTest, RememberedIsAskedOnce) {
  int asked = 0;
  const Environment counting = {
      .variable = [&asked](const std::string&) -> std::optional<std::string> {
        return std::to_string(++asked);
      },
      .file =
          [&asked](const std::filesystem::path&) {
            return arrow::Result<std::string>(std::to_string(++asked));
          }};
  const Environment remembered = Remembered(counting);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(ExpandReferences("${A} ${B} ${file:/a}", remembered, "/").ValueOrDie(), "1 2 3");
  }
}

TEST(ReferenceTest, HasFileReference) {
  EXPECT_TRUE(HasFileReference("v <> '${file:/run/secret}'"));
  EXPECT_TRUE(HasFileReference("$${A} ${file:a}"));
  EXPECT_FALSE(HasFileReference("${A} $${file:a} file:"));
}

TEST(ReferenceTest, HasReference) {
  EXPECT_TRUE(HasReference("a${B}"));
  EXPECT_TRUE(HasReference("$${"));
  EXPECT_FALSE(HasReference("$B {}"));
}

class SmallFileTest : public testing::Test {
 protected:
  SmallFileTest() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("headrace_reference_") + test->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~SmallFileTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path Write(const std::string& content) const {
    std::ofstream(folder_ / "file", std::ios::binary) << content;
    return folder_ / "file";
  }
  std::filesystem::path Pipe() {
    const std::filesystem::path pipe = folder_ / "pipe";
    EXPECT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    return pipe;
  }

  std::filesystem::path folder_;
};

TEST_F(SmallFileTest, ReadsAllOfIt) {
  EXPECT_EQ(ReadSmallFile(Write("")).ValueOrDie(), "");
  EXPECT_EQ(ReadSmallFile(Write(std::string("a\0b\n", 4))).ValueOrDie(), std::string("a\0b\n", 4));
  EXPECT_EQ(ReadSmallFile(Write(std::string(1 << 20, 'x'))).ValueOrDie().size(), size_t{1} << 20);
}

TEST_F(SmallFileTest, SaysWhyNot) {
  const auto message = [](const std::filesystem::path& path) {
    return ReadSmallFile(path).status().message();
  };
  const std::string missing = (folder_ / "missing").string();
  EXPECT_EQ(message(missing), "cannot read " + missing + ": No such file or directory");
  EXPECT_EQ(message(folder_), "cannot read " + folder_.string() + ": it is a directory");
  EXPECT_NE(message(Write(std::string((1 << 20) + 1, 'x'))).find("larger than 1 MiB"),
            std::string::npos);
  EXPECT_EQ(ClassOf(ReadSmallFile(missing).status()), ErrorClass::kUser);
}

TEST_F(SmallFileTest, APipeIsReadToItsEndWhoeverComesFirst) {
  const std::filesystem::path pipe = Pipe();
  for (const std::string text : {"", "hunter2\n"}) {
    const std::jthread writer([&] { std::ofstream(pipe) << text; });
    EXPECT_EQ(ReadSmallFile(pipe).ValueOrDie(), text);
  }
}

TEST_F(SmallFileTest, ThePartsOfAPipeAreWaitedFor) {
  const std::filesystem::path pipe = Pipe();
  const std::jthread writer([&] {
    std::ofstream file(pipe);
    for (int part = 0; part < 100; ++part) file << std::string(1000, 'x') << std::flush;
  });
  EXPECT_EQ(ReadSmallFile(pipe).ValueOrDie().size(), 100'000U);
}

TEST_F(SmallFileTest, TheWaitForAPipeThatNobodyWritesToCanBeStopped) {
  const std::filesystem::path pipe = Pipe();
  const std::stop_source source;
  source.request_stop();
  const arrow::Status nobody = ReadSmallFile(pipe, source.get_token()).status();
  EXPECT_EQ(CodeOf(nobody), kInterruptedCode);
  EXPECT_NE(nobody.message().find(pipe.string() + " was waited for"), std::string::npos) << nobody;
  const std::fstream silent(pipe);  // Both ends: does not wait for anybody.
  EXPECT_EQ(CodeOf(ReadSmallFile(pipe, source.get_token()).status()), kInterruptedCode);
  EXPECT_EQ(ReadSmallFile(Write("text"), source.get_token()).ValueOrDie(), "text");
}

}  // namespace
}  // namespace headrace
