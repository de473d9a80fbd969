#include "headrace/source/column_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <semaphore>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace headrace {
namespace {

using Taken = std::shared_ptr<arrow::Buffer>;

/// A buffer of `size` bytes, all of them `fill`.
Taken TakeFilled(ColumnBuffer& column, int64_t size, int fill) {
  EXPECT_TRUE(column.Reserve(size).ok());
  std::memset(column.data(), fill, static_cast<size_t>(size));
  return column.Take(size).ValueOrDie();
}

bool HoldsOnly(const arrow::Buffer& buffer, int fill) {
  return std::all_of(buffer.data(), buffer.data() + buffer.size(),
                     [&](uint8_t byte) { return int{byte} == fill; });
}

TEST(ColumnBufferTest, KeepsWhatIsThereWhenItGrows) {
  ColumnBuffer column;
  ASSERT_TRUE(column.Reserve(3).ok());
  std::memcpy(column.data(), "abc", 3);
  ASSERT_TRUE(column.Reserve(100'000).ok());
  EXPECT_GE(column.capacity(), 100'000);
  EXPECT_EQ(column.Take(3).ValueOrDie()->ToString(), "abc");
}

TEST(ColumnBufferTest, UsesMemoryAgainThatNobodyElseHolds) {
  ColumnBuffer column;
  Taken taken = TakeFilled(column, 4096, 1);
  const uint8_t* const memory = taken->data();
  taken.reset();
  EXPECT_EQ(TakeFilled(column, 4096, 2)->data(), memory);
}

TEST(ColumnBufferTest, NeverWritesWhatOthersHold) {
  ColumnBuffer column;
  std::vector<Taken> held;
  std::set<const uint8_t*> memory;
  for (int i = 0; i < 30; ++i) {  // More than it remembers.
    held.push_back(TakeFilled(column, 1000, i));
    memory.insert(held.back()->data());
  }
  EXPECT_EQ(memory.size(), held.size());
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(HoldsOnly(*held[static_cast<size_t>(i)], i)) << i;
}

TEST(ColumnBufferTest, ASliceKeepsTheWhole) {
  ColumnBuffer column;
  const Taken slice = arrow::SliceBuffer(TakeFilled(column, 4096, 7), 100, 10);
  const Taken next = TakeFilled(column, 4096, 8);
  EXPECT_TRUE(HoldsOnly(*slice, 7));
}

TEST(ColumnBufferTest, NeedsNoMoreMemoryThanBatchesAlive) {
  ColumnBuffer column;
  std::set<const uint8_t*> memory;
  std::array<Taken, 3> alive;
  for (int i = 0; i < 100; ++i) {
    Taken& oldest = alive[static_cast<size_t>(i) % alive.size()];
    oldest.reset();
    oldest = TakeFilled(column, 4096, i);
    memory.insert(oldest->data());
  }
  EXPECT_EQ(memory.size(), alive.size());
}

TEST(ColumnBufferTest, GivesBackMemoryOfWhichLittleIsUsed) {
  ColumnBuffer column;
  ASSERT_TRUE(column.Reserve(1 << 20).ok());
  EXPECT_LT(column.Take(100).ValueOrDie()->capacity(), 1 << 12);
}

TEST(ColumnBufferTest, ALargeValueTakesItsOwnSizeAlsoBehindOneAlmostAsLarge) {
  ColumnBuffer column;
  constexpr int64_t kFirst = int64_t{32} << 20;
  constexpr int64_t kSecond = int64_t{33} << 20;
  const int64_t before = arrow::default_memory_pool()->bytes_allocated();
  ASSERT_TRUE(column.Reserve(kFirst).ok());
  column.Take(kFirst).ValueOrDie().reset();
  EXPECT_EQ(arrow::default_memory_pool()->bytes_allocated(), before) << "not kept";
  ASSERT_TRUE(column.Reserve(kFirst).ok());
  ASSERT_TRUE(column.Reserve(kSecond).ok());
  EXPECT_LE(column.capacity(), kFirst + kFirst / 4 + (int64_t{1} << 20));
}

TEST(ColumnBufferTest, WhatIsTooSmallIsNotCopiedIntoTheNext) {
  ColumnBuffer column;
  TakeFilled(column, 4096, 1).reset();
  ASSERT_TRUE(column.Reserve(int64_t{3} << 20).ok());
  EXPECT_LE(column.capacity(), int64_t{4} << 20);
  EXPECT_EQ(column.Take(100).ValueOrDie()->size(), 100);
}

TEST(ColumnBufferTest, EmptyIsABufferToo) {
  ColumnBuffer column;
  EXPECT_EQ(column.Take(0).ValueOrDie()->size(), 0);
}

/// A writer on another thread reads a buffer and lets go of it while the reader fills the next one.
TEST(ColumnBufferTest, TheLastOtherOwnerMayBeAnotherThread) {
  constexpr int kBuffers = 500;
  ColumnBuffer column;
  std::mutex mutex;
  std::deque<Taken> sent;  // Guarded by mutex.
  std::counting_semaphore<> waiting(0);
  std::atomic<bool> intact = true;
  std::jthread writer([&] {
    for (int i = 0; i < kBuffers; ++i) {
      waiting.acquire();
      std::unique_lock lock(mutex);
      const Taken taken = std::move(sent.front());
      sent.pop_front();
      lock.unlock();
      if (!HoldsOnly(*taken, i % 251)) intact = false;
    }
  });
  for (int i = 0; i < kBuffers; ++i) {
    Taken taken = TakeFilled(column, 4096, i % 251);
    const std::scoped_lock lock(mutex);
    sent.push_back(std::move(taken));
    waiting.release();
  }
  writer.join();
  EXPECT_TRUE(intact);
}

TEST(ValidityBufferTest, HoldsNothingOfTheBatchBefore) {
  ValidityBuffer validity;
  ASSERT_TRUE(validity.SetNull(3, 64).ok());
  const Taken first = validity.Take(8).ValueOrDie();
  EXPECT_EQ(first->data()[0], 0xff & ~(1 << 3));
  EXPECT_EQ(validity.Take(8).ValueOrDie(), nullptr);
  ASSERT_TRUE(validity.SetNull(5, 64).ok());
  const Taken second = validity.Take(8).ValueOrDie();
  EXPECT_EQ(second->data()[0], 0xff & ~(1 << 5));
  EXPECT_EQ(first->data()[0], 0xff & ~(1 << 3));
}

}  // namespace
}  // namespace headrace
