#include <gmock/gmock.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "headrace/client/store/durable_fs.h"
#include "headrace/client/store/errno_error.h"
#include "headrace/client/store/store.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LocalFsTest : public testing::Test {
 protected:
  LocalFsTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-local-fs-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~LocalFsTest() override { std::filesystem::remove_all(folder_); }

  std::string Content(const std::string& name) {
    return fs_->ReadFile(folder_ / name).ValueOrDie().value_or("(none)");
  }

  std::filesystem::path folder_;
  std::shared_ptr<DurableFs> fs_ = MakeLocalFs();
};

TEST_F(LocalFsTest, HoldsOtherAsksForAnyNameBesideTheGiven) {
  const std::vector<std::string> marker = {".marker"};
  EXPECT_FALSE(*fs_->HoldsOther(folder_ / "gone", marker));
  EXPECT_FALSE(*fs_->HoldsOther(folder_, marker));
  ASSERT_TRUE(fs_->WriteFile(folder_ / ".marker", "x").ok());
  EXPECT_FALSE(*fs_->HoldsOther(folder_, marker));
  EXPECT_TRUE(*fs_->HoldsOther(folder_, {}));
  ASSERT_TRUE(fs_->WriteFile(folder_ / "a", "x").ok());
  EXPECT_TRUE(*fs_->HoldsOther(folder_, marker));
  EXPECT_EQ(CodeOf(fs_->HoldsOther(folder_ / "a", marker).status()), "ENOTDIR");
}

TEST_F(LocalFsTest, WriteFileReplacesAsAWhole) {
  ASSERT_TRUE(fs_->WriteFile(folder_ / "a", "first").ok());
  ASSERT_TRUE(fs_->WriteFile(folder_ / "a", "second").ok());
  EXPECT_EQ(Content("a"), "second");
  EXPECT_THAT(fs_->List(folder_).ValueOrDie(), ElementsAre("a"));
}

TEST_F(LocalFsTest, WhatIsNotThereIsNoError) {
  EXPECT_EQ(fs_->Stat(folder_ / "none").ValueOrDie(), std::nullopt);
  EXPECT_EQ(fs_->ReadFile(folder_ / "none").ValueOrDie(), std::nullopt);
  EXPECT_TRUE(fs_->List(folder_ / "none").ValueOrDie().empty());
  EXPECT_TRUE(fs_->RemoveAll(folder_ / "none").ok());
  EXPECT_TRUE(fs_->RemoveIfEmpty(folder_ / "none").ok());
}

TEST_F(LocalFsTest, ALinkIsKnownAsOneWhereverItLeads) {
  std::filesystem::create_directory(folder_ / "there");
  std::filesystem::create_symlink(folder_ / "there", folder_ / "link");
  std::filesystem::create_symlink(folder_ / "none", folder_ / "dangling");
  EXPECT_TRUE(fs_->Stat(folder_ / "link").ValueOrDie()->is_directory);
  EXPECT_EQ(fs_->Stat(folder_ / "dangling").ValueOrDie(), std::nullopt);
  EXPECT_TRUE(fs_->IsLink(folder_ / "link").ValueOrDie());
  EXPECT_TRUE(fs_->IsLink(folder_ / "dangling").ValueOrDie());
  EXPECT_FALSE(fs_->IsLink(folder_ / "there").ValueOrDie());
  EXPECT_FALSE(fs_->IsLink(folder_ / "none").ValueOrDie());
}

TEST_F(LocalFsTest, RenameNeverReplaces) {
  ASSERT_TRUE(fs_->WriteFile(folder_ / "a", "a").ok());
  ASSERT_TRUE(fs_->WriteFile(folder_ / "b", "b").ok());
  const arrow::Status status = fs_->RenameNoReplace(folder_ / "a", folder_ / "b");
  EXPECT_EQ(CodeOf(status), "EEXIST");
  EXPECT_EQ(Content("b"), "b");
  EXPECT_TRUE(fs_->RenameNoReplace(folder_ / "a", folder_ / "c").ok());
  EXPECT_EQ(Content("c"), "a");
}

TEST_F(LocalFsTest, ExchangeSwapsDirectories) {
  ASSERT_TRUE(fs_->CreateDirectories(folder_ / "left/below").ok());
  ASSERT_TRUE(fs_->CreateDirectories(folder_ / "right").ok());
  ASSERT_TRUE(fs_->Exchange(folder_ / "left", folder_ / "right").ValueOrDie());
  EXPECT_THAT(fs_->List(folder_ / "right").ValueOrDie(), ElementsAre("below"));
  EXPECT_TRUE(fs_->List(folder_ / "left").ValueOrDie().empty());
}

TEST_F(LocalFsTest, RemoveIfEmptyKeepsWhatIsFull) {
  ASSERT_TRUE(fs_->CreateDirectories(folder_ / "full/below").ok());
  EXPECT_TRUE(fs_->RemoveIfEmpty(folder_ / "full").ok());
  EXPECT_TRUE(fs_->Stat(folder_ / "full").ValueOrDie().has_value());
  EXPECT_TRUE(fs_->RemoveIfEmpty(folder_ / "full/below").ok());
  EXPECT_FALSE(fs_->Stat(folder_ / "full/below").ValueOrDie().has_value());
}

TEST_F(LocalFsTest, CreateFileIsForNewFilesAndTakesSmallAndLargeWrites) {
  const auto output = fs_->CreateFile(folder_ / "a").ValueOrDie();
  const std::string large(100'000, 'x');
  ASSERT_TRUE(output->Write("head", 4).ok());
  ASSERT_TRUE(output->Write(large.data(), static_cast<int64_t>(large.size())).ok());
  ASSERT_TRUE(output->Write("tail", 4).ok());
  EXPECT_EQ(output->Tell().ValueOrDie(), 100'008);
  ASSERT_TRUE(output->Seal().ok());
  EXPECT_EQ(Content("a"), "head" + large + "tail");
  EXPECT_EQ(CodeOf(fs_->CreateFile(folder_ / "a").status()), "EEXIST");
}

TEST_F(LocalFsTest, ALockHasOneHolder) {
  auto lock = fs_->TryLock(folder_).ValueOrDie();
  ASSERT_TRUE(lock.has_value());
  EXPECT_FALSE(fs_->TryLock(folder_).ValueOrDie().has_value());
  lock.reset();
  EXPECT_TRUE(fs_->TryLock(folder_).ValueOrDie().has_value());
}

TEST_F(LocalFsTest, WhoWaitsForALockDoesNotWaitForEver) {
  auto lock = fs_->TryLock(folder_).ValueOrDie();
  const auto late = fs_->Lock(folder_, {.patience = std::chrono::milliseconds(1)});
  EXPECT_EQ(ClassOf(late.status()), ErrorClass::kTransient);
  EXPECT_THAT(late.status().message(), HasSubstr(folder_.string()));
  lock.reset();
  EXPECT_TRUE(fs_->Lock(folder_, {}).ok());
}

TEST_F(LocalFsTest, WhoWaitsForALockCanBeStopped) {
  auto lock = fs_->TryLock(folder_).ValueOrDie();
  const std::stop_source source;
  source.request_stop();
  EXPECT_EQ(CodeOf(fs_->Lock(folder_, {.stop = source.get_token()}).status()), kInterruptedCode);
  lock.reset();
  EXPECT_TRUE(fs_->Lock(folder_, {.stop = source.get_token()}).ok()) << "nobody holds it";
}

TEST_F(LocalFsTest, AFileInTheWayIsTheUsersError) {
  ASSERT_TRUE(fs_->WriteFile(folder_ / "file", "").ok());
  const arrow::Status status = fs_->CreateDirectories(folder_ / "file/below");
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_THAT(status.message(), HasSubstr((folder_ / "file").string()));
}

TEST(ErrnoErrorTest, DiskFullNamesThePathAndTheNextStep) {
  const arrow::Status status = ErrnoError(ENOSPC, "write", "/data/lake/file");
  EXPECT_EQ(ClassOf(status), ErrorClass::kPermanent);
  EXPECT_EQ(CodeOf(status), "ENOSPC");
  EXPECT_THAT(status.message(), HasSubstr("/data/lake/file"));
  EXPECT_THAT(status.message(), HasSubstr("free space"));
}

TEST(ErrnoErrorTest, ClassesFollowWhoCanHelp) {
  EXPECT_EQ(ClassOf(ErrnoError(EROFS, "write", "/x")), ErrorClass::kUser);
  EXPECT_EQ(ClassOf(ErrnoError(EACCES, "write", "/x")), ErrorClass::kUser);
  EXPECT_EQ(ClassOf(ErrnoError(EXDEV, "move", "/x")), ErrorClass::kUser);
  EXPECT_EQ(ClassOf(ErrnoError(EBUSY, "move", "/x")), ErrorClass::kTransient);
  EXPECT_EQ(ClassOf(ErrnoError(EIO, "sync", "/x")), ErrorClass::kPermanent);
  EXPECT_EQ(CodeOf(ErrnoError(9999, "sync", "/x")), "errno 9999");
}

TEST(OpenStoreTest, TakesLocalPathsAndFileUris) {
  EXPECT_EQ(OpenStore("/tmp/no such lake/").ValueOrDie().path, "/tmp/no such lake");
  EXPECT_EQ(OpenStore("file:///tmp/lake").ValueOrDie().path, "/tmp/lake");
  EXPECT_EQ(OpenStore("lake").ValueOrDie().path, std::filesystem::current_path() / "lake");
}

TEST(OpenStoreTest, RefusesOtherSchemesWithASentence) {
  const arrow::Status status = OpenStore("s3://bucket/lake").status();
  EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
  EXPECT_THAT(status.message(), HasSubstr("s3://"));
}

TEST(OpenStoreTest, RepeatsNothingThatMayBeASecret) {
  for (const char* url : {"etl:hunter2@s3://bucket", "s3://hunter2@bucket/lake", "hunter2 s3://b",
                          "s3://bucket/lake?secret=hunter2", "://hunter2"}) {
    const arrow::Status status = OpenStore(url).status();
    EXPECT_EQ(ClassOf(status), ErrorClass::kUser);
    EXPECT_EQ(status.message().find("hunter2"), std::string::npos) << status;
  }
}

}  // namespace
}  // namespace headrace
