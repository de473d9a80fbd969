#include "headrace/client/store/object_store.h"

#include <arrow/filesystem/filesystem.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "headrace/client/gcs/client.h"
#include "headrace/client/gcs/test_bucket.h"
#include "headrace/client/http/curl_transport.h"
#include "headrace/client/store/gcs_file_system.h"
#include "headrace/client/store/store.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Arrow's file system against the stand-in, in a bucket of this test, and our own client beside
/// it.
class StandInObjectStore : public testing::Test {
 protected:
  std::shared_ptr<FileStore> Store() const { return MakeObjectStore(objects_, "gs"); }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const GcsListedObject& listed : client_.List(bucket_, "", {}).ValueOrDie()) {
      names.push_back(listed.name);
    }
    return names;
  }

  std::optional<std::string> Content(const std::string& name) const {
    return client_.Read({.bucket = bucket_, .name = name}, {}).ValueOrDie();
  }

  const std::string root_ = TestStandIn("gcs");
  const std::string bucket_ = MakeTestBucket(root_);
  const GcsClient client_{MakeCurlTransport(), root_};
  const std::shared_ptr<arrow::fs::FileSystem> objects_ =
      OpenGcsFileSystem({.emulator = root_}).ValueOrDie();
};

void Write(FileStore& store, const std::string& path, std::string_view text) {
  const auto output = store.CreateFile(path).ValueOrDie();
  ASSERT_TRUE(output->Write(text.data(), static_cast<int64_t>(text.size())).ok());
  EXPECT_EQ(output->Tell().ValueOrDie(), static_cast<int64_t>(text.size()));
  ASSERT_TRUE(output->Seal().ok());
}

TEST_F(StandInObjectStore, AnObjectIsWhatWasWritten) {
  std::string large;
  while (large.size() < 3 * kObjectChunkBytes + 1) large += std::to_string(large.size());
  const auto store = Store();
  Write(*store, bucket_ + "/run/a b.parquet", large);
  Write(*store, bucket_ + "/run/empty", "");
  EXPECT_TRUE(Content("run/a b.parquet") == large) << "of " << large.size() << " bytes";
  EXPECT_EQ(Content("run/empty"), "");
}

TEST_F(StandInObjectStore, AFolderIsRemovedWithAllBelowAndNothingBeside) {
  const auto store = Store();
  for (const char* name : {"run/1", "run/2/x", "run-2/1", "other"}) {
    Write(*store, bucket_ + "/" + name, "x");
  }
  ASSERT_TRUE(store->RemoveAll(bucket_ + "/run").ok());
  EXPECT_THAT(Names(), ElementsAre("other", "run-2/1"));
  ASSERT_TRUE(store->RemoveAll(bucket_ + "/other").ok());
  ASSERT_TRUE(store->RemoveAll(bucket_ + "/none").ok());
  ASSERT_TRUE(store->RemoveAll(bucket_ + "/run-2").ok());
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(StandInObjectStore, ALocationNamesTheStoreByItsScheme) {
  const StoreAccess access{.gcs = {.emulator = root_}};
  const FileStoreLocation found =
      OpenFileStore("gs://" + bucket_ + "/staging/", access).ValueOrDie();
  EXPECT_EQ(found.path, bucket_ + "/staging");
  Write(*found.store, found.path / "x", "text");
  EXPECT_EQ(Content("staging/x"), "text");
}

TEST(OpenFileStoreTest, ALocalPathIsAStoreOfFilesToo) {
  EXPECT_EQ(OpenFileStore("/tmp/no such lake/").ValueOrDie().path, "/tmp/no such lake");
  EXPECT_EQ(OpenFileStore("file:///tmp/lake").ValueOrDie().path, "/tmp/lake");
}

TEST(OpenFileStoreTest, APathThatNoLoadJobTakesIsRefused) {
  for (const char* location : {"gs://", "gs:///x", "gs://bucket//x", "gs://bucket/a//b"}) {
    const arrow::Status error = OpenFileStore(location).status();
    EXPECT_EQ(ClassOf(error), ErrorClass::kUser) << location;
    EXPECT_THAT(error.message(), HasSubstr("expected gs://bucket/prefix"));
  }
  EXPECT_THAT(OpenFileStore("s3://bucket/x").status().message(), HasSubstr("s3://"));
}

TEST_F(StandInObjectStore, ABucketThatIsNotThereIsTheUsersAndNamed) {
  const auto output = Store()->CreateFile("none-such/x");
  const arrow::Status error = output.ok() ? (*output)->Seal() : output.status();
  EXPECT_EQ(ClassOf(error), ErrorClass::kUser) << error;
  EXPECT_THAT(error.message(), HasSubstr("cannot write gs://none-such/x: "));
}

}  // namespace
}  // namespace headrace
