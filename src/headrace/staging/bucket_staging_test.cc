// The staging writer on an object store: the same files, in a bucket of the stand-in.

#include <arrow/api.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>

#include <numeric>

#include "headrace/client/gcs/client.h"
#include "headrace/client/gcs/test_bucket.h"
#include "headrace/client/store/store.h"
#include "headrace/staging/staging_writer.h"

namespace headrace {
namespace {

std::shared_ptr<arrow::RecordBatch> Rows(int64_t first, int64_t count) {
  arrow::Int64Builder ids;
  arrow::StringBuilder texts;
  for (int64_t i = first; i < first + count; ++i) {
    EXPECT_TRUE(ids.Append(i).ok());
    EXPECT_TRUE(texts.Append("row " + std::to_string(i)).ok());
  }
  const auto schema = arrow::schema({arrow::field("id", arrow::int64(), /*nullable=*/false),
                                     arrow::field("text", arrow::utf8())});
  return arrow::RecordBatch::Make(schema, count,
                                  {ids.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
}

class StandInStaging : public testing::Test {
 protected:
  StandInStaging() {
    const StoreAccess access{.gcs = {.emulator = root_}};
    location_ = OpenFileStore("gs://" + bucket_ + "/staging", access).ValueOrDie();
  }

  std::unique_ptr<Writer> Open() const {
    return MakeStagingWriter(location_.store, {.plan_id = "plan",
                                               .directory = location_.path,
                                               .file_prefix = "orders",
                                               .format = {.schema = Rows(0, 0)->schema()},
                                               .memory = 6 << 20,
                                               .target_file_size = 256 << 10})
        .ValueOrDie();
  }

  std::vector<GcsListedObject> Objects() const {
    return GcsClient(MakeCurlTransport(), root_).List(bucket_, "", {}).ValueOrDie();
  }

  /// The ids of the object `name`.
  std::vector<int64_t> Ids(const std::string& name) const {
    const auto objects = OpenGcsFileSystem({.emulator = root_}).ValueOrDie();
    const auto file = objects->OpenInputFile(bucket_ + "/" + name).ValueOrDie();
    const auto reader = parquet::arrow::OpenFile(file, arrow::default_memory_pool()).ValueOrDie();
    const auto table = reader->ReadTable().ValueOrDie();
    std::vector<int64_t> ids;
    for (const auto& chunk : table->column(0)->chunks()) {
      const auto& values = static_cast<const arrow::Int64Array&>(*chunk);
      ids.insert(ids.end(), values.raw_values(), values.raw_values() + values.length());
    }
    return ids;
  }

  const std::string root_ = TestStandIn("gcs");
  const std::string bucket_ = MakeTestBucket(root_);
  FileStoreLocation location_;
};

TEST_F(StandInStaging, ReceiptsNameObjectsThatHoldTheirRows) {
  constexpr int kUnits = 8;
  constexpr int64_t kRows = 40'000;
  const auto writer = Open();
  std::vector<Receipt> receipts;
  for (int unit = 0; unit < kUnits; ++unit) {
    ASSERT_TRUE(writer->BeginUnit({.id = std::to_string(unit)}, 1).ok());
    ASSERT_TRUE(writer->Append(Rows(unit * kRows, kRows)).ok());
    for (const Receipt& receipt : writer->EndUnit(0).ValueOrDie()) receipts.push_back(receipt);
  }
  for (const Receipt& receipt : writer->Seal().ValueOrDie()) receipts.push_back(receipt);

  std::vector<int64_t> ids;
  size_t files = 0;
  const std::vector<GcsListedObject> objects = Objects();
  for (const Receipt& receipt : receipts) {
    EXPECT_TRUE(CheckSums(receipt).ok());
    for (const ReceiptFile& file : receipt.files) {
      const auto named = std::ranges::find(objects, "staging/" + file.name, &GcsListedObject::name);
      ASSERT_NE(named, objects.end()) << file.name;
      EXPECT_EQ(named->bytes, file.bytes);
      for (const int64_t id : Ids(named->name)) ids.push_back(id);
      ++files;
    }
  }
  std::ranges::sort(ids);
  std::vector<int64_t> wanted(kUnits * kRows);
  std::iota(wanted.begin(), wanted.end(), 0);
  EXPECT_EQ(ids, wanted);
  EXPECT_EQ(objects.size(), files);
  EXPECT_GT(files, 1U) << "files of 256 KiB";
}

TEST_F(StandInStaging, WhatIsAbortedLeavesNothingInTheBucket) {
  const auto writer = Open();
  ASSERT_TRUE(writer->BeginUnit({.id = "0"}, 1).ok());
  ASSERT_TRUE(writer->Append(Rows(0, 100'000)).ok());
  ASSERT_TRUE(writer->EndUnit(0).ok());
  ASSERT_TRUE(writer->Abort().ok());
  EXPECT_TRUE(Objects().empty());
}

}  // namespace
}  // namespace headrace
