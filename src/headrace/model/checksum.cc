#include "headrace/model/checksum.h"

#include <arrow/array/data.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "headrace/model/column_hasher.h"
#include "headrace/model/value_hash.h"
#include "headrace/model/xxh3.h"

namespace headrace {
namespace {

/// Rows hashed at a time: their sums (16 KiB) stay in the first-level cache while column after
/// column is added.
constexpr int64_t kRowsPerBlock = 2048;

constexpr size_t kHexDigits = 16;

}  // namespace

std::string Checksum::ToHex() const { return HexOf(sum); }

arrow::Result<Checksum> Checksum::FromHex(std::string_view hex, int64_t rows) {
  Checksum checksum{.sum = 0, .rows = rows};
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), checksum.sum, 16);
  if (hex.size() != kHexDigits || error != std::errc() || end != hex.data() + hex.size()) {
    return PermanentError("checksum \"" + std::string(hex) + "\": expected 16 hexadecimal digits");
  }
  return checksum;
}

struct ChecksumTaker::Impl {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  std::vector<std::unique_ptr<ColumnHasher>> columns;
  std::array<uint64_t, kRowsPerBlock> sums{};  // Of one block: the hashes of each row's columns.

  arrow::Status CheckTypes(const arrow::RecordBatch& batch) const;
  uint64_t SumOfBlock(const arrow::RecordBatch& batch, int64_t begin, int64_t count);
};

arrow::Status ChecksumTaker::Impl::CheckTypes(const arrow::RecordBatch& batch) const {
  if (static_cast<size_t>(batch.num_columns()) != columns.size()) {
    return BugError("checksum of a batch of " + std::to_string(batch.num_columns()) +
                    " columns instead of " + std::to_string(columns.size()));
  }
  for (size_t c = 0; c < columns.size(); ++c) {
    const auto& data = batch.column_data(static_cast<int>(c));
    if (data->type->Equals(*types[c])) continue;
    return BugError("checksum of a column of type " + data->type->ToString() + " instead of " +
                    types[c]->ToString());
  }
  return arrow::Status::OK();
}

uint64_t ChecksumTaker::Impl::SumOfBlock(const arrow::RecordBatch& batch, int64_t begin,
                                         int64_t count) {
  std::fill_n(sums.begin(), count, 0);
  for (size_t c = 0; c < columns.size(); ++c) {
    columns[c]->AddHashes(*batch.column_data(static_cast<int>(c)), begin, count, sums.data());
  }
  uint64_t sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += Mix(sums[static_cast<size_t>(i)]);
  return sum;
}

arrow::Result<ChecksumTaker> ChecksumTaker::Make(const arrow::Schema& schema) {
  auto impl = std::make_unique<Impl>();
  for (const auto& field : schema.fields()) {
    auto hasher = MakeColumnHasher(*field->type(), impl->columns.size());
    if (!hasher.ok()) return WithContext(hasher.status(), "column \"" + field->name() + "\"");
    impl->types.push_back(field->type());
    impl->columns.push_back(std::move(*hasher));
  }
  return ChecksumTaker(std::move(impl));
}

arrow::Result<Checksum> ChecksumTaker::Take(const arrow::RecordBatch& batch) {
  ARROW_RETURN_NOT_OK(impl_->CheckTypes(batch));
  Checksum checksum{.sum = 0, .rows = batch.num_rows()};
  for (int64_t begin = 0; begin < batch.num_rows(); begin += kRowsPerBlock) {
    checksum.sum +=
        impl_->SumOfBlock(batch, begin, std::min(kRowsPerBlock, batch.num_rows() - begin));
  }
  return checksum;
}

ChecksumTaker::ChecksumTaker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChecksumTaker::ChecksumTaker(ChecksumTaker&&) noexcept = default;
ChecksumTaker& ChecksumTaker::operator=(ChecksumTaker&&) noexcept = default;
ChecksumTaker::~ChecksumTaker() = default;

}  // namespace headrace
