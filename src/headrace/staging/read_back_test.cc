#include "headrace/staging/read_back.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/io/file.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <new>

#include "headrace/client/store/durable_fs.h"
#include "headrace/staging/staging_writer.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::Not;

/// No file can be opened while it lives.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;
  ~NoMoreDescriptors() { EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0); }

 private:
  rlimit before_{};
};

class ReadBackTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-read-back-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    Write();
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  /// A file of ten rows.
  void Write() {
    arrow::Int64Builder builder;
    for (int64_t i = 0; i < 10; ++i) ASSERT_TRUE(builder.Append(i).ok());
    const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
    Write(*arrow::RecordBatch::Make(schema, 10, {builder.Finish().ValueOrDie()}));
  }

  /// Returns the receipt's checksum.
  Checksum Write(const arrow::RecordBatch& batch) {
    const auto writer =
        MakeStagingWriter(MakeLocalFs(), {.plan_id = "p",
                                          .directory = directory_,
                                          .file_prefix = "part",
                                          .format = {.schema = batch.schema(), .metadata = {}},
                                          .memory = 1 << 20,
                                          .target_file_size = 1 << 20})
            .ValueOrDie();
    EXPECT_TRUE(writer->BeginUnit({.plan_id = "p", .id = "u", .split = WholeTable{}}, 1).ok());
    EXPECT_TRUE(writer->Append(batch.Slice(0)).ok());
    EXPECT_TRUE(writer->EndUnit(0).ok());
    const auto receipts = writer->Seal().ValueOrDie();
    path_ = directory_ / receipts.at(0).files.at(0).name;
    bytes_ = receipts.at(0).files.at(0).bytes;
    return receipts.at(0).checksum;
  }

  /// The error of a path that leads to itself.
  arrow::Status ReadLoop() const {
    const std::filesystem::path loop = directory_ / "loop";
    std::filesystem::create_symlink(loop, loop);
    return ReadParquetFile(loop, bytes_, {}).status();
  }

  arrow::Result<ParquetContent> Read(std::function<void(int64_t)> on_rows = {}) const {
    return ReadParquetFile(path_, bytes_, {.with_checksum = true, .on_rows = std::move(on_rows)});
  }

  /// What was found, which does not repeat where.
  std::string Found() const {
    const auto content = Read();
    EXPECT_TRUE(content.ok()) << content.status();
    if (!content.ok()) return {};
    EXPECT_THAT(content->problem, Not(HasSubstr(path_.string())));
    return content->problem;
  }

  std::filesystem::path directory_;
  std::filesystem::path path_;
  int64_t bytes_ = 0;
};

TEST_F(ReadBackTest, AFileThatIsAsItWasHasNoProblem) {
  const auto content = Read();
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->problem, "");
  EXPECT_EQ(content->rows, 10);
}

/// Columns are read a few at a time, and nested ones have several leaves.
TEST_F(ReadBackTest, TheChecksumOfManyColumnsIsThatOfTheirRows) {
  const auto nested = arrow::struct_(
      {arrow::field("a", arrow::list(arrow::int64())), arrow::field("b", arrow::utf8())});
  const std::vector<std::string> of_column = {R"([1, null, 3])", R"([4, 5, null])"};
  const std::string of_nested = R"([{"a": [1, 2], "b": "x"}, null, {"a": [null], "b": "y"}])";
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  const auto add = [&](const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
    fields.push_back(arrow::field("c" + std::to_string(fields.size()), type));
    columns.push_back(arrow::json::ArrayFromJSONString(type, json).ValueOrDie());
  };
  for (size_t i = 0; i < 100; ++i) {
    add(arrow::int64(), of_column[i % 2]);
    if (i % 7 == 0) add(nested, of_nested);
  }
  const Checksum expected =
      Write(*arrow::RecordBatch::Make(arrow::schema(fields), 3, std::move(columns)));
  const auto content = Read();
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(content->problem, "");
  EXPECT_EQ(content->checksum, expected);
}

TEST_F(ReadBackTest, AFileThatIsMissingIsAFinding) {
  std::filesystem::remove(path_);
  EXPECT_EQ(Found(), "No such file or directory");
}

TEST_F(ReadBackTest, WhatStandsInThePlaceOfTheFileIsAFinding) {
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_EQ(Found(), "Is a directory");
  std::filesystem::remove_all(directory_);
  std::ofstream(directory_) << "a file where its directory was";
  EXPECT_EQ(Found(), "Not a directory");
}

TEST_F(ReadBackTest, ACutFileIsAFinding) {
  std::filesystem::resize_file(path_, 7);
  EXPECT_THAT(Found(), HasSubstr("holds 7 bytes where"));
}

TEST_F(ReadBackTest, ADamagedFileIsAFinding) {
  for (int64_t at = 0; at < bytes_; ++at) {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const int byte = file.get();
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 0xFF));
    file.close();
    EXPECT_TRUE(Read().ok()) << at << ": " << Read().status();
    std::fstream again(path_, std::ios::in | std::ios::out | std::ios::binary);
    again.seekp(at);
    again.put(static_cast<char>(byte));
  }
  EXPECT_EQ(Found(), "");
}

TEST_F(ReadBackTest, WantOfDescriptorsSaysNothingOfTheFile) {
  // UBSan asks by a descriptor for what it has not met before: the types of files and errors.
  ASSERT_TRUE(Read().ok());
  ASSERT_FALSE(ReadLoop().ok());
  ASSERT_FALSE(arrow::io::ReadableFile::Open(directory_ / "none").ok());
  const arrow::Status status = [this] {
    const NoMoreDescriptors none;
    return Read().status();
  }();
  EXPECT_EQ(CodeOf(status), "EMFILE") << status;
  EXPECT_EQ(ClassOf(status), ErrorClass::kPermanent);
  EXPECT_THAT(status.message(), HasSubstr("cannot read " + path_.string()));
}

TEST_F(ReadBackTest, WantOfMemorySaysNothingOfTheFile) {
  const auto content = Read([](int64_t) { throw std::bad_alloc(); });
  EXPECT_EQ(CodeOf(content.status()), "ENOMEM") << content.status();
  EXPECT_EQ(ClassOf(content.status()), ErrorClass::kTransient);
}

TEST_F(ReadBackTest, APathThatCannotBeFollowedSaysNothingOfTheFile) {
  const arrow::Status status = ReadLoop();
  EXPECT_EQ(CodeOf(status), "ELOOP") << status;
}

}  // namespace
}  // namespace headrace
