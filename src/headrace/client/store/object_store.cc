#include "headrace/client/store/object_store.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/buffered.h>
#include <arrow/memory_pool.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace headrace {
namespace {

/// What Arrow makes of a service's status is its text alone. These the service says of what a
/// person has to change (https://cloud.google.com/apis/design/errors#error_codes); whatever else it
/// says, after the library's own retries, may be gone later.
constexpr std::array<std::string_view, 5> kUsersFaults = {
    "PERMISSION_DENIED", "UNAUTHENTICATED", "NOT_FOUND", "INVALID_ARGUMENT", "FAILED_PRECONDITION"};

/// Arrow's word for the bytes of an upload that was begun. Where the service knows its session no
/// more, the object can be written anew
/// (https://cloud.google.com/storage/docs/performing-resumable-uploads#handling_errors).
constexpr std::string_view kOfChunk = "UploadChunk";

bool IsUsersFault(std::string_view text) {
  const auto says = [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  };
  if (says(kOfChunk) && says("NOT_FOUND")) return false;
  return std::ranges::any_of(kUsersFaults, says);
}

arrow::Status ObjectError(const arrow::Status& status, std::string_view verb,
                          const std::string& uri) {
  if (status.ok()) return status;
  const std::string& text = status.message();
  return MakeError(IsUsersFault(text) ? ErrorClass::kUser : ErrorClass::kTransient,
                   "cannot " + std::string(verb) + " " + uri + ": " + text);
}

class ObjectOutput final : public DurableOutput {
 public:
  ObjectOutput(std::string uri, std::shared_ptr<arrow::io::BufferedOutputStream> output)
      : uri_(std::move(uri)), output_(std::move(output)) {}

  using arrow::io::OutputStream::Write;
  arrow::Status Write(const void* data, int64_t bytes) override {
    return ObjectError(output_->Write(data, bytes), "write", uri_);
  }
  /// Nothing: an object's bytes are nowhere to be seen before it is sealed.
  arrow::Status Flush() override { return arrow::Status::OK(); }
  arrow::Status Seal() override { return ObjectError(output_->Close(), "write", uri_); }
  arrow::Status Close() override { return output_->Close(); }
  arrow::Status Abort() override { return output_->Abort(); }
  bool closed() const override { return output_->closed(); }
  arrow::Result<int64_t> Tell() const override { return output_->Tell(); }

 private:
  const std::string uri_;
  const std::shared_ptr<arrow::io::BufferedOutputStream> output_;
};

class ObjectStore final : public FileStore {
 public:
  ObjectStore(std::shared_ptr<arrow::fs::FileSystem> objects, std::string scheme)
      : objects_(std::move(objects)), scheme_(std::move(scheme)) {}

  arrow::Result<std::shared_ptr<DurableOutput>> CreateFile(
      const std::filesystem::path& path) override {
    const std::string uri = Uri(path);
    auto raw = objects_->OpenOutputStream(path.string());
    if (!raw.ok()) return ObjectError(raw.status(), "write", uri);
    ARROW_ASSIGN_OR_RAISE(auto buffered,
                          arrow::io::BufferedOutputStream::Create(
                              kObjectChunkBytes, arrow::default_memory_pool(), *std::move(raw)));
    return std::make_shared<ObjectOutput>(uri, std::move(buffered));
  }

  /// Of a folder, which is no more than the front of names, object by object.
  arrow::Status RemoveAll(const std::filesystem::path& path) override {
    arrow::fs::FileSelector below;
    below.base_dir = path.string();
    below.recursive = true;
    below.allow_not_found = true;
    auto found = objects_->GetFileInfo(below);
    if (!found.ok()) return ObjectError(found.status(), "list", Uri(path));
    auto itself = objects_->GetFileInfo(path.string());
    if (!itself.ok()) return ObjectError(itself.status(), "find", Uri(path));
    found->push_back(*std::move(itself));
    for (const arrow::fs::FileInfo& info : *found) {
      if (info.IsFile()) ARROW_RETURN_NOT_OK(RemoveObject(info.path()));
    }
    return arrow::Status::OK();
  }

 private:
  /// Another one may have removed it meanwhile, or we have, where an answer was lost.
  arrow::Status RemoveObject(const std::string& path) {
    const arrow::Status removed = objects_->DeleteFile(path);
    const bool is_gone = removed.message().find("NOT_FOUND") != std::string::npos ||
                         removed.message().find("not exist") != std::string::npos;
    return is_gone ? arrow::Status::OK() : ObjectError(removed, "remove", Uri(path));
  }

  std::string Uri(const std::filesystem::path& path) const {
    return scheme_ + "://" + path.string();
  }

  const std::shared_ptr<arrow::fs::FileSystem> objects_;
  const std::string scheme_;
};

}  // namespace

std::shared_ptr<FileStore> MakeObjectStore(std::shared_ptr<arrow::fs::FileSystem> objects,
                                           std::string scheme) {
  return std::make_shared<ObjectStore>(std::move(objects), std::move(scheme));
}

}  // namespace headrace
