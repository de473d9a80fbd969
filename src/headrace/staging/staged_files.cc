#include "headrace/staging/staged_files.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace headrace {

void StagedFiles::Open(std::filesystem::path path, std::unique_ptr<ParquetFile> file) {
  open_ = std::move(file);
  open_file_ = {};
  open_file_.name = path.filename();
  paths_.push_back(std::move(path));
}

arrow::Status StagedFiles::WriteRowGroup(std::span<BufferedUnit* const> units) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (BufferedUnit* unit : units) {
    std::ranges::move(unit->batches, std::back_inserter(batches));
    unit->batches.clear();
    unit->bytes = 0;
    open_file_.checksum += std::exchange(unit->buffered, {});
  }
  open_file_.rows = open_file_.checksum.rows;
  return batches.empty() ? arrow::Status::OK() : open_->WriteRowGroup(batches);
}

void StagedFiles::AddUnit(BufferedUnit unit) {
  receipt_.rows += unit.receipt.rows;
  receipt_.checksum += unit.receipt.checksum;
  receipt_.nulled_values += unit.nulled_values;
  receipt_.units.push_back(std::move(unit.receipt));
}

arrow::Status StagedFiles::SealFile() {
  ARROW_ASSIGN_OR_RAISE(ParquetFile::Sealed sealed, open_->Seal());
  open_.reset();
  open_file_.bytes = sealed.bytes;
  open_file_.digest = std::move(sealed.digest);
  open_file_.columns = std::move(sealed.columns);
  receipt_.files.push_back(std::move(open_file_));
  return arrow::Status::OK();
}

arrow::Result<Receipt> StagedFiles::Finish() {
  if (open_ != nullptr) ARROW_RETURN_NOT_OK(SealFile());
  paths_.clear();
  return std::exchange(receipt_, {});
}

arrow::Status StagedFiles::Discard(FileStore& store) {
  open_.reset();
  receipt_ = {};
  for (const std::filesystem::path& path : std::exchange(paths_, {})) {
    ARROW_RETURN_NOT_OK(store.RemoveAll(path));
  }
  return arrow::Status::OK();
}

}  // namespace headrace
