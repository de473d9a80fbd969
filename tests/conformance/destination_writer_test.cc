#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gmock/gmock.h>

#include <atomic>
#include <set>

#include "conformance/destination_suite.h"
#include "conformance/typed_rows.h"
#include "headrace/model/checksum.h"

namespace headrace {
namespace {

/// A prepared destination with one writer.
struct WriterAtWork {
  std::unique_ptr<Destination> destination;
  TableTarget target;
  std::unique_ptr<Writer> writer;

  WriterAtWork(DestinationPlace& place, TableTarget table_target)
      : destination(place.Open()), target(std::move(table_target)) {
    const arrow::Status status = destination->Prepare(target);
    EXPECT_TRUE(status.ok()) << status.ToString();
    writer = destination->OpenWriter(target, 0, 0).ValueOrDie();
  }

  arrow::Status Begin(const std::string& id) {
    return writer->BeginUnit({.plan_id = target.plan_id, .id = id, .split = WholeTable{}}, 2);
  }

  void WriteUnit(const std::string& id, const std::shared_ptr<arrow::RecordBatch>& rows,
                 std::vector<Receipt>& receipts) {
    ASSERT_TRUE(Begin(id).ok());
    ASSERT_TRUE(writer->Append(rows).ok());
    for (Receipt& receipt : writer->EndUnit(0).ValueOrDie()) receipts.push_back(std::move(receipt));
  }

  void Seal(std::vector<Receipt>& receipts) const {
    for (Receipt& receipt : writer->Seal().ValueOrDie()) receipts.push_back(std::move(receipt));
  }

  CommitRecord Commit(const std::vector<Receipt>& receipts) const {
    return destination->Commit(destination->Intend(target, receipts, 1).ValueOrDie()).ValueOrDie();
  }
};

Checksum ChecksumOf(const arrow::RecordBatch& batch) {
  return ChecksumTaker::Make(*batch.schema()).ValueOrDie().Take(batch).ValueOrDie();
}

TEST_P(DestinationConformance, ReceiptsCoverTheUnitsWithRowsAndChecksums) {
  WriterAtWork work(*place_, Target("r1", WriteMode::kAppend));
  std::vector<Receipt> receipts;
  for (int unit = 0; unit < 5; ++unit) {
    work.WriteUnit(std::to_string(unit), Rows(int64_t{10} * unit, 10), receipts);
  }
  work.Seal(receipts);
  std::set<std::string> units;
  for (const Receipt& receipt : receipts) {
    EXPECT_EQ(receipt.plan_id, work.target.plan_id);
    Checksum sum;
    for (const UnitReceipt& unit : receipt.units) {
      units.insert(unit.unit_id);
      EXPECT_EQ(unit.attempt, 2);
      EXPECT_EQ(unit.rows, 10);
      EXPECT_EQ(unit.checksum, ChecksumOf(*Rows(10 * std::stoll(unit.unit_id), 10)));
      sum += unit.checksum;
    }
    EXPECT_EQ(receipt.checksum, sum);
    EXPECT_EQ(receipt.rows, sum.rows);
    ASSERT_EQ(receipt.files.size(), 1U);
    EXPECT_EQ(receipt.files[0].rows, sum.rows);
    EXPECT_EQ(receipt.files[0].checksum, sum);
    EXPECT_GT(receipt.files[0].bytes, 0);
    EXPECT_EQ(receipt.files[0].columns.size(), 2U);
  }
  EXPECT_EQ(units, (std::set<std::string>{"0", "1", "2", "3", "4"}));
}

TEST_P(DestinationConformance, AnAbortedUnitLeavesNothing) {
  WriterAtWork work(*place_, Target("r1", WriteMode::kAppend));
  std::vector<Receipt> receipts;
  work.WriteUnit("0", Rows(0, 10), receipts);
  ASSERT_TRUE(work.Begin("1").ok());
  ASSERT_TRUE(work.writer->Append(Rows(1000, 10)).ok());
  ASSERT_TRUE(work.writer->AbortUnit().ok());
  work.WriteUnit("1", Rows(10, 10), receipts);
  work.Seal(receipts);
  work.Commit(receipts);
  EXPECT_EQ(PublishedIds(), Range(0, 20));
}

TEST_P(DestinationConformance, AUnitLargerThanTheWritersMemoryIsWrittenAllTheSame) {
  TableTarget target = Target("r1", WriteMode::kAppend);
  target.writer_memory = 256 << 10;
  WriterAtWork work(*place_, target);
  std::vector<Receipt> receipts;
  work.WriteUnit("small", Rows(0, 10), receipts);
  ASSERT_TRUE(work.Begin("large").ok());
  int64_t most = 0;
  for (int batch = 0; batch < 50; ++batch) {
    ASSERT_TRUE(work.writer->Append(Rows(10 + 1000 * batch, 1000)).ok());
    most = std::max(most, work.writer->buffered_bytes());
  }
  for (Receipt& receipt : work.writer->EndUnit(0).ValueOrDie()) {
    receipts.push_back(std::move(receipt));
  }
  work.Seal(receipts);
  EXPECT_LE(most, target.writer_memory);
  work.Commit(receipts);
  EXPECT_EQ(PublishedIds(), Range(0, 50'010));
}

TEST_P(DestinationConformance, AnAbortedLargeUnitLeavesNothing) {
  TableTarget target = Target("r1", WriteMode::kAppend);
  target.writer_memory = 256 << 10;
  WriterAtWork work(*place_, target);
  std::vector<Receipt> receipts;
  work.WriteUnit("small", Rows(0, 10), receipts);
  ASSERT_TRUE(work.Begin("large").ok());
  for (int batch = 0; batch < 50; ++batch) {
    ASSERT_TRUE(work.writer->Append(Rows(int64_t{1000} * batch, 1000)).ok());
  }
  ASSERT_TRUE(work.writer->AbortUnit().ok());
  work.Seal(receipts);
  work.Commit(receipts);
  EXPECT_EQ(PublishedIds(), Range(0, 10));
}

TEST_P(DestinationConformance, ManyUnitsStayWithinTheWritersMemory) {
  TableTarget target = Target("r1", WriteMode::kAppend);
  target.writer_memory = 1 << 20;
  WriterAtWork work(*place_, target);
  std::vector<Receipt> receipts;
  int64_t most = 0;
  for (int unit = 0; unit < 100; ++unit) {
    work.WriteUnit(std::to_string(unit), Rows(int64_t{1000} * unit, 1000), receipts);
    most = std::max(most, work.writer->buffered_bytes());
  }
  work.Seal(receipts);
  EXPECT_LE(most, target.writer_memory);
  work.Commit(receipts);
  EXPECT_EQ(PublishedIds(), Range(0, 100'000));
}

TEST_P(DestinationConformance, AnAbortedWriterLeavesNothing) {
  const TableTarget target = Target("r1", WriteMode::kReplace);
  WriterAtWork work(*place_, target);
  const int64_t prepared = place_->StagedBytes();
  std::vector<Receipt> receipts;
  work.WriteUnit("0", Rows(0, 10), receipts);
  ASSERT_TRUE(work.writer->Abort().ok());
  EXPECT_EQ(place_->StagedBytes(), prepared);
}

TEST_P(DestinationConformance, CallsOutOfOrderAreBugs) {
  WriterAtWork work(*place_, Target("r1", WriteMode::kReplace));
  EXPECT_EQ(ClassOf(work.writer->Append(Rows(0, 1))), ErrorClass::kBug);
  EXPECT_EQ(ClassOf(work.writer->EndUnit(0).status()), ErrorClass::kBug);
  ASSERT_TRUE(work.Begin("0").ok());
  EXPECT_EQ(ClassOf(work.Begin("1")), ErrorClass::kBug);
  EXPECT_EQ(ClassOf(work.writer->Seal().status()), ErrorClass::kBug);
}

/// What is NOT NULL at the source today may not be so tomorrow: a destination makes no such
/// promise.
std::shared_ptr<arrow::Schema> Nullable(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) fields.push_back(field->WithNullable(true));
  return arrow::schema(std::move(fields));
}

TEST_P(DestinationConformance, EveryTypeIsReadBackAsItWasWritten) {
  const TypedRowsWanted wanted{.decimal256 = GetParam().decimal256,
                               .null_elements = GetParam().null_elements,
                               .bytes = GetParam().bytes};
  for (const TypedRows& rows : AllTypedRows(wanted)) {
    SCOPED_TRACE(rows.name);
    TableTarget target = Target("r1", WriteMode::kReplace);
    target.table.name = rows.name;
    target.schema = rows.batch->schema();
    WriterAtWork work(*place_, target);
    std::vector<Receipt> receipts;
    work.WriteUnit("0", rows.batch, receipts);
    work.Seal(receipts);
    const CommitRecord record = work.Commit(receipts);

    const auto results =
        work.destination->ReadBack(record, {.with_checksum = true}, {}).ValueOrDie();
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].problem, "");
    EXPECT_EQ(results[0].rows, rows.batch->num_rows());
    EXPECT_EQ(results[0].checksum, ChecksumOf(*rows.batch));

    const auto table = place_->ReadTable(target.table);
    ASSERT_NE(table, nullptr);
    auto expected = arrow::Table::Make(Nullable(*rows.batch->schema()), rows.batch->columns());
    if (GetParam().as_read) expected = GetParam().as_read(expected);
    EXPECT_TRUE(table->schema()->Equals(*expected->schema(), /*check_metadata=*/false))
        << table->schema()->ToString();
    EXPECT_TRUE(table->Equals(*expected, arrow::EqualOptions::Defaults().nans_equal(true)))
        << table->ToString();
  }
}

TEST_P(DestinationConformance, ReadBackReportsNoChecksumUnlessAsked) {
  const CommitRecord record = Load(Target("r1", WriteMode::kAppend), {Rows(0, 3)}, 1);
  const auto results = place_->Open()->ReadBack(record, {}, {}).ValueOrDie();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].rows, 3);
  EXPECT_EQ(results[0].checksum, std::nullopt);
}

TEST_P(DestinationConformance, ReadBackBySeveralThreadsFindsEveryFileAndSaysItsRows) {
  WriterAtWork work(*place_, Target("r1", WriteMode::kAppend));
  std::vector<Receipt> receipts;
  for (int worker = 0; worker < 5; ++worker) {
    work.writer = work.destination->OpenWriter(work.target, worker, 0).ValueOrDie();
    work.WriteUnit(std::to_string(worker), Rows(int64_t{10} * worker, 10), receipts);
    work.Seal(receipts);
  }
  const CommitRecord record = work.Commit(receipts);
  for (const bool with_checksum : {false, true}) {
    std::atomic<int64_t> rows = 0;
    const ReadBackOptions options{.with_checksum = with_checksum,
                                  .threads = 3,
                                  .on_rows = [&](int64_t read) { rows += read; }};
    const auto results = place_->Open()->ReadBack(record, options, {}).ValueOrDie();
    const bool by_file = GetParam().reads_back_files;
    ASSERT_EQ(results.size(), by_file ? record.intent.files.size() : 1);
    for (size_t i = 0; i < results.size(); ++i) {
      EXPECT_EQ(results[i].file, by_file ? record.intent.files[i].name : "");
      EXPECT_EQ(results[i].problem, "");
      EXPECT_EQ(results[i].rows, by_file ? record.intent.files[i].rows : record.intent.rows);
    }
    if (by_file || with_checksum) EXPECT_EQ(rows, 50);
  }
}

TEST_P(DestinationConformance, ReadBackEndsWhenItIsStopped) {
  const CommitRecord record = Load(Target("r1", WriteMode::kAppend), {Rows(0, 3)}, 1);
  const std::stop_source stop;
  stop.request_stop();
  const auto results = place_->Open()->ReadBack(record, {.with_checksum = true}, stop.get_token());
  EXPECT_EQ(CodeOf(results.status()), kInterruptedCode);
}

TEST_P(DestinationConformance, ReadBackOfWhatIsGoneIsAProblemNotAnError) {
  const CommitRecord record = Load(Target("r1", WriteMode::kReplace), {Rows(0, 3)}, 1);
  Load(Target("r2", WriteMode::kReplace), {Rows(0, 4)}, 2);
  const auto results = place_->Open()->ReadBack(record, {.with_checksum = true}, {}).ValueOrDie();
  ASSERT_FALSE(results.empty());
  EXPECT_EQ(results[0].file, GetParam().reads_back_files ? record.intent.files[0].name : "");
  EXPECT_NE(results[0].problem, "");
}

}  // namespace
}  // namespace headrace
