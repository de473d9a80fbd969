#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "headrace/client/store/durable_fs.h"
#include "headrace/model/error.h"

namespace headrace {

class Xxh3Stream;

/// A file whose bytes are hashed on their way, so that not one of them can change unseen: XXH3, 64
/// bits, as `xxhsum -H3` prints it. Not thread-safe.
class DigestOutput final : public DurableOutput {
 public:
  explicit DigestOutput(std::shared_ptr<DurableOutput> output);
  ~DigestOutput() override;

  using arrow::io::OutputStream::Write;
  arrow::Status Write(const void* data, int64_t size) override;
  arrow::Status Flush() override { return output_->Flush(); }
  arrow::Status Close() override { return output_->Close(); }
  arrow::Result<int64_t> Tell() const override { return output_->Tell(); }
  bool closed() const override { return output_->closed(); }
  arrow::Status Seal() override { return output_->Seal(); }

  /// Of all that was written: 16 hexadecimal digits.
  std::string Digest() const;

 private:
  std::shared_ptr<DurableOutput> output_;
  std::unique_ptr<Xxh3Stream> hash_;
};

/// The digest of the file at `path`; of a part of it once `stop` is stopped. An error says why it
/// could not be read.
arrow::Result<std::string> DigestOfFile(const std::string& path, const std::stop_token& stop = {});

}  // namespace headrace
