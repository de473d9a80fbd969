#include "headrace/destination/bigquery/fitting_writer.h"

#include <utility>

namespace headrace {
namespace {

class FittingWriter final : public Writer {
 public:
  FittingWriter(BatchFitter fitter, std::unique_ptr<Writer> staged)
      : fitter_(std::move(fitter)), staged_(std::move(staged)) {}

  arrow::Status BeginUnit(const WorkUnit& unit, int attempt) override {
    return staged_->BeginUnit(unit, attempt);
  }

  arrow::Status Append(const std::shared_ptr<arrow::RecordBatch>& batch) override {
    ARROW_ASSIGN_OR_RAISE(const auto fitted, fitter_.Fit(batch));
    return staged_->Append(fitted);
  }

  arrow::Result<std::vector<Receipt>> EndUnit(int64_t nulled_values) override {
    return staged_->EndUnit(nulled_values);
  }

  arrow::Status AbortUnit() override { return staged_->AbortUnit(); }
  arrow::Result<std::vector<Receipt>> Seal() override { return staged_->Seal(); }
  arrow::Status Abort() override { return staged_->Abort(); }
  int64_t buffered_bytes() const override { return staged_->buffered_bytes(); }

 private:
  const BatchFitter fitter_;
  const std::unique_ptr<Writer> staged_;
};

}  // namespace

std::unique_ptr<Writer> MakeFittingWriter(BatchFitter fitter, std::unique_ptr<Writer> staged) {
  return std::make_unique<FittingWriter>(std::move(fitter), std::move(staged));
}

}  // namespace headrace
