#include "headrace/staging/digest_output.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "headrace/client/store/durable_fs.h"
#include "headrace/model/xxh3.h"

namespace headrace {
namespace {

TEST(Xxh3StreamTest, PiecesAreHashedAsTheWhole) {
  // What `xxhsum -H3` prints of no bytes.
  EXPECT_EQ(Xxh3Stream().Hex(), "2d06800538d394c2");
  const std::string text(100'000, 'x');
  Xxh3Stream whole;
  whole.Add(text);
  for (const size_t piece : {1UL, 7UL, 255UL, 4'096UL}) {
    Xxh3Stream hash;
    for (size_t at = 0; at < text.size(); at += piece) {
      hash.Add(std::string_view(text).substr(at, piece));
    }
    EXPECT_EQ(hash.Hex(), whole.Hex()) << piece;
  }
}

TEST(DigestOutputTest, WhatWasWrittenHasTheDigestOfTheFile) {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "headrace-digest-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const std::filesystem::path file = std::filesystem::path(pattern) / "file";
  DigestOutput output(MakeLocalFs()->CreateFile(file).ValueOrDie());
  const std::string text(3 << 20, 'y');
  ASSERT_TRUE(output.Write("head", 4).ok());
  ASSERT_TRUE(output.Write(text.data(), static_cast<int64_t>(text.size())).ok());
  ASSERT_TRUE(output.Seal().ok());
  EXPECT_EQ(DigestOfFile(file.string()).ValueOrDie(), output.Digest());
  std::fstream(file, std::ios::in | std::ios::out).seekp(100).put('z');
  EXPECT_NE(DigestOfFile(file.string()).ValueOrDie(), output.Digest());
  std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace headrace
