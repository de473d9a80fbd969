#include "headrace/staging/digest_output.h"

#include <arrow/buffer.h>
#include <arrow/io/file.h>

#include <utility>

#include "headrace/model/xxh3.h"

namespace headrace {

DigestOutput::DigestOutput(std::shared_ptr<DurableOutput> output)
    : output_(std::move(output)), hash_(std::make_unique<Xxh3Stream>()) {}

DigestOutput::~DigestOutput() = default;

arrow::Status DigestOutput::Write(const void* data, int64_t size) {
  ARROW_RETURN_NOT_OK(output_->Write(data, size));
  hash_->Add({static_cast<const char*>(data), static_cast<size_t>(size)});
  return arrow::Status::OK();
}

std::string DigestOutput::Digest() const { return hash_->Hex(); }

arrow::Result<std::string> DigestOfFile(const std::string& path, const std::stop_token& stop) {
  constexpr int64_t kBlock = 1 << 20;
  ARROW_ASSIGN_OR_RAISE(const auto file, arrow::io::ReadableFile::Open(path));
  Xxh3Stream hash;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto block, file->Read(kBlock));
    if (block->size() == 0 || stop.stop_requested()) return hash.Hex();
    hash.Add({reinterpret_cast<const char*>(block->data()), static_cast<size_t>(block->size())});
  }
}

}  // namespace headrace
