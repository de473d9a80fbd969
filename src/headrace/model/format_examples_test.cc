#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "headrace/model/commit.h"
#include "headrace/model/receipt.h"
#include "headrace/model/xxh3.h"

/// The examples of docs/format are what others write readers from: they keep the rules beside them.
namespace headrace {
namespace {

/// Block number `index`, from 0, of those that the page marks as JSON.
nlohmann::json JsonBlock(const std::string& page, int index) {
  constexpr std::string_view kBegin = "```json\n";
  const std::ifstream file(std::filesystem::path(HEADRACE_SOURCE_DIR) / "docs/format" / page);
  std::ostringstream text;
  text << file.rdbuf();
  std::string rest = text.str();
  for (int block = 0; block <= index; ++block) {
    const size_t begin = rest.find(kBegin);
    if (begin == std::string::npos) return {};
    rest = rest.substr(begin + kBegin.size());
  }
  return nlohmann::json::parse(rest.substr(0, rest.find("```")));
}

TEST(FormatExamplesTest, TheReceiptAddsUp) {
  const auto receipt = ReceiptFromJson(JsonBlock("receipt.md", 0));
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_TRUE(CheckSums(*receipt).ok()) << CheckSums(*receipt);
}

TEST(FormatExamplesTest, TheCommitRecordHoldsWhatItsReceiptDoes) {
  const auto record = CommitRecordFromJson(JsonBlock("commit.md", 0));
  ASSERT_TRUE(record.ok()) << record.status();
  const auto receipt = ReceiptFromJson(JsonBlock("receipt.md", 0));
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  const CommitIntent& intent = record->intent;
  EXPECT_EQ(intent.checksum, receipt->checksum);
  ASSERT_EQ(intent.files.size(), 1U);
  EXPECT_EQ(intent.files[0].name, receipt->files[0].name);
  EXPECT_EQ(intent.files[0].checksum, receipt->files[0].checksum);
  EXPECT_EQ(intent.files[0].digest, receipt->files[0].digest);
  EXPECT_EQ(intent.digest, ReceiptsDigest(intent.files));
  const std::string epoch = std::to_string(intent.epoch);
  EXPECT_TRUE(intent.files[0].name.starts_with("part-" + intent.run + "-" + epoch + "-"));
  EXPECT_EQ(receipt->plan_id, intent.run + "/" + intent.table + "/" + epoch);
}

TEST(FormatExamplesTest, TheLastCommitHasTheHashOfItsFolder) {
  const nlohmann::json last = JsonBlock("commit.md", 1);
  EXPECT_EQ(last.at("runs"), Xxh3Hex128(last.at("folder").get<std::string>() + "\n"));
}

}  // namespace
}  // namespace headrace
