#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "headrace/client/store/durable_fs.h"
#include "headrace/client/store/errno_error.h"

namespace headrace {

/// For tests: a file system that breaks at the n-th call that changes something, and stays broken,
/// as for a process that died there. Not thread-safe.
class FaultInjectionFs : public DurableFs {
 public:
  struct Fault {
    int at_call = 0;            ///< 1: the first change; 0: never.
    bool after_effect = false;  ///< The call still takes effect: the process died right after it.
    int error = EIO;            ///< What the caller sees.
    bool stays_broken = true;   ///< Every later change fails too.
    bool can_exchange = true;   ///< False: a filesystem without RENAME_EXCHANGE.
  };

  FaultInjectionFs(std::shared_ptr<DurableFs> base, Fault fault)
      : base_(std::move(base)), fault_(fault) {}

  /// True once the fault has happened.
  bool broken() const { return fault_.at_call != 0 && calls_ >= fault_.at_call; }
  /// Changes asked for so far.
  int calls() const { return calls_; }

  arrow::Status CreateDirectories(const std::filesystem::path& path) override {
    return Change("create directory", path, [&] { return base_->CreateDirectories(path); });
  }

  arrow::Result<bool> MakeDirectory(const std::filesystem::path& path) override {
    bool made = false;
    ARROW_RETURN_NOT_OK(
        Change("create directory", path, [&] { return base_->MakeDirectory(path).Value(&made); }));
    return made;
  }

  arrow::Result<std::shared_ptr<DurableOutput>> CreateFile(
      const std::filesystem::path& path) override {
    std::shared_ptr<DurableOutput> output;
    ARROW_RETURN_NOT_OK(
        Change("create", path, [&] { return base_->CreateFile(path).Value(&output); }));
    return std::make_shared<Output>(*this, path, std::move(output));
  }

  arrow::Status WriteFile(const std::filesystem::path& path, std::string_view content) override {
    return Change("write", path, [&] { return base_->WriteFile(path, content); });
  }

  arrow::Status SyncDirectory(const std::filesystem::path& path) override {
    return Change("sync", path, [&] { return base_->SyncDirectory(path); });
  }

  arrow::Status RenameNoReplace(const std::filesystem::path& from,
                                const std::filesystem::path& to) override {
    return Change("move", to, [&] { return base_->RenameNoReplace(from, to); });
  }

  arrow::Result<bool> Exchange(const std::filesystem::path& left,
                               const std::filesystem::path& right) override {
    if (!fault_.can_exchange) return false;
    bool exchanged = false;
    ARROW_RETURN_NOT_OK(
        Change("exchange", right, [&] { return base_->Exchange(left, right).Value(&exchanged); }));
    return exchanged;
  }

  arrow::Status RemoveAll(const std::filesystem::path& path) override {
    return Change("remove", path, [&] { return base_->RemoveAll(path); });
  }

  arrow::Status RemoveIfEmpty(const std::filesystem::path& path) override {
    return Change("remove", path, [&] { return base_->RemoveIfEmpty(path); });
  }

  arrow::Result<std::optional<PathInfo>> Stat(const std::filesystem::path& path) const override {
    return base_->Stat(path);
  }
  arrow::Result<bool> IsLink(const std::filesystem::path& path) const override {
    return base_->IsLink(path);
  }
  arrow::Result<std::vector<std::string>> List(const std::filesystem::path& path) const override {
    return base_->List(path);
  }
  arrow::Result<bool> HoldsOther(const std::filesystem::path& path,
                                 std::span<const std::string> names) const override {
    return base_->HoldsOther(path, names);
  }
  arrow::Result<std::optional<std::string>> ReadFile(
      const std::filesystem::path& path) const override {
    return base_->ReadFile(path);
  }
  arrow::Result<std::optional<DirectoryLock>> TryLock(
      const std::filesystem::path& directory) const override {
    return base_->TryLock(directory);
  }

 private:
  class Output final : public DurableOutput {
   public:
    Output(FaultInjectionFs& fs, std::filesystem::path path, std::shared_ptr<DurableOutput> base)
        : fs_(fs), path_(std::move(path)), base_(std::move(base)) {}

    using DurableOutput::Write;
    arrow::Status Write(const void* data, int64_t bytes) override {
      return fs_.Change("write", path_, [&] { return base_->Write(data, bytes); });
    }
    arrow::Status Seal() override {
      return fs_.Change("sync", path_, [&] { return base_->Seal(); });
    }
    arrow::Status Close() override { return base_->Close(); }
    arrow::Status Abort() override { return base_->Abort(); }
    bool closed() const override { return base_->closed(); }
    arrow::Result<int64_t> Tell() const override { return base_->Tell(); }

   private:
    FaultInjectionFs& fs_;
    std::filesystem::path path_;
    std::shared_ptr<DurableOutput> base_;
  };

  template <typename Effect>
  arrow::Status Change(std::string_view verb, const std::filesystem::path& path, Effect effect) {
    ++calls_;
    const bool faulty = fault_.at_call != 0 &&
                        (fault_.stays_broken ? calls_ >= fault_.at_call : calls_ == fault_.at_call);
    if (!faulty) return effect();
    if (fault_.after_effect && calls_ == fault_.at_call) ARROW_RETURN_NOT_OK(effect());
    return ErrnoError(fault_.error, verb, path);
  }

  std::shared_ptr<DurableFs> base_;
  Fault fault_;
  int calls_ = 0;
};

}  // namespace headrace
