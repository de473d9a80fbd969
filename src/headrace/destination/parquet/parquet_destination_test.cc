#include "headrace/destination/parquet/parquet_destination.h"

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stop_token>
#include <utility>

#include "headrace/client/store/fault_injection_fs.h"

namespace headrace {
namespace {

using testing::HasSubstr;

/// Counts what is read.
class ReadCountingFs final : public FaultInjectionFs {
 public:
  explicit ReadCountingFs(std::shared_ptr<DurableFs> base)
      : FaultInjectionFs(std::move(base), Fault{}) {}

  arrow::Result<std::optional<std::string>> ReadFile(
      const std::filesystem::path& path) const override {
    ++reads;
    return FaultInjectionFs::ReadFile(path);
  }

  mutable int reads = 0;
};

/// Staging and lake on two devices.
class TwoDevicesFs final : public FaultInjectionFs {
 public:
  explicit TwoDevicesFs(std::filesystem::path staging)
      : FaultInjectionFs(MakeLocalFs(), Fault{}), staging_(std::move(staging)) {}

  arrow::Status RenameNoReplace(const std::filesystem::path& from,
                                const std::filesystem::path& to) override {
    if (IsStaged(from) != IsStaged(to)) return ErrnoError(EXDEV, "move", to);
    return FaultInjectionFs::RenameNoReplace(from, to);
  }
  arrow::Result<bool> Exchange(const std::filesystem::path& /*left*/,
                               const std::filesystem::path& right) override {
    return ErrnoError(EXDEV, "exchange", right);
  }

 private:
  bool IsStaged(const std::filesystem::path& path) const {
    return path.string().starts_with(staging_.string());
  }

  std::filesystem::path staging_;
};

/// Another process is quick: what it does comes right before a call of this one.
class MeddlingFs final : public FaultInjectionFs {
 public:
  MeddlingFs() : FaultInjectionFs(MakeLocalFs(), Fault{}) {}

  arrow::Status RenameNoReplace(const std::filesystem::path& from,
                                const std::filesystem::path& to) override {
    if (before_rename) std::exchange(before_rename, nullptr)(to);
    return FaultInjectionFs::RenameNoReplace(from, to);
  }
  arrow::Result<std::optional<std::string>> ReadFile(
      const std::filesystem::path& path) const override {
    if (before_read) std::exchange(before_read, nullptr)(path);
    return FaultInjectionFs::ReadFile(path);
  }

  std::function<void(const std::filesystem::path& to)> before_rename;
  mutable std::function<void(const std::filesystem::path& path)> before_read;
};

/// Dies while it removes a directory: files that begin with an underscore would have come last.
class HalfRemovingFs final : public FaultInjectionFs {
 public:
  HalfRemovingFs() : FaultInjectionFs(MakeLocalFs(), Fault{}) {}

  arrow::Status RemoveAll(const std::filesystem::path& path) override {
    if (!std::filesystem::is_directory(path)) return FaultInjectionFs::RemoveAll(path);
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().filename().string().starts_with('_')) continue;
      std::filesystem::remove_all(entry.path());
    }
    return ErrnoError(EIO, "remove", path);
  }
};

/// A parent directory in which this role may not write.
class LockedParentFs final : public FaultInjectionFs {
 public:
  LockedParentFs(std::filesystem::path child, int error)
      : FaultInjectionFs(MakeLocalFs(), Fault{}), child_(std::move(child)), error_(error) {}

  arrow::Status RemoveIfEmpty(const std::filesystem::path& path) override {
    if (path == child_) return ErrnoError(error_, "remove", path);
    return FaultInjectionFs::RemoveIfEmpty(path);
  }

 private:
  std::filesystem::path child_;
  int error_;
};

/// A person who loses patience while a lock is waited for.
class ImpatientFs final : public FaultInjectionFs {
 public:
  ImpatientFs() : FaultInjectionFs(MakeLocalFs(), Fault{}) {}

  arrow::Result<std::optional<DirectoryLock>> TryLock(
      const std::filesystem::path& directory) const override {
    auto lock = FaultInjectionFs::TryLock(directory);
    constexpr int kPatience = 3;
    if (lock.ok() && !lock->has_value() && ++refused == kPatience) stop.request_stop();
    return lock;
  }

  mutable int refused = 0;
  mutable std::stop_source stop;
};

/// A directory that this role may not look into.
class ClosedDirectoryFs final : public FaultInjectionFs {
 public:
  explicit ClosedDirectoryFs(std::filesystem::path closed)
      : FaultInjectionFs(MakeLocalFs(), Fault{}), closed_(std::move(closed)) {}

  arrow::Result<std::optional<std::string>> ReadFile(
      const std::filesystem::path& path) const override {
    if (path.parent_path() == closed_) return ErrnoError(EACCES, "read", path);
    return FaultInjectionFs::ReadFile(path);
  }

 private:
  std::filesystem::path closed_;
};

class ParquetDestinationTest : public testing::Test {
 protected:
  ParquetDestinationTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-parquet-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    options_.Set("path", (root_ / "lake").string());
  }
  ~ParquetDestinationTest() override { std::filesystem::remove_all(root_); }

  /// One whose Clean keeps replaced tables for nobody.
  std::unique_ptr<Destination> OpenWithoutGrace() const {
    OptionValues options = options_;
    options.Set("grace", int64_t{0});
    return MakeParquetDestination(options).ValueOrDie();
  }

  static TableTarget Target(WriteMode mode) {
    return {.job = "shop",
            .run = "r1",
            .plan_id = "p",
            .table = {.schema = {}, .name = "orders", .query = {}, .alias = {}},
            .epoch = 0,
            .mode = mode,
            .schema = arrow::schema({arrow::field("id", arrow::int64())})};
  }

  /// Publishes an append or replace without rows.
  static arrow::Result<CommitRecord> Load(Destination& destination, const TableTarget& target,
                                          int64_t sequence) {
    ARROW_RETURN_NOT_OK(destination.Prepare(target));
    ARROW_ASSIGN_OR_RAISE(const CommitIntent intent, destination.Intend(target, {}, sequence));
    return destination.Commit(intent);
  }

  /// Loads runs `a1`, `a2` … `a<runs>` by append.
  static void Append(Destination& destination, int runs) {
    TableTarget target = Target(WriteMode::kAppend);
    for (int run = 1; run <= runs; ++run) {
      target.run = "a" + std::to_string(run);
      const auto record = Load(destination, target, run);
      ASSERT_TRUE(record.ok()) << record.status().ToString();
    }
  }

  void Touch(const std::filesystem::path& path) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << "not ours";
  }

  std::filesystem::path root_;
  OptionValues options_;
};

TEST_F(ParquetDestinationTest, OptionsThatCannotBeMetAreRefusedWithTheirKey) {
  options_.Set("encodings", "compact");
  EXPECT_THAT(MakeParquetDestination(options_).status().message(),
              HasSubstr("destination.encodings"));
  options_.Set("encodings", "compatible");
  options_.Set("staging", (root_ / "lake" / "staging").string());
  EXPECT_THAT(MakeParquetDestination(options_).status().message(),
              HasSubstr("destination.staging"));
  EXPECT_THAT(MakeParquetDestination(OptionValues()).status().message(),
              HasSubstr("destination.path"));
}

TEST_F(ParquetDestinationTest, EveryOptionHasADocAndItsDefaultIsAChoice) {
  for (const OptionSpec& option : ParquetOptions().options) {
    EXPECT_NE(option.doc, "") << option.key;
    if (option.type != OptionType::kEnum) continue;
    EXPECT_THAT(option.choices, testing::Contains(option.default_text)) << option.key;
  }
}

TEST_F(ParquetDestinationTest, HowFilesAreWrittenMayDifferPerTable) {
  std::vector<std::string_view> keys;
  for (const OptionSpec& option : ParquetOptions().options) {
    if (option.per_table) keys.push_back(option.key);
  }
  EXPECT_THAT(keys, testing::ElementsAre("target_file_size", "compression", "encodings"));
}

TEST_F(ParquetDestinationTest, ATargetsOwnOptionsAreCheckedAsTheJobsAre) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  TableTarget target = Target(WriteMode::kReplace);
  target.options.Set("compression", "gzip");
  EXPECT_THAT(destination->OpenWriter(target, 0, 0).status().message(),
              HasSubstr("destination.compression"));
  EXPECT_THAT(destination->Intend(target, {}, 1).status().message(),
              HasSubstr("destination.compression"));
}

TEST_F(ParquetDestinationTest, ATargetIsCheckedWithoutStagingIt) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  const TableTarget first = Target(WriteMode::kReplace);
  ASSERT_TRUE(destination->CheckTarget(first).ok());
  EXPECT_TRUE(std::filesystem::is_empty(root_));
  ASSERT_TRUE(destination->Prepare(first).ok());
  ASSERT_TRUE(destination->Commit(destination->Intend(first, {}, 1).ValueOrDie()).ok());

  const auto later = MakeParquetDestination(options_).ValueOrDie();
  TableTarget other = Target(WriteMode::kAppend);
  other.run = "r2";
  other.schema = arrow::schema({arrow::field("id", arrow::utf8())});
  EXPECT_THAT(later->CheckTarget(other).message(), HasSubstr("\n- id: int64\n+ id: string\n"));
  EXPECT_THAT(later->CheckTarget(other).message(), HasSubstr("Change `columns:`"));
  other.schema =
      first.schema->AddField(1, arrow::field("_headrace_run", arrow::utf8())).ValueOrDie();
  EXPECT_THAT(later->CheckTarget(other).message(), HasSubstr("Change `lineage:`"));
  other.mode = WriteMode::kErrorIfExists;
  EXPECT_EQ(CodeOf(later->CheckTarget(other)), "EEXIST");
  other.mode = WriteMode::kReplace;
  EXPECT_TRUE(later->CheckTarget(other).ok());
  EXPECT_FALSE(std::filesystem::exists(root_ / ".lake.headrace" / "r2"));
}

TEST_F(ParquetDestinationTest, FilesThatHeadraceDidNotWriteAreNeverReplaced) {
  Touch(root_ / "lake" / "orders" / "mine.parquet");
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  for (const WriteMode mode :
       {WriteMode::kAppend, WriteMode::kReplace, WriteMode::kErrorIfExists}) {
    const arrow::Status status = destination->Prepare(Target(mode));
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
    EXPECT_THAT(status.message(), HasSubstr((root_ / "lake" / "orders").string()));
  }
}

TEST_F(ParquetDestinationTest, ReplaceTakesNoForeignFileAwayWithTheTable) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  Append(*destination, 2);
  const TableTarget target = Target(WriteMode::kReplace);
  ASSERT_TRUE(destination->Prepare(target).ok());
  const CommitIntent intent = destination->Intend(target, {}, 3).ValueOrDie();
  TableTarget appended = Target(WriteMode::kAppend);
  appended.run = "a3";
  const auto table = root_ / "lake" / "orders";
  for (const auto& first : {table / "notes.txt", table / "run-mine", table / "run-a1" / "x.parquet",
                            table / "run-a1" / "_commit.json.mine.parquet",
                            table / "_last_commit.json.mine.parquet", table / "run-a2" / "part"}) {
    const auto foreign = first.has_extension() ? first : first / "x.parquet";
    Touch(foreign);
    for (const arrow::Status& status :
         {destination->Prepare(target), destination->Commit(intent).status()}) {
      EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status.ToString();
      EXPECT_THAT(status.message(), HasSubstr("the first is " + first.string()));
    }
    EXPECT_TRUE(destination->Prepare(appended).ok());
    EXPECT_TRUE(std::filesystem::exists(foreign));
    std::filesystem::remove_all(first);
  }
  EXPECT_TRUE(destination->Commit(intent).ok());
}

TEST_F(ParquetDestinationTest, ATableThatAnotherJobReplacesMeanwhileIsNotForeign) {
  const auto fs = std::make_shared<MeddlingFs>();
  const auto destination = MakeParquetDestination(options_, fs).ValueOrDie();
  Append(*destination, 1);
  const auto other = MakeParquetDestination(options_).ValueOrDie();
  TableTarget replace = Target(WriteMode::kReplace);
  for (const WriteMode mode :
       {WriteMode::kAppend, WriteMode::kReplace, WriteMode::kErrorIfExists}) {
    replace.run += 'x';
    fs->before_read = [&](const std::filesystem::path&) {
      const int64_t last = other->LastCommit(replace.table).ValueOrDie()->intent.sequence;
      ASSERT_TRUE(Load(*other, replace, last + 1).ok());
    };
    const arrow::Status status = destination->CheckTarget(Target(mode));
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_FALSE(fs->before_read);
  }
}

TEST_F(ParquetDestinationTest, ACleanerLeavesTheFolderThatATableIsAboutToBePutInto) {
  const auto fs = std::make_shared<MeddlingFs>();
  const auto destination = MakeParquetDestination(options_, fs).ValueOrDie();
  Append(*destination, 1);
  const TableTarget target = Target(WriteMode::kReplace);
  ASSERT_TRUE(destination->Prepare(target).ok());
  const CommitIntent intent = destination->Intend(target, {}, 2).ValueOrDie();
  fs->before_rename = [this](const std::filesystem::path& to) {
    ASSERT_THAT(to.string(), HasSubstr("/.replaced/"));
    ASSERT_TRUE(std::filesystem::is_empty(to.parent_path()));
    EXPECT_TRUE(OpenWithoutGrace()->Clean({"r1"}).ok());
  };
  const auto record = destination->Commit(intent);
  EXPECT_TRUE(record.ok()) << record.status().ToString();
  EXPECT_FALSE(fs->before_rename);
}

TEST_F(ParquetDestinationTest, ARunIdOfAnotherJobIsRefusedBeforeARowIsRead) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  Append(*destination, 1);
  TableTarget target = Target(WriteMode::kAppend);
  target.run = "a1";
  target.job = "other";
  const arrow::Status status = destination->Prepare(target);
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_THAT(status.message(), HasSubstr("run id a1"));
  EXPECT_THAT(status.message(), HasSubstr("by job shop"));
  target.run = "a2";
  EXPECT_TRUE(destination->Prepare(target).ok());
}

TEST_F(ParquetDestinationTest, OfManyRunsOnlyTheLastRecordIsRead) {
  const auto fs = std::make_shared<ReadCountingFs>(MakeLocalFs());
  const auto destination = MakeParquetDestination(options_, fs).ValueOrDie();
  Append(*destination, 20);
  const TableTarget target = Target(WriteMode::kAppend);
  fs->reads = 0;
  EXPECT_EQ(destination->LastCommit(target.table).ValueOrDie()->intent.run, "a20");
  EXPECT_EQ(fs->reads, 2);
  ASSERT_TRUE(Load(*destination, target, 21).ok());
  EXPECT_LE(fs->reads, 10);
}

TEST_F(ParquetDestinationTest, TheLastCommitIsFoundWhateverBecameOfTheRuns) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  const TableRef ref = Target(WriteMode::kAppend).table;
  const auto table = root_ / "lake" / "orders";
  const auto last = [&] { return destination->LastCommit(ref).ValueOrDie()->intent.run; };
  Append(*destination, 12);
  std::filesystem::remove_all(table / "run-a3");
  EXPECT_EQ(last(), "a12");
  std::filesystem::remove_all(table / "run-a12");
  EXPECT_EQ(last(), "a11");
  std::ofstream(table / "_last_commit.json") << "{";
  EXPECT_EQ(last(), "a11");
  std::ofstream(table / "_last_commit.json") << R"({"version": 1, "folder": 5, "runs": []})";
  EXPECT_EQ(last(), "a11");
  TableTarget next = Target(WriteMode::kAppend);
  next.run = "b12";
  ASSERT_TRUE(Load(*destination, next, 12).ok());
  EXPECT_EQ(last(), "b12");
  // The same set of folders, with another run behind one of the names.
  std::filesystem::remove_all(table / "run-a2");
  next.run = "a2";
  ASSERT_TRUE(Load(*destination, next, 13).ok());
  EXPECT_EQ(last(), "a2");
}

TEST_F(ParquetDestinationTest, TheLastCommitIsFoundWhereItsShortCutCannotBeReadOrWritten) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  Append(*destination, 3);
  const auto short_cut = root_ / "lake" / "orders" / "_last_commit.json";
  std::filesystem::remove(short_cut);
  Touch(short_cut / "x");
  TableTarget next = Target(WriteMode::kAppend);
  next.run = "a4";
  const auto record = Load(*destination, next, 4);
  ASSERT_TRUE(record.ok()) << record.status().ToString();
  EXPECT_EQ(destination->LastCommit(next.table).ValueOrDie()->intent.run, "a4");
  EXPECT_TRUE(std::filesystem::exists(short_cut / "x"));
}

TEST_F(ParquetDestinationTest, ADamagedCommitRecordIsAnErrorThatNamesIt) {
  const auto record = root_ / "lake" / "orders" / "run-r0" / "_commit.json";
  Touch(record);
  const auto last =
      MakeParquetDestination(options_).ValueOrDie()->LastCommit(Target(WriteMode::kAppend).table);
  EXPECT_EQ(ClassOf(last.status()), ErrorClass::kPermanent);
  EXPECT_THAT(last.status().message(), HasSubstr(record.string()));
}

TEST_F(ParquetDestinationTest, CheckSaysWhyItCannotWrite) {
  for (const int error : {EROFS, EACCES, ENOSPC, EXDEV}) {
    for (int call = 1; call <= 5; ++call) {
      const auto fs = std::make_shared<FaultInjectionFs>(
          MakeLocalFs(),
          FaultInjectionFs::Fault{.at_call = call, .error = error, .stays_broken = false});
      const arrow::Status status = MakeParquetDestination(options_, fs).ValueOrDie()->Check();
      EXPECT_FALSE(status.ok());
      EXPECT_THAT(status.message(), HasSubstr(root_.string()));
      EXPECT_FALSE(std::filesystem::exists(root_ / "lake"))
          << "left behind after a fault at call " << call;
    }
  }
}

TEST_F(ParquetDestinationTest, TwoProcessesCannotWriteOneRun) {
  const auto first = MakeParquetDestination(options_).ValueOrDie();
  ASSERT_TRUE(first->Prepare(Target(WriteMode::kAppend)).ok());
  const auto second = MakeParquetDestination(options_).ValueOrDie();
  EXPECT_THAT(second->Prepare(Target(WriteMode::kAppend)).message(), HasSubstr("another process"));
}

TEST_F(ParquetDestinationTest, WaitingForAnotherProcessEndsWithTheStopToken) {
  const auto decided = MakeParquetDestination(options_).ValueOrDie();
  const TableTarget target = Target(WriteMode::kAppend);
  ASSERT_TRUE(decided->Prepare(target).ok());
  const CommitIntent intent = decided->Intend(target, {}, 1).ValueOrDie();
  TableTarget other = target;
  other.run = "r2";
  std::filesystem::create_directories(root_ / "lake");
  const std::vector<std::pair<const char*, std::function<arrow::Status(Destination&)>>> calls = {
      {"lake", [](Destination& waiting) { return waiting.Check(); }},
      {"lake", [&](Destination& waiting) { return waiting.Prepare(other); }},
      {"lake", [&](Destination& waiting) { return waiting.Commit(intent).status(); }},
      {"lake", [&](Destination& waiting) { return waiting.Settle(intent).status(); }},
      {".lake.headrace", [](Destination& waiting) { return waiting.Check(); }},
      {".lake.headrace", [&](Destination& waiting) { return waiting.Prepare(other); }},
      {".lake.headrace", [](Destination& waiting) { return waiting.Clean({}).status(); }},
  };
  for (const auto& [held, call] : calls) {
    const auto fs = std::make_shared<ImpatientFs>();
    const auto waiting =
        MakeParquetDestination(options_, fs, {.state = {}, .stop = fs->stop.get_token()})
            .ValueOrDie();
    const auto lock = MakeLocalFs()->TryLock(root_ / held).ValueOrDie();
    ASSERT_TRUE(lock.has_value());
    EXPECT_EQ(CodeOf(call(*waiting)), kInterruptedCode);
    EXPECT_LE(fs->refused, 4) << "asked for once more at the most, to tidy up";
  }
  EXPECT_TRUE(decided->Commit(intent).ok());
}

TEST_F(ParquetDestinationTest, AnIntentOfAnotherLakeIsRefused) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  CommitIntent intent;
  intent.table = "orders";
  intent.target = "/elsewhere/orders";
  EXPECT_EQ(ClassOf(destination->Settle(intent).status()), ErrorClass::kUser);
  EXPECT_EQ(ClassOf(destination->Commit(intent).status()), ErrorClass::kUser);
}

/// What a crash right after the rename of an append leaves: the rows are published, the intent is
/// open.
TEST_F(ParquetDestinationTest, AReplacedTableIsKeptWhileACommitInItIsNotSettled) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  Append(*destination, 1);
  TableTarget target = Target(WriteMode::kAppend);
  target.run = "a2";
  ASSERT_TRUE(destination->Prepare(target).ok());
  const CommitIntent intent = destination->Intend(target, {}, 2).ValueOrDie();
  const auto staged = root_ / ".lake.headrace";
  std::filesystem::copy(staged, root_ / "copy", std::filesystem::copy_options::recursive);
  ASSERT_TRUE(destination->Commit(intent).ok());
  std::filesystem::remove_all(root_ / "copy" / "a2" / "orders" / "0" / "table" / "run-a2");
  std::filesystem::create_directories(staged);
  std::filesystem::copy(root_ / "copy", staged, std::filesystem::copy_options::recursive);

  const auto other = MakeParquetDestination(options_).ValueOrDie();
  ASSERT_TRUE(Load(*other, Target(WriteMode::kReplace), 3).ok());
  const auto cleaner = OpenWithoutGrace();
  const CleanResult cleaned = cleaner->Clean({}).ValueOrDie();
  EXPECT_THAT(cleaned.kept, testing::Contains(HasSubstr("run a2 in it is not settled")));
  EXPECT_EQ(other->Commit(intent).ValueOrDie().intent.run, "a2");
  EXPECT_EQ(cleaner->Clean({}).ValueOrDie().removed_directories, 1);
}

TEST_F(ParquetDestinationTest, ALakeThatCannotBeMadeIsRefusedAtOnce) {
  const auto fs = std::make_shared<FaultInjectionFs>(MakeLocalFs(), FaultInjectionFs::Fault{});
  std::filesystem::create_symlink("/nowhere/at/all", root_ / "link");
  options_.Set("path", (root_ / "link" / "lake").string());
  const auto destination = MakeParquetDestination(options_, fs).ValueOrDie();
  const arrow::Status status = destination->Prepare(Target(WriteMode::kAppend));
  EXPECT_EQ(ClassOf(status), ErrorClass::kPermanent) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr((root_ / "link").string()));
  EXPECT_LE(fs->calls(), 10);
}

TEST_F(ParquetDestinationTest, StagingOnAnotherDeviceIsRefusedBeforeARowIsRead) {
  const auto fs = std::make_shared<TwoDevicesFs>(root_ / ".lake.headrace");
  const auto destination = MakeParquetDestination(options_, fs).ValueOrDie();
  for (int i = 0; i < 2; ++i) {
    const arrow::Status status = destination->Prepare(Target(WriteMode::kAppend));
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr("destination.staging"));
    EXPECT_TRUE(std::filesystem::is_empty(root_));
  }
}

/// The rename was refused, so nothing is published, and never will be from there.
TEST_F(ParquetDestinationTest, AnIntentStagedOnAnotherDeviceIsVoid) {
  for (const bool table_is_there : {false, true}) {
    for (const WriteMode mode :
         {WriteMode::kAppend, WriteMode::kReplace, WriteMode::kErrorIfExists}) {
      if (table_is_there && mode == WriteMode::kErrorIfExists) continue;
      std::filesystem::remove_all(root_ / "lake");
      const auto destination = MakeParquetDestination(options_).ValueOrDie();
      if (table_is_there) Append(*destination, 1);
      ASSERT_TRUE(destination->Prepare(Target(mode)).ok());
      const CommitIntent intent =
          destination->Intend(Target(mode), {}, table_is_there ? 2 : 1).ValueOrDie();
      const auto fs = std::make_shared<TwoDevicesFs>(root_ / ".lake.headrace");
      const auto later = MakeParquetDestination(options_, fs).ValueOrDie();
      const arrow::Status status = later->Commit(intent).status();
      EXPECT_EQ(CodeOf(status), kVoidIntentCode) << status.ToString();
      EXPECT_THAT(status.message(), HasSubstr("one filesystem"));
      EXPECT_FALSE(std::filesystem::exists(root_ / "lake" / "orders" / "run-r1"));
      ASSERT_TRUE(later->Discard("r1", "orders", 0).ok());
    }
  }
}

TEST_F(ParquetDestinationTest, WithoutStagingATableThatIsThereWithoutTheRunProvesTheIntentVoid) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  const TableTarget target = Target(WriteMode::kAppend);
  ASSERT_TRUE(destination->Prepare(target).ok());
  const CommitIntent intent = destination->Intend(target, {}, 1).ValueOrDie();
  ASSERT_TRUE(destination->Discard("r1", "orders", 0).ok());
  Touch(root_ / "lake" / "orders" / "_last_commit.json");
  const Settlement settled = destination->Settle(intent).ValueOrDie();
  EXPECT_EQ(settled.outcome, SettleOutcome::kVoid);
  EXPECT_THAT(settled.reason, HasSubstr("its staged files are gone"));
  EXPECT_EQ(CodeOf(destination->Commit(intent).status()), kVoidIntentCode);
}

/// `_intent.json` without the files beside it says that they were published.
TEST_F(ParquetDestinationTest, ADecidedCommitThatIsHalfRemovedIsNotTakenForPublished) {
  Append(*MakeParquetDestination(options_).ValueOrDie(), 1);
  const TableTarget target = Target(WriteMode::kAppend);
  const auto decided = [&]() -> arrow::Result<CommitIntent> {
    const auto destination = MakeParquetDestination(options_).ValueOrDie();
    ARROW_RETURN_NOT_OK(destination->Prepare(target));
    return destination->Intend(target, {}, 2);
  };
  const CommitIntent intent = decided().ValueOrDie();
  const auto dying = MakeParquetDestination(options_, std::make_shared<HalfRemovingFs>());
  EXPECT_FALSE(dying.ValueOrDie()->Prepare(target).ok());

  TableTarget other = Target(WriteMode::kReplace);
  other.run = "other";
  ASSERT_TRUE(Load(*OpenWithoutGrace(), other, 2).ok());
  other.run = "another";
  ASSERT_TRUE(Load(*OpenWithoutGrace(), other, 3).ok());
  const Settlement settled = MakeParquetDestination(options_).ValueOrDie()->Settle(intent).ValueOr(
      Settlement{SettleOutcome::kVoid, "a doubt"});
  EXPECT_EQ(settled.outcome, SettleOutcome::kVoid) << settled.reason;
}

/// `clean` of another job beside it: it locks and removes run directories that nobody holds.
TEST_F(ParquetDestinationTest, ARunIsPreparedWhileAnotherProcessCleans) {
  const pid_t cleaner = ::fork();
  ASSERT_GE(cleaner, 0);
  if (cleaner == 0) {
    const auto other = OpenWithoutGrace();
    while (other->Clean({}).ok()) {
    }
    ::_exit(1);
  }
  constexpr int kRounds = 40;
  TableTarget target = Target(WriteMode::kAppend);
  for (int round = 0; round < kRounds; ++round) {
    const auto destination = MakeParquetDestination(options_).ValueOrDie();
    target.run = "r" + std::to_string(round);
    const auto staged = root_ / ".lake.headrace" / target.run / "orders" / "0";
    const arrow::Status status = destination->Prepare(target);
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_TRUE(std::filesystem::exists(staged)) << "removed under the run " << target.run;
    if (HasFailure()) break;
  }
  EXPECT_EQ(::waitpid(cleaner, nullptr, WNOHANG), 0) << "the other process failed";
  ::kill(cleaner, SIGKILL);
  ::waitpid(cleaner, nullptr, 0);
}

TEST_F(ParquetDestinationTest, ATableThatIsALinkIsRefusedBeforeAnythingIsWritten) {
  std::filesystem::create_directories(root_ / "elsewhere" / "orders");
  std::filesystem::create_directories(root_ / "lake");
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  for (const char* leads_to : {"elsewhere/orders", "nowhere"}) {
    std::filesystem::create_symlink(root_ / leads_to, root_ / "lake" / "orders");
    for (const WriteMode mode :
         {WriteMode::kReplace, WriteMode::kAppend, WriteMode::kErrorIfExists}) {
      for (const arrow::Status& status :
           {destination->CheckTarget(Target(mode)), destination->Prepare(Target(mode))}) {
        EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status;
        EXPECT_THAT(status.message(), HasSubstr("is a symbolic link"));
      }
    }
    std::filesystem::remove(root_ / "lake" / "orders");
  }
  EXPECT_FALSE(std::filesystem::exists(root_ / ".lake.headrace"));
}

/// Dates are good run ids, and two jobs may have the same.
TEST_F(ParquetDestinationTest, ADecidedCommitOfAnotherJobIsNotRemovedByARunOfTheSameName) {
  const auto first = MakeParquetDestination(options_).ValueOrDie();
  const TableTarget target = Target(WriteMode::kAppend);
  ASSERT_TRUE(first->Prepare(target).ok());
  const CommitIntent intent = first->Intend(target, {}, 1).ValueOrDie();
  TableTarget other = target;
  other.job = "other";
  const arrow::Status status = first->Prepare(other);
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status;
  EXPECT_THAT(status.message(), HasSubstr("a run of job shop has a commit"));
  EXPECT_TRUE(first->Commit(intent).ok());
}

/// What two people kept in folders that a job named as its staging.
class ForeignStagingTest : public ParquetDestinationTest {
 protected:
  ForeignStagingTest() { options_.Set("staging", staging().string()); }

  std::filesystem::path staging() const { return root_ / "work"; }

  void WriteTrees() {
    for (const char* file : kFiles) Touch(staging() / file);
  }

  bool TreesAreThere() const {
    return std::ranges::all_of(kFiles, [this](const char* file) {
      return std::filesystem::file_size(staging() / file) > 0;
    });
  }

  /// A staging folder of headrace's, in which a dead run left files.
  void LeaveStaging() {
    ASSERT_TRUE(
        MakeParquetDestination(options_).ValueOrDie()->Prepare(Target(WriteMode::kAppend)).ok());
    Touch(staging() / "r1" / "orders" / "0" / "part-0.parquet");
  }

  static constexpr const char* kFiles[] = {"projects/thesis/chapters/one.tex",
                                           "warehouse/db/tables/2024/data.bin"};
};

TEST_F(ForeignStagingTest, AFolderThatHoldsAnythingIsNoStaging) {
  WriteTrees();
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  for (const arrow::Status& status :
       {destination->Check(), destination->CheckTarget(Target(WriteMode::kReplace)),
        destination->Prepare(Target(WriteMode::kReplace))}) {
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status;
    EXPECT_THAT(status.message(), HasSubstr("(the first is projects)"));
  }
  EXPECT_THAT(OpenWithoutGrace()->Clean({}).ValueOrDie().kept,
              testing::ElementsAre(HasSubstr(staging().string())));
  EXPECT_TRUE(TreesAreThere());
  EXPECT_FALSE(std::filesystem::exists(root_ / "lake"));
}

TEST_F(ForeignStagingTest, WhatIsPutIntoStagingLaterStaysAndCleanSaysSo) {
  LeaveStaging();
  WriteTrees();
  Touch(staging() / "notes");
  std::filesystem::create_directory_symlink(root_, staging() / "link");
  const CleanResult result = OpenWithoutGrace()->Clean({}).ValueOrDie();
  EXPECT_EQ(result.removed_directories, 1);
  EXPECT_FALSE(std::filesystem::exists(staging() / "r1"));
  EXPECT_THAT(result.kept,
              testing::ElementsAre(HasSubstr((staging() / "link: headrace did").string()),
                                   HasSubstr((staging() / "notes: headrace did").string()),
                                   HasSubstr((staging() / "projects: headrace did").string()),
                                   HasSubstr((staging() / "warehouse: headrace did").string())));
  EXPECT_TRUE(TreesAreThere());
  EXPECT_TRUE(std::filesystem::exists(staging() / "link" / "work"));
}

TEST_F(ForeignStagingTest, WhatCannotBeLookedIntoIsNotHeadraces) {
  LeaveStaging();
  WriteTrees();
  const auto fs = std::make_shared<ClosedDirectoryFs>(staging() / "projects");
  const auto cleaned = MakeParquetDestination(options_, fs).ValueOrDie()->Clean({});
  ASSERT_TRUE(cleaned.ok()) << cleaned.status();
  EXPECT_EQ(cleaned->removed_directories, 1);
  EXPECT_THAT(cleaned->kept, testing::ElementsAre(HasSubstr("projects: headrace did not make it"),
                                                  HasSubstr("warehouse: headrace did not")));
}

TEST_F(ForeignStagingTest, AFolderOfTheNameOfARunIsNotTheRuns) {
  LeaveStaging();
  WriteTrees();
  TableTarget target = Target(WriteMode::kAppend);
  target.run = "projects";
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  EXPECT_THAT(destination->Prepare(target).message(), HasSubstr("choose another --run-id"));
  target.run = "warehouse";
  EXPECT_TRUE(destination->Discard(target.run, "db", 0).ok());
  std::filesystem::rename(staging() / "warehouse" / "db" / "tables",
                          staging() / "warehouse" / "db" / "0");
  EXPECT_TRUE(destination->Discard(target.run, "db", 0).ok());
  EXPECT_TRUE(std::filesystem::exists(staging() / "warehouse/db/0/2024/data.bin"));
}

TEST_F(ForeignStagingTest, ARunThatWasHalfRemovedIsStillHeadraces) {
  LeaveStaging();
  for (int call = 1;; ++call) {
    const auto fs = std::make_shared<FaultInjectionFs>(
        MakeLocalFs(), FaultInjectionFs::Fault{.at_call = call, .after_effect = true});
    (void)MakeParquetDestination(options_, fs).ValueOrDie()->Clean({});
    const CleanResult result = OpenWithoutGrace()->Clean({}).ValueOrDie();
    EXPECT_THAT(result.kept, testing::IsEmpty()) << call;
    EXPECT_FALSE(std::filesystem::exists(staging() / "r1")) << call;
    if (!fs->broken()) break;
    LeaveStaging();
  }
}

TEST_F(ForeignStagingTest, AnEmptyFolderIsUsedAndLeftAsItWas) {
  std::filesystem::create_directories(staging());
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  ASSERT_TRUE(destination->Check().ok());
  EXPECT_TRUE(std::filesystem::is_empty(staging()));
  TableTarget target = Target(WriteMode::kReplace);
  target.run = "earlier";
  ASSERT_TRUE(Load(*destination, target, 1).ok());
  EXPECT_TRUE(std::filesystem::is_empty(staging()));
  LeaveStaging();
  EXPECT_EQ(OpenWithoutGrace()->Clean({}).ValueOrDie().removed_directories, 1);
  EXPECT_TRUE(std::filesystem::is_empty(staging()));
}

TEST_F(ForeignStagingTest, AFolderThatHeadraceMadeIsRemovedWhereItMayBe) {
  for (const int error : {EACCES, EPERM}) {
    const auto fs = std::make_shared<LockedParentFs>(staging(), error);
    const auto destination = MakeParquetDestination(options_, fs).ValueOrDie();
    TableTarget target = Target(WriteMode::kReplace);
    target.table.name += std::to_string(error);
    ASSERT_TRUE(Load(*destination, target, 1).ok());
    LeaveStaging();
    const auto cleaned = destination->Clean({});
    EXPECT_TRUE(cleaned.ok()) << cleaned.status();
    EXPECT_TRUE(std::filesystem::is_empty(staging()));
    std::filesystem::remove(staging());
  }
  LeaveStaging();
  ASSERT_TRUE(OpenWithoutGrace()->Clean({}).ok());
  EXPECT_FALSE(std::filesystem::exists(staging()));
}

TEST_F(ForeignStagingTest, AMarkerOfAnotherVersionIsNotGuessedAt) {
  Touch(staging() / ".headrace-staging.json");
  std::ofstream(staging() / ".headrace-staging.json") << R"({"version": 2})";
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  for (const arrow::Status& status :
       {destination->Check(), destination->Prepare(Target(WriteMode::kReplace)),
        destination->Clean({}).status()}) {
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser) << status;
    EXPECT_THAT(status.message(), HasSubstr("this version of headrace"));
  }
}

TEST_F(ForeignStagingTest, TheStateFolderIsNotInStaging) {
  for (const auto& state : {staging(), staging() / "state"}) {
    const auto made = MakeParquetDestination(options_, {.state = state});
    EXPECT_EQ(ClassOf(made.status()), ErrorClass::kUser);
    EXPECT_THAT(made.status().message(), HasSubstr("destination.staging"));
    EXPECT_THAT(made.status().message(), HasSubstr(state.string()));
  }
  EXPECT_TRUE(MakeParquetDestination(options_, {.state = root_ / "state"}).ok());
}

TEST_F(ParquetDestinationTest, TwoReplacedTablesOfOneSecondAndOneRunIdHaveTwoNames) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  for (int sequence = 1; sequence <= 4; ++sequence) {
    TableTarget target = Target(WriteMode::kReplace);
    target.job = "job" + std::to_string(sequence);
    ASSERT_TRUE(destination->Prepare(target).ok());
    const CommitIntent intent = destination->Intend(target, {}, sequence).ValueOrDie();
    const auto record = destination->Commit(intent);
    ASSERT_TRUE(record.ok()) << record.status();
  }
  const auto replaced = root_ / ".lake.headrace" / ".replaced" / "orders";
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(replaced), {}), 3);
}

/// A lake that is not mounted looks like that: whether the commit was done cannot be known.
TEST_F(ParquetDestinationTest, WithoutTableAndStagingItIsADoubtNotAVoidIntent) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  const TableTarget target = Target(WriteMode::kAppend);
  ASSERT_TRUE(destination->Prepare(target).ok());
  const CommitIntent intent = destination->Intend(target, {}, 1).ValueOrDie();
  ASSERT_TRUE(destination->Commit(intent).ok());
  std::filesystem::remove_all(root_ / "lake");
  std::filesystem::remove_all(root_ / ".lake.headrace");
  for (const arrow::Status& status :
       {destination->Settle(intent).status(), destination->Commit(intent).status()}) {
    EXPECT_EQ(ClassOf(status), ErrorClass::kPermanent);
    EXPECT_EQ(CodeOf(status), kUnknownCommitCode);
    EXPECT_THAT(status.message(), HasSubstr((root_ / "lake" / "orders").string()));
  }
  EXPECT_FALSE(std::filesystem::exists(root_ / "lake")) << "made on a mount point, perhaps";
}

TEST_F(ParquetDestinationTest, AFullDiskNamesTheFileAndTheNextStep) {
  for (int call = 1; call < 20; ++call) {
    const auto fs = std::make_shared<FaultInjectionFs>(
        MakeLocalFs(), FaultInjectionFs::Fault{.at_call = call, .error = ENOSPC});
    const auto destination = MakeParquetDestination(options_, fs).ValueOrDie();
    const TableTarget target = Target(WriteMode::kReplace);
    const auto load = [&]() -> arrow::Status {
      ARROW_RETURN_NOT_OK(destination->Prepare(target));
      ARROW_ASSIGN_OR_RAISE(const CommitIntent intent, destination->Intend(target, {}, 1));
      return destination->Commit(intent).status();
    };
    const arrow::Status status = load();
    if (status.ok()) continue;  // The fault hit what is only tidying up.
    EXPECT_EQ(ClassOf(status), ErrorClass::kPermanent) << status.ToString();
    EXPECT_EQ(CodeOf(status), "ENOSPC");
    EXPECT_THAT(status.message(), HasSubstr(root_.string()));
    EXPECT_THAT(status.message(), HasSubstr("free space"));
  }
}

/// Nobody else wrote: what is said must not send people after another job.
TEST_F(ParquetDestinationTest, ATableThatWasMovedAwayUnderARunIsCalledSo) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  Append(*destination, 1);
  TableTarget target = Target(WriteMode::kAppend);
  target.run = "a2";
  ASSERT_TRUE(destination->Prepare(target).ok());
  const CommitIntent intent = destination->Intend(target, {}, 2).ValueOrDie();
  std::filesystem::rename(root_ / "lake" / "orders", root_ / "moved");
  const arrow::Status status = destination->Commit(intent).status();
  EXPECT_EQ(CodeOf(status), kVoidIntentCode) << status;
  EXPECT_THAT(status.message(), HasSubstr("has lost its commit number 1 since this run was planned "
                                          "(it has none now)"));
  EXPECT_THAT(status.message(), HasSubstr("was moved away, removed or put back meanwhile"));
}

}  // namespace
}  // namespace headrace
