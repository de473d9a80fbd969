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

  arrow::Status CheckTypes(const arrow::RecordBatch& batch, size_t first, size_t count) const;
  void AddBlock(const arrow::RecordBatch& batch, size_t first, int64_t begin, int64_t count,
                uint64_t* to) const;
};

/// `batch` has `count` columns, those of the schema from `first` on.
arrow::Status ChecksumTaker::Impl::CheckTypes(const arrow::RecordBatch& batch, size_t first,
                                              size_t count) const {
  if (std::cmp_not_equal(batch.num_columns(), count) || first + count > columns.size()) {
    return BugError("checksum of a batch of " + std::to_string(batch.num_columns()) +
                    " columns instead of " + std::to_string(columns.size()));
  }
  for (size_t c = 0; c < count; ++c) {
    const auto& data = batch.column_data(static_cast<int>(c));
    if (data->type->Equals(*types[first + c])) continue;
    return BugError("checksum of a column of type " + data->type->ToString() + " instead of " +
                    types[first + c]->ToString());
  }
  return arrow::Status::OK();
}

void ChecksumTaker::Impl::AddBlock(const arrow::RecordBatch& batch, size_t first, int64_t begin,
                                   int64_t count, uint64_t* to) const {
  for (int c = 0; c < batch.num_columns(); ++c) {
    columns[first + static_cast<size_t>(c)]->AddHashes(*batch.column_data(c), begin, count, to);
  }
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
  ARROW_RETURN_NOT_OK(impl_->CheckTypes(batch, 0, impl_->columns.size()));
  Checksum checksum;
  for (int64_t begin = 0; begin < batch.num_rows(); begin += kRowsPerBlock) {
    const int64_t count = std::min(kRowsPerBlock, batch.num_rows() - begin);
    const auto sums = std::span(impl_->sums).first(static_cast<size_t>(count));
    std::ranges::fill(sums, 0);
    impl_->AddBlock(batch, 0, begin, count, sums.data());
    checksum += OfSums(sums);
  }
  return checksum;
}

arrow::Status ChecksumTaker::AddColumns(const arrow::RecordBatch& batch, size_t first,
                                        std::span<uint64_t> sums) {
  if (std::cmp_not_equal(sums.size(), batch.num_rows())) {
    return BugError("checksum of " + std::to_string(batch.num_rows()) + " rows into sums of " +
                    std::to_string(sums.size()));
  }
  ARROW_RETURN_NOT_OK(impl_->CheckTypes(batch, first, static_cast<size_t>(batch.num_columns())));
  for (int64_t begin = 0; begin < batch.num_rows(); begin += kRowsPerBlock) {
    const int64_t count = std::min(kRowsPerBlock, batch.num_rows() - begin);
    impl_->AddBlock(batch, first, begin, count, sums.data() + begin);
  }
  return arrow::Status::OK();
}

Checksum ChecksumTaker::OfSums(std::span<const uint64_t> sums) {
  Checksum checksum{.sum = 0, .rows = static_cast<int64_t>(sums.size())};
  for (const uint64_t sum : sums) checksum.sum += Mix(sum);
  return checksum;
}

ChecksumTaker::ChecksumTaker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChecksumTaker::ChecksumTaker(ChecksumTaker&&) noexcept = default;
ChecksumTaker& ChecksumTaker::operator=(ChecksumTaker&&) noexcept = default;
ChecksumTaker::~ChecksumTaker() = default;

}  // namespace headrace
