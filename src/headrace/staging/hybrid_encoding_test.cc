#include "headrace/staging/hybrid_encoding.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace headrace {
namespace {

/// A decoder written from the format's page alone.
std::vector<uint16_t> Decode(const ByteBuffer& buffer, int bit_width, size_t count) {
  const auto bytes = buffer.bytes();
  std::vector<uint16_t> values;
  size_t at = 0;
  const auto bit = [&](size_t position) { return (bytes[position / 8] >> (position % 8)) & 1U; };
  while (values.size() < count) {
    uint64_t header = 0;
    for (unsigned shift = 0;; shift += 7) {
      const uint8_t byte = bytes[at++];
      header |= static_cast<uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) break;
    }
    if ((header & 1U) == 0) {
      const unsigned value =
          bit_width <= 8 ? bytes[at] : bytes[at] | static_cast<unsigned>(bytes[at + 1]) << 8U;
      at += bit_width <= 8 ? 1 : 2;
      values.insert(values.end(), header >> 1U, static_cast<uint16_t>(value));
      continue;
    }
    const size_t packed = (header >> 1U) * 8;
    for (size_t i = 0; i < packed; ++i) {
      unsigned value = 0;
      for (int b = 0; b < bit_width; ++b) {
        value |= bit(8 * at + i * static_cast<size_t>(bit_width) + static_cast<size_t>(b))
                 << static_cast<unsigned>(b);
      }
      values.push_back(static_cast<uint16_t>(value));
    }
    at += (header >> 1U) * static_cast<size_t>(bit_width);
  }
  EXPECT_EQ(at, bytes.size());
  values.resize(count);  // The last group is padded.
  return values;
}

TEST(HybridEncodingTest, IndicesOfEveryWidthAndRunLengthComeBack) {
  std::mt19937 random(7);
  for (int width = 1; width <= 16; ++width) {
    for (const int longest_run : {1, 3, 9, 200}) {
      for (const size_t count : {1, 7, 8, 9, 504, 505, 3000}) {
        std::vector<uint16_t> indices;
        while (indices.size() < count) {
          indices.insert(indices.end(), 1 + random() % static_cast<unsigned>(longest_run),
                         static_cast<uint16_t>(random() & ((1U << width) - 1U)));
        }
        indices.resize(count);
        ByteBuffer encoded;
        AppendIndices(indices, width, encoded);
        EXPECT_EQ(Decode(encoded, width, count), indices)
            << "width " << width << ", count " << count;
      }
    }
  }
}

TEST(HybridEncodingTest, LongRunsTakeFewBytes) {
  ByteBuffer encoded;
  AppendIndices(std::vector<uint16_t>(100'000, 5), 3, encoded);
  EXPECT_LE(encoded.size(), 4U);
}

TEST(HybridEncodingTest, LevelsComeBack) {
  std::mt19937 random(11);
  for (const int64_t count : {1, 8, 63, 504, 505, 10'000}) {
    std::vector<uint8_t> bits(static_cast<size_t>(count + 7) / 8);
    std::vector<uint16_t> levels;
    for (int64_t i = 0; i < count; ++i) {
      levels.push_back(static_cast<uint16_t>(random() % 2));
      bits[static_cast<size_t>(i) / 8] |= static_cast<uint8_t>(levels.back() << (i % 8));
    }
    ByteBuffer encoded;
    AppendBitLevels(bits.data(), count, encoded);
    EXPECT_EQ(Decode(encoded, 1, levels.size()), levels);
    encoded.Clear();
    AppendOneLevels(count, encoded);
    EXPECT_EQ(Decode(encoded, 1, levels.size()), std::vector<uint16_t>(levels.size(), 1));
  }
}

TEST(HybridEncodingTest, WidthsHoldTheGreatestIndex) {
  EXPECT_EQ(BitWidth(0), 1);
  EXPECT_EQ(BitWidth(1), 1);
  EXPECT_EQ(BitWidth(2), 2);
  EXPECT_EQ(BitWidth(255), 8);
  EXPECT_EQ(BitWidth(256), 9);
}

}  // namespace
}  // namespace headrace
