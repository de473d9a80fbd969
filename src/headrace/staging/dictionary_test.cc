#include "headrace/staging/dictionary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

namespace headrace {
namespace {

TEST(DictionaryTest, NumbersEntriesInTheOrderOfTheirAppearance) {
  Dictionary<std::string_view> dictionary;
  EXPECT_EQ(dictionary.Index("b"), 0);
  EXPECT_EQ(dictionary.Index("a"), 1);
  EXPECT_EQ(dictionary.Index("b"), 0);
  dictionary.Clear();
  EXPECT_EQ(dictionary.Index("a"), 0);
}

TEST(DictionaryTest, TellsTextsOfEveryLengthApart) {
  std::vector<std::string> texts;
  for (size_t length = 0; length < 40; ++length) {
    texts.emplace_back(length, 'x');
    texts.push_back(std::string(length, 'x') + '\0');
    for (size_t at = 0; at < length; ++at) {
      texts.emplace_back(length, 'x');
      texts.back()[at] = 'y';
    }
  }
  std::ranges::sort(texts);
  const auto repeated = std::ranges::unique(texts);
  texts.erase(repeated.begin(), repeated.end());
  Dictionary<std::string_view> dictionary;
  for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(dictionary.Index(texts[i]), i);
  const std::vector<std::string> copies = texts;
  for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(dictionary.Index(copies[i]), i);
}

TEST(DictionaryTest, KeepsTheBitsOfFloats) {
  Dictionary<double> dictionary;
  EXPECT_EQ(dictionary.Index(0.0), 0);
  EXPECT_EQ(dictionary.Index(-0.0), 1);
  EXPECT_EQ(dictionary.Index(std::nan("")), 2);
  EXPECT_EQ(dictionary.Index(std::nan("")), 2);
}

TEST(DictionaryTest, NumbersThatDifferInTheirExponentAloneShareNoSlot) {
  constexpr uint64_t kSlots = 1 << 14;
  std::set<uint64_t> slots;
  for (int exponent = 0; exponent < 12; ++exponent) {
    slots.insert(HashOf(std::ldexp(1.23, exponent)) % kSlots);
  }
  EXPECT_EQ(slots.size(), 12U);
}

TEST(DictionaryTest, IsTheSameAfterItWasCleared) {
  Dictionary<int64_t> numbers;
  for (size_t round = 0; round < 3; ++round) {
    for (int64_t i = 0; i < 1000; ++i) ASSERT_EQ(numbers.Index(i * 7), i);
    numbers.Clear();
    EXPECT_TRUE(numbers.entries().empty());
    EXPECT_EQ(numbers.Index(42), 0);
    numbers.Clear(round * 500);
  }
}

TEST(DictionaryTest, RefusesToGrowBeyondItsBounds) {
  Dictionary<int64_t> numbers;
  for (size_t i = 0; i < kMostDictionaryEntries; ++i) {
    ASSERT_EQ(numbers.Index(static_cast<int64_t>(i)), i);
  }
  EXPECT_EQ(numbers.Index(-1), std::nullopt);
  EXPECT_EQ(numbers.Index(0), 0);

  const std::string large(kMostDictionaryBytes, 'x');
  Dictionary<std::string_view> texts;
  EXPECT_EQ(texts.Index(large), std::nullopt);
}

TEST(TextPrefixTest, OrdersAsTextsDo) {
  const std::vector<std::string> ordered = {
      "", std::string("\0", 1), "A", "a", "aa", "aaaaaaaa", "aaaaaaab", "b", "\xC3\xB6", "\xFF"};
  for (size_t i = 0; i + 1 < ordered.size(); ++i) {
    EXPECT_LE(TextPrefix(ordered[i]), TextPrefix(ordered[i + 1])) << i;
  }
  EXPECT_LT(TextPrefix("aaaaaaaa"), TextPrefix("aaaaaaab"));
  EXPECT_EQ(TextPrefix("12345678"), TextPrefix("12345678 and more"));
}

}  // namespace
}  // namespace headrace
