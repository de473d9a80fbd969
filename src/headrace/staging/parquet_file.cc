#include "headrace/staging/parquet_file.h"

#include <utility>

#include "headrace/staging/digest_output.h"
#include "headrace/staging/direct_file.h"
#include "headrace/staging/library_file.h"

namespace headrace {
namespace {

/// Adds the digest of its bytes to a file, whoever encodes it.
class DigestedFile final : public ParquetFile {
 public:
  DigestedFile(std::shared_ptr<DigestOutput> output, std::unique_ptr<ParquetFile> file)
      : output_(std::move(output)), file_(std::move(file)) {}

  arrow::Status WriteRowGroup(
      std::span<const std::shared_ptr<arrow::RecordBatch>> batches) override {
    return file_->WriteRowGroup(batches);
  }
  arrow::Result<Sealed> Seal() override {
    ARROW_ASSIGN_OR_RAISE(Sealed sealed, file_->Seal());
    sealed.digest = output_->Digest();
    return sealed;
  }
  int64_t bytes() const override { return file_->bytes(); }
  int64_t row_groups() const override { return file_->row_groups(); }
  int64_t footer_bytes() const override { return file_->footer_bytes(); }

 private:
  std::shared_ptr<DigestOutput> output_;
  std::unique_ptr<ParquetFile> file_;
};

}  // namespace

arrow::Result<std::unique_ptr<ParquetFile>> CreateParquetFile(FileStore& store,
                                                              const std::filesystem::path& path,
                                                              ParquetFormat format) {
  ARROW_ASSIGN_OR_RAISE(auto created, store.CreateFile(path));
  auto output = std::make_shared<DigestOutput>(std::move(created));
  auto file = CanWriteDirectly(*format.schema) ? MakeDirectFile(output, std::move(format))
                                               : MakeLibraryFile(output, std::move(format));
  return std::make_unique<DigestedFile>(std::move(output), std::move(file));
}

}  // namespace headrace
