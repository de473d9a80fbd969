#include "headrace/destination/parquet/parquet_destination.h"

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "headrace/client/store/fault_injection_fs.h"
#include "headrace/destination/parquet/schema_difference.h"

namespace headrace {
namespace {

using testing::HasSubstr;

class ParquetDestinationTest : public testing::Test {
 protected:
  ParquetDestinationTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-parquet-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    options_.Set("path", (root_ / "lake").string());
  }
  ~ParquetDestinationTest() override { std::filesystem::remove_all(root_); }

  static TableTarget Target(WriteMode mode) {
    return {.job = "shop",
            .run = "r1",
            .plan_id = "p",
            .table = {.schema = {}, .name = "orders", .query = {}, .alias = {}},
            .epoch = 0,
            .mode = mode,
            .schema = arrow::schema({arrow::field("id", arrow::int64())})};
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
    for (int call = 1; call <= 4; ++call) {
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

TEST_F(ParquetDestinationTest, AnIntentOfAnotherLakeIsRefused) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  CommitIntent intent;
  intent.table = "orders";
  intent.target = "/elsewhere/orders";
  EXPECT_EQ(ClassOf(destination->Settle(intent).status()), ErrorClass::kUser);
  EXPECT_EQ(ClassOf(destination->Commit(intent).status()), ErrorClass::kUser);
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
    EXPECT_NE(CodeOf(status), kVoidIntentCode);
    EXPECT_THAT(status.message(), HasSubstr((root_ / "lake" / "orders").string()));
  }
}

TEST_F(ParquetDestinationTest, ARunIdThatAnotherJobUsedForTheTableMakesTheIntentVoid) {
  const auto destination = MakeParquetDestination(options_).ValueOrDie();
  TableTarget target = Target(WriteMode::kAppend);
  ASSERT_TRUE(destination->Prepare(target).ok());
  ASSERT_TRUE(destination->Commit(destination->Intend(target, {}, 1).ValueOrDie()).ok());
  target.job = "bills";
  ASSERT_TRUE(destination->Prepare(target).ok());
  const auto record = destination->Commit(destination->Intend(target, {}, 2).ValueOrDie());
  EXPECT_EQ(CodeOf(record.status()), kVoidIntentCode);
  EXPECT_THAT(record.status().message(), HasSubstr("--run-id"));
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

TEST(SchemaDifferenceTest, ShowsOnlyWhatDiffers) {
  EXPECT_EQ(SchemaDifference("a: int64\nb: string", "a: int64\nb: string"), "");
  EXPECT_EQ(SchemaDifference("a: int64\nb: string", "a: int64\nb: binary"),
            "\n- b: string\n+ b: binary");
  EXPECT_EQ(SchemaDifference("a: int64\nb: string", "b: string\na: int64"),
            "\nthe same columns in another order");
  EXPECT_EQ(SchemaDifference("l: list<element: int32>\n  child 0, element: int32",
                             "l: list<element: int32>\n  child 0, element: int32"),
            "");
}

}  // namespace
}  // namespace headrace
