#include "headrace/staging/staged_file.h"

#include <arrow/record_batch.h>

#include <utility>

namespace headrace {

arrow::Status StagedFile::WriteRowGroup(const std::vector<BufferedUnit*>& units) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (BufferedUnit* unit : units) {
    std::ranges::move(unit->batches, std::back_inserter(batches));
    unit->batches.clear();
    unit->bytes = 0;
  }
  return batches.empty() ? arrow::Status::OK() : file_->WriteRowGroup(batches);
}

void StagedFile::AddUnit(BufferedUnit unit) {
  receipt_.rows += unit.receipt.rows;
  receipt_.checksum += unit.receipt.checksum;
  receipt_.nulled_values += unit.nulled_values;
  receipt_.units.push_back(std::move(unit.receipt));
}

arrow::Result<Receipt> StagedFile::Seal() {
  ARROW_ASSIGN_OR_RAISE(ParquetFile::Sealed sealed, file_->Seal());
  receipt_.file = path_.filename();
  receipt_.bytes = sealed.bytes;
  receipt_.columns = std::move(sealed.columns);
  return std::move(receipt_);
}

}  // namespace headrace
