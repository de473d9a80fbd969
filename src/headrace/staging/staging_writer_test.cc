#include "headrace/staging/staging_writer.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <set>

#include "headrace/client/store/durable_fs.h"
#include "headrace/staging/read_back.h"

namespace headrace {
namespace {

class StagingWriterTest : public testing::Test {
 protected:
  StagingWriterTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-writer-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~StagingWriterTest() override { std::filesystem::remove_all(directory_); }

  /// A writer of tables with `columns` columns of random numbers.
  void Open(int columns, int64_t memory, int64_t target_file_size) {
    arrow::FieldVector fields;
    for (int i = 0; i < columns; ++i) {
      fields.push_back(arrow::field("c" + std::to_string(i), arrow::int64()));
    }
    Open(arrow::schema(fields), memory, target_file_size);
  }

  void Open(std::shared_ptr<arrow::Schema> schema, int64_t memory, int64_t target_file_size) {
    schema_ = std::move(schema);
    memory_ = memory;
    target_file_size_ = target_file_size;
    writer_ = MakeStagingWriter(MakeLocalFs(), {.plan_id = "p",
                                                .directory = directory_,
                                                .file_prefix = "part",
                                                .format = {.schema = schema_, .metadata = {}},
                                                .memory = memory,
                                                .target_file_size = target_file_size})
                  .ValueOrDie();
  }

  std::shared_ptr<arrow::RecordBatch> Batch(int64_t rows) {
    std::vector<int64_t> numbers(static_cast<size_t>(rows));
    for (int64_t& number : numbers) number = static_cast<int64_t>(random_());
    arrow::ArrayVector columns;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      arrow::Int64Builder builder;  // Each column has memory of its own.
      EXPECT_TRUE(builder.AppendValues(numbers).ok());
      columns.push_back(builder.Finish().ValueOrDie());
    }
    return arrow::RecordBatch::Make(schema_, rows, std::move(columns));
  }

  /// Leaves the unit open.
  void AppendUnit(const std::string& id, int batches, int64_t rows) {
    ASSERT_TRUE(writer_->BeginUnit({.plan_id = "p", .id = id, .split = WholeTable{}}, 1).ok());
    for (int i = 0; i < batches; ++i) {
      const arrow::Status status = writer_->Append(Batch(rows));
      ASSERT_TRUE(status.ok()) << status.ToString();
      EXPECT_LE(writer_->buffered_bytes(), memory_);
    }
  }

  void WriteUnit(const std::string& id, int batches, int64_t rows) {
    AppendUnit(id, batches, rows);
    Take(writer_->EndUnit(0));
    EXPECT_LE(writer_->buffered_bytes(), memory_);
  }

  void Take(arrow::Result<std::vector<Receipt>> receipts) {
    ASSERT_TRUE(receipts.ok()) << receipts.status().ToString();
    std::ranges::move(*receipts, std::back_inserter(receipts_));
  }

  /// Every file is named by one receipt and holds what that says.
  void ExpectReceiptsAreTrue() const {
    std::set<std::string> named;
    for (const Receipt& receipt : receipts_) {
      Checksum of_units;
      Checksum of_files;
      for (const UnitReceipt& unit : receipt.units) of_units += unit.checksum;
      for (const ReceiptFile& file : receipt.files) {
        of_files += file.checksum;
        EXPECT_TRUE(named.insert(file.name).second) << file.name;
        const ParquetContent content = ReadParquetFile(directory_ / file.name, file.bytes,
                                                       {.with_checksum = true, .on_rows = {}})
                                           .ValueOrDie();
        EXPECT_EQ(content.problem, "");
        EXPECT_EQ(content.rows, file.rows);
        EXPECT_EQ(content.checksum, file.checksum);
        EXPECT_EQ(static_cast<int>(file.columns.size()), schema_->num_fields());
      }
      EXPECT_EQ(receipt.checksum, of_units);
      EXPECT_EQ(receipt.checksum, of_files);
      EXPECT_EQ(receipt.rows, of_files.rows);
    }
    EXPECT_EQ(named, FilesThere());
  }

  std::set<std::string> FilesThere() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      names.insert(entry.path().filename());
    }
    return names;
  }

  std::vector<std::string> UnitsInOrder() const {
    std::vector<std::string> units;
    for (const Receipt& receipt : receipts_) {
      for (const UnitReceipt& unit : receipt.units) units.push_back(unit.unit_id);
    }
    return units;
  }

  std::filesystem::path directory_;
  std::shared_ptr<arrow::Schema> schema_;
  int64_t memory_ = 0;
  int64_t target_file_size_ = 0;
  std::unique_ptr<Writer> writer_;
  std::vector<Receipt> receipts_;
  std::mt19937_64 random_{42};
};

TEST_F(StagingWriterTest, FilesRollBetweenUnitsAtTheTargetSize) {
  Open(1, /*memory=*/3 << 18, /*target_file_size=*/1 << 20);
  std::vector<std::string> units;
  for (int unit = 0; unit < 60; ++unit) {
    WriteUnit(units.emplace_back(std::to_string(unit)), 1, 8192);
  }
  Take(writer_->Seal());
  EXPECT_EQ(UnitsInOrder(), units);
  ASSERT_EQ(receipts_.size(), 4U);
  for (size_t i = 0; i < receipts_.size(); ++i) {
    ASSERT_EQ(receipts_[i].files.size(), 1U);
    const int64_t bytes = receipts_[i].files[0].bytes;
    EXPECT_LT(bytes, target_file_size_ * 3 / 2);
    if (i + 1 < receipts_.size()) EXPECT_GE(bytes, target_file_size_);
  }
  ExpectReceiptsAreTrue();
}

TEST_F(StagingWriterTest, AFileIsSealedWhenItsFooterFillsItsShareOfMemory) {
  Open(100, /*memory=*/3 << 19, /*target_file_size=*/1 << 30);
  for (int unit = 0; unit < 20; ++unit) WriteUnit(std::to_string(unit), 1, 512);
  Take(writer_->Seal());
  EXPECT_GE(receipts_.size(), 4U);
  for (const Receipt& receipt : receipts_) EXPECT_LT(receipt.files[0].bytes, target_file_size_);
  EXPECT_EQ(UnitsInOrder().size(), 20U);
  ExpectReceiptsAreTrue();
}

TEST_F(StagingWriterTest, ALargeUnitRollsAtTheTargetSizeWithinOneReceipt) {
  Open(1, /*memory=*/3 << 18, /*target_file_size=*/1 << 20);
  WriteUnit("small", 1, 1000);
  WriteUnit("large", 60, 8192);
  WriteUnit("behind", 1, 1000);
  Take(writer_->Seal());
  EXPECT_EQ(UnitsInOrder(), (std::vector<std::string>{"large", "small", "behind"}));
  ASSERT_EQ(receipts_.size(), 2U);
  EXPECT_GE(receipts_[0].files.size(), 3U);
  for (const ReceiptFile& file : receipts_[0].files) EXPECT_LT(file.bytes, 2 * target_file_size_);
  EXPECT_EQ(receipts_[0].rows, 60 * 8192);
  ExpectReceiptsAreTrue();
}

TEST_F(StagingWriterTest, ARowGroupOfNarrowRowsHasAMillionAndNotMore) {
  constexpr int64_t kMillion = 1 << 20;
  constexpr int64_t kBatch = 1 << 16;
  Open(arrow::schema({arrow::field("flag", arrow::boolean())}), 64 << 20, 64 << 20);
  const auto flags = arrow::MakeArrayFromScalar(arrow::BooleanScalar(true), kBatch).ValueOrDie();
  const auto batch = arrow::RecordBatch::Make(schema_, kBatch, {flags});
  for (const int64_t rows : {3 * kMillion, kMillion / 2 + kBatch, kMillion / 2}) {
    AppendUnit(std::to_string(rows), 0, 0);
    for (int64_t i = 0; i < rows; i += kBatch) ASSERT_TRUE(writer_->Append(batch).ok());
    Take(writer_->EndUnit(0));
  }
  Take(writer_->Seal());
  std::vector<int64_t> groups;
  for (const std::string& file : FilesThere()) {
    const auto reader = parquet::ParquetFileReader::OpenFile((directory_ / file).string());
    for (int i = 0; i < reader->metadata()->num_row_groups(); ++i) {
      groups.push_back(reader->metadata()->RowGroup(i)->num_rows());
    }
  }
  EXPECT_THAT(groups, testing::UnorderedElementsAre(kMillion, kMillion, kMillion,
                                                    kMillion / 2 + kBatch, kMillion / 2));
  ExpectReceiptsAreTrue();
}

TEST_F(StagingWriterTest, UnitsOfAFewRowsTakeNoMoreRoomThanTheirRows) {
  constexpr int kColumns = 300;
  constexpr int kUnits = 1'000;
  Open(kColumns, 64 << 20, 64 << 20);
  const int64_t before = arrow::default_memory_pool()->bytes_allocated();
  for (int unit = 0; unit < kUnits; ++unit) WriteUnit(std::to_string(unit), 1, 1);
  constexpr auto kBytes = int64_t{kColumns} * kUnits * int64_t{sizeof(int64_t)};
  EXPECT_LE(arrow::default_memory_pool()->bytes_allocated() - before, 2 * kBytes);
  Take(writer_->Seal());
  ASSERT_EQ(receipts_.size(), 1U);
  EXPECT_EQ(UnitsInOrder().size(), size_t{kUnits});
  ExpectReceiptsAreTrue();
}

TEST_F(StagingWriterTest, AReceiptHasSomeThousandUnitsAndNotMore) {
  Open(1, 64 << 20, 64 << 20);
  for (int unit = 0; unit < 10'000; ++unit) WriteUnit(std::to_string(unit), unit % 2, 1);
  Take(writer_->Seal());
  EXPECT_EQ(receipts_.size(), 3U);
  for (const Receipt& receipt : receipts_) EXPECT_LE(receipt.units.size(), 4096U);
  EXPECT_EQ(UnitsInOrder().size(), 10'000U);
  ExpectReceiptsAreTrue();
}

TEST_F(StagingWriterTest, TheFootersOfALargeUnitStayWithinMemory) {
  Open(400, /*memory=*/6 << 20, /*target_file_size=*/1 << 30);
  WriteUnit("large", 24, 512);
  Take(writer_->Seal());
  ASSERT_EQ(receipts_.size(), 1U);
  EXPECT_GE(receipts_[0].files.size(), 3U);
  ExpectReceiptsAreTrue();
}

TEST_F(StagingWriterTest, AnAbortedLargeUnitTakesItsSealedFilesWithIt) {
  Open(1, /*memory=*/3 << 18, /*target_file_size=*/1 << 20);
  WriteUnit("small", 1, 1000);
  AppendUnit("large", 60, 8192);
  EXPECT_GE(FilesThere().size(), 3U);
  ASSERT_TRUE(writer_->AbortUnit().ok());
  WriteUnit("large", 40, 8192);
  Take(writer_->Seal());
  ASSERT_EQ(receipts_.size(), 2U);
  EXPECT_EQ(receipts_[0].rows, 40 * 8192);
  ExpectReceiptsAreTrue();
}

TEST_F(StagingWriterTest, RowsThatComeOneByOneTakeNoMoreRoomThanTheirBytes) {
  constexpr int kColumns = 300;
  constexpr int kRows = 1'000;
  constexpr auto kBytes = int64_t{kColumns} * kRows * int64_t{sizeof(int64_t)};
  Open(kColumns, 64 << 20, 64 << 20);
  const int64_t before = arrow::default_memory_pool()->bytes_allocated();
  AppendUnit("0", kRows, 1);
  const int64_t taken = arrow::default_memory_pool()->bytes_allocated() - before;
  EXPECT_LT(taken, 3 * kBytes);
  Take(writer_->EndUnit(0));
  Take(writer_->Seal());
  ExpectReceiptsAreTrue();
  EXPECT_EQ(receipts_.size(), 1);
}

/// As lineage columns are: each batch has a slice of the one array.
TEST_F(StagingWriterTest, SmallUnitsOfASharedArrayShareARowGroup) {
  Open(1, /*memory=*/48 << 20, /*target_file_size=*/64 << 20);
  const auto shared = Batch(50'000);
  for (int unit = 0; unit <= 1500; ++unit) {
    const std::string id = std::to_string(unit);
    ASSERT_TRUE(writer_->BeginUnit({.plan_id = "p", .id = id, .split = WholeTable{}}, 1).ok());
    ASSERT_TRUE(writer_->Append(shared->Slice(0, unit == 0 ? 50'000 : 10)).ok());
    Take(writer_->EndUnit(0));
  }
  EXPECT_EQ(writer_->buffered_bytes(), 65'000 * int64_t{sizeof(int64_t)});
  Take(writer_->Seal());
  ExpectReceiptsAreTrue();
  ASSERT_EQ(FilesThere().size(), 1U);
  const auto file = parquet::ParquetFileReader::OpenFile(directory_ / *FilesThere().begin());
  EXPECT_EQ(file->metadata()->num_row_groups(), 1);
}

TEST_F(StagingWriterTest, AnAbortedWriterLeavesNoFile) {
  Open(1, /*memory=*/3 << 18, /*target_file_size=*/1 << 20);
  for (int unit = 0; unit < 5; ++unit) WriteUnit(std::to_string(unit), 1, 8192);
  AppendUnit("large", 60, 8192);
  ASSERT_TRUE(writer_->Abort().ok());
  EXPECT_EQ(FilesThere(), std::set<std::string>());
}

}  // namespace
}  // namespace headrace
