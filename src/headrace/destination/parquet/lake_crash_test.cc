#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "headrace/client/store/fault_injection_fs.h"
#include "headrace/destination/parquet/parquet_destination.h"
#include "headrace/staging/read_back.h"

/// Breaks off at every single change of the disk that a load makes, before it and right after it,
/// and looks what a reader finds and what the next process makes of it.
namespace headrace {
namespace {

namespace fs = std::filesystem;

struct CrashCase {
  WriteMode mode = WriteMode::kReplace;
  bool table_is_there = true;
  bool can_exchange = true;
};

void PrintTo(const CrashCase& crash, std::ostream* out) {
  *out << WriteModeName(crash.mode) << (crash.table_is_there ? "" : ", new table")
       << (crash.can_exchange ? "" : ", no exchange");
}

constexpr int64_t kOldRows = 3;
constexpr int64_t kNewRows = 5;
constexpr int64_t kOtherRows = 7;
constexpr int64_t kFirstLostId = 1000;
constexpr int64_t kFirstNewId = 2000;

class LakeCrashTest : public testing::TestWithParam<CrashCase> {
 protected:
  LakeCrashTest() {
    // In memory where that can be: the order of the calls is what is tried, not the device, and
    // they are thousands.
    const fs::path base =
        fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
    std::string pattern = (base / "headrace-lake-crash-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  ~LakeCrashTest() override { fs::remove_all(root_); }

  /// `grace`: how long Clean keeps replaced tables.
  std::unique_ptr<Destination> Open(std::shared_ptr<DurableFs> fs = MakeLocalFs(),
                                    std::chrono::milliseconds grace = std::chrono::hours(1)) {
    OptionValues options;
    options.Set("path", (root_ / "lake").string());
    options.Set("grace", grace.count());
    return MakeParquetDestination(options, std::move(fs)).ValueOrDie();
  }

  static TableTarget Target(const std::string& run, WriteMode mode, int epoch = 0) {
    return {.job = "shop",
            .run = run,
            .plan_id = run,
            .table = {.schema = "public", .name = "orders", .query = {}, .alias = {}},
            .epoch = epoch,
            .mode = mode,
            .schema = arrow::schema({arrow::field("id", arrow::int64())})};
  }

  static arrow::Result<std::vector<Receipt>> Stage(Destination& destination,
                                                   const TableTarget& target, int64_t rows,
                                                   int64_t first_id = 0) {
    ARROW_RETURN_NOT_OK(destination.Prepare(target));
    ARROW_ASSIGN_OR_RAISE(const auto writer, destination.OpenWriter(target, 0, 0));
    ARROW_RETURN_NOT_OK(
        writer->BeginUnit({.plan_id = target.plan_id, .id = "0", .split = WholeTable{}}, 1));
    arrow::Int64Builder ids;
    for (int64_t i = 0; i < rows; ++i) ARROW_RETURN_NOT_OK(ids.Append(first_id + i));
    ARROW_ASSIGN_OR_RAISE(const auto column, ids.Finish());
    ARROW_RETURN_NOT_OK(writer->Append(arrow::RecordBatch::Make(target.schema, rows, {column})));
    ARROW_RETURN_NOT_OK(writer->EndUnit(0));
    return writer->Seal();
  }

  static arrow::Status Load(Destination& destination, const TableTarget& target, int64_t rows,
                            int64_t sequence, int64_t first_id = 0) {
    ARROW_ASSIGN_OR_RAISE(const auto receipts, Stage(destination, target, rows, first_id));
    ARROW_ASSIGN_OR_RAISE(const CommitIntent intent,
                          destination.Intend(target, receipts, sequence));
    return destination.Commit(intent).status();
  }

  /// An empty place, with what the case asks for.
  void StartOver() {
    fs::remove_all(root_ / "lake");
    fs::remove_all(root_ / ".lake.headrace");
    if (!GetParam().table_is_there) return;
    ASSERT_TRUE(Load(*Open(), Target("old", WriteMode::kReplace), kOldRows, 1).ok());
  }

  int64_t sequence() const { return GetParam().table_is_there ? 2 : 1; }
  int64_t RowsBefore() const { return GetParam().table_is_there ? kOldRows : 0; }
  int64_t RowsAfter() const {
    return kNewRows + (GetParam().mode == WriteMode::kAppend ? RowsBefore() : 0);
  }

  int64_t VisibleRows() const {
    int64_t rows = 0;
    if (!fs::exists(root_ / "lake")) return 0;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / "lake")) {
      if (entry.path().extension() != ".parquet") continue;
      const ParquetContent content =
          ReadParquetFile(entry.path(), static_cast<int64_t>(entry.file_size()),
                          {.with_checksum = true, .on_rows = {}})
              .ValueOrDie();
      EXPECT_EQ(content.problem, "");
      rows += content.rows;
    }
    return rows;
  }

  /// Right after a break-off. A folder that is empty bears no marker, so nobody can know that
  /// headrace made it: such a one stays, and stays empty.
  void NoteEmptyStaging() {
    const fs::path staging = root_ / ".lake.headrace";
    empty_staging_ = fs::exists(staging) && fs::is_empty(staging);
  }

  void ExpectNothingStaged() {
    ASSERT_TRUE(Open(MakeLocalFs(), std::chrono::seconds(0))->Clean({}).ok());
    const fs::path staging = root_ / ".lake.headrace";
    EXPECT_EQ(fs::exists(staging), empty_staging_);
    EXPECT_TRUE(!empty_staging_ || fs::is_empty(staging));
  }

  /// Starts over, decides a load of `target` and commits it until `fs` breaks that off.
  CommitIntent DecideAndBreakOff(const TableTarget& target, FaultInjectionFs& fs) {
    StartOver();
    CommitIntent intent;
    {
      const auto destination = Open();
      intent = destination
                   ->Intend(target, Stage(*destination, target, kNewRows).ValueOrDie(), sequence())
                   .ValueOrDie();
    }
    (void)Open(std::shared_ptr<DurableFs>(std::shared_ptr<DurableFs>(), &fs))->Commit(intent);
    NoteEmptyStaging();
    return intent;
  }

  void BreakOffCommit(FaultInjectionFs& fs) {
    const TableTarget target = Target("new", GetParam().mode);
    const CommitIntent intent = DecideAndBreakOff(target, fs);
    const int64_t visible = VisibleRows();
    const bool gap = !GetParam().can_exchange && visible == 0;
    EXPECT_TRUE(visible == RowsBefore() || visible == RowsAfter() || gap) << visible;

    const auto destination = Open();
    const auto outcome = destination->Settle(intent);
    ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
    EXPECT_EQ(outcome->outcome == SettleOutcome::kCommitted, visible == RowsAfter());
    if (outcome->outcome == SettleOutcome::kNotCommitted) {
      const auto record = destination->Commit(intent);
      ASSERT_TRUE(record.ok()) << record.status().ToString();
    }
    EXPECT_EQ(VisibleRows(), RowsAfter());
    EXPECT_EQ(destination->LastCommit(target.table).ValueOrDie()->intent.sequence, sequence());
    EXPECT_EQ(destination->FindCommit("shop", "new", target.table).ValueOrDie()->intent.rows,
              kNewRows);
    ExpectNothingStaged();
    EXPECT_EQ(VisibleRows(), RowsAfter());
  }

  /// Another job replaces the table before the broken-off run comes back, and the table that it
  /// replaced is gone. What was published is never taken for void: it would be loaded twice.
  void BreakOffCommitAndReplace(FaultInjectionFs& fs) {
    const TableTarget target = Target("new", GetParam().mode);
    const CommitIntent intent = DecideAndBreakOff(target, fs);
    const int64_t visible = VisibleRows();
    if (!GetParam().can_exchange && visible == 0) return;  // The old table is put aside: no doubt.
    const bool published = visible == RowsAfter();
    const TableTarget replacing = Target("other", WriteMode::kReplace);
    const auto other = Open();
    const auto last = other->LastCommit(replacing.table).ValueOrDie();
    const int64_t next = last.has_value() ? last->intent.sequence + 1 : 1;
    ASSERT_TRUE(Load(*other, replacing, kOtherRows, next).ok());
    fs::remove_all(root_ / ".lake.headrace" / ".replaced");

    const auto outcome = Open()->Settle(intent);
    const auto record = Open()->Commit(intent);
    if (published) {
      EXPECT_TRUE(!outcome.ok() || outcome->outcome == SettleOutcome::kCommitted);
      EXPECT_NE(CodeOf(record.status()), kVoidIntentCode) << record.status().ToString();
      EXPECT_EQ(outcome.ok(), record.ok());
      proved_ += record.ok() ? 1 : 0;
    } else {
      EXPECT_EQ(outcome.ValueOrDie().outcome, SettleOutcome::kVoid);
      EXPECT_EQ(CodeOf(record.status()), kVoidIntentCode) << record.status().ToString();
    }
    EXPECT_EQ(VisibleRows(), kOtherRows);
  }

  /// A process that dies before its intent is journalled leaves a load that starts over in a new
  /// epoch.
  void BreakOffStaging(FaultInjectionFs& fs) {
    StartOver();
    {
      const auto destination = Open(std::shared_ptr<DurableFs>(std::shared_ptr<DurableFs>(), &fs));
      const TableTarget target = Target("new", GetParam().mode);
      if (const auto receipts = Stage(*destination, target, kNewRows); receipts.ok()) {
        (void)destination->Intend(target, *receipts, sequence());
      }
    }
    NoteEmptyStaging();
    EXPECT_EQ(VisibleRows(), RowsBefore());
    const auto destination = Open();
    const arrow::Status status =
        Load(*destination, Target("new", GetParam().mode, 1), kNewRows, sequence());
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(VisibleRows(), RowsAfter());
    ExpectNothingStaged();
  }

  /// The state goes with the process: the next one knows nothing, numbers its epochs and files as
  /// the dead one did, and reads other rows in files of the same size.
  void BreakOffAndLoseState(FaultInjectionFs& fs) {
    StartOver();
    const TableTarget target = Target("new", GetParam().mode);
    (void)Load(*Open(std::shared_ptr<DurableFs>(std::shared_ptr<DurableFs>(), &fs)), target,
               kNewRows, sequence(), kFirstLostId);
    const auto destination = Open();
    const bool published =
        destination->FindCommit("shop", "new", target.table).ValueOrDie().has_value();
    if (!published) {
      const auto last = destination->LastCommit(target.table).ValueOrDie();
      const arrow::Status status =
          Load(*destination, target, kNewRows, last.has_value() ? last->intent.sequence + 1 : 1,
               kFirstNewId);
      ASSERT_TRUE(status.ok()) << status.ToString();
    }
    EXPECT_EQ(VisibleRows(), RowsAfter());
    const CommitRecord record =
        destination->FindCommit("shop", "new", target.table).ValueOrDie().value();
    const auto read = destination->ReadBack(record, {.with_checksum = true}, {}).ValueOrDie();
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(read[0].problem, "");
    EXPECT_EQ(read[0].checksum, published ? ChecksumOf(kFirstLostId) : ChecksumOf(kFirstNewId));
  }

  /// Of a load of kNewRows from `first_id` on, wherever it goes.
  Checksum ChecksumOf(int64_t first_id) {
    fs::remove_all(root_ / "elsewhere");
    OptionValues options;
    options.Set("path", (root_ / "elsewhere" / "lake").string());
    const auto elsewhere = MakeParquetDestination(options).ValueOrDie();
    fs::create_directories(root_ / "elsewhere");
    const auto receipts =
        Stage(*elsewhere, Target("new", WriteMode::kReplace), kNewRows, first_id).ValueOrDie();
    return receipts.at(0).files.at(0).checksum;
  }

  /// Runs `break_off` with a fault at call 1, 2, … until none is reached.
  template <typename BreakOff>
  void AtEveryCall(BreakOff break_off) {
    for (const bool after_effect : {false, true}) {
      for (int call = 1;; ++call) {
        SCOPED_TRACE((after_effect ? "after call " : "at call ") + std::to_string(call));
        FaultInjectionFs fs(MakeLocalFs(), {.at_call = call,
                                            .after_effect = after_effect,
                                            .can_exchange = GetParam().can_exchange});
        break_off(fs);
        if (HasFatalFailure()) return;
        if (!fs.broken()) {
          EXPECT_GT(call, 3);
          break;
        }
      }
    }
  }

  fs::path root_;
  bool empty_staging_ = false;
  int proved_ = 0;  // Commits that were found although the table with their record was gone.
};

TEST_P(LakeCrashTest, CommitEndsTheSameWhereverItWasBrokenOff) {
  AtEveryCall([this](FaultInjectionFs& fs) { BreakOffCommit(fs); });
}

TEST_P(LakeCrashTest, WhatWasPublishedAndReplacedSinceIsNotVoid) {
  AtEveryCall([this](FaultInjectionFs& fs) { BreakOffCommitAndReplace(fs); });
  EXPECT_GT(proved_, 0);
}

TEST_P(LakeCrashTest, StagingBrokenOffAnywhereIsForgotten) {
  AtEveryCall([this](FaultInjectionFs& fs) { BreakOffStaging(fs); });
}

TEST_P(LakeCrashTest, ALostStateNeitherLosesTheTableNorPublishesWhatTheDeadProcessStaged) {
  AtEveryCall([this](FaultInjectionFs& fs) { BreakOffAndLoseState(fs); });
}

INSTANTIATE_TEST_SUITE_P(Modes, LakeCrashTest,
                         testing::Values(CrashCase{WriteMode::kAppend, true},
                                         CrashCase{WriteMode::kAppend, false},
                                         CrashCase{WriteMode::kReplace, true},
                                         CrashCase{WriteMode::kReplace, false},
                                         CrashCase{WriteMode::kReplace, true, false},
                                         CrashCase{WriteMode::kErrorIfExists, false}));

}  // namespace
}  // namespace headrace
