#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/model/error.h"

namespace headrace {

/// Order-independent checksum of a multiset of rows: the sum of the rows' 64-bit hashes mod 2^64,
/// and their count. Adding two checksums gives that of both sets of rows. docs/format/checksum.md
/// specifies the hashes.
struct Checksum {
  uint64_t sum = 0;
  int64_t rows = 0;

  bool operator==(const Checksum&) const = default;
  Checksum& operator+=(const Checksum& other) {
    sum += other.sum;
    rows += other.rows;
    return *this;
  }

  /// 16 hexadecimal digits of the sum, e.g. `00f3…`; rows are written beside it.
  std::string ToHex() const;
  static arrow::Result<Checksum> FromHex(std::string_view hex, int64_t rows);
};

/// Takes checksums of record batches of one schema, column by column, over logical values: the same
/// rows give the same checksum whatever their encoding, batch borders or physical type (int32 5 =
/// int64 5 = decimal 5.00). Reuses its buffers: one instance per thread, cheap to keep.
class ChecksumTaker {
 public:
  /// Errors of class bug where a type of `schema` has no rule.
  static arrow::Result<ChecksumTaker> Make(const arrow::Schema& schema);

  ChecksumTaker(ChecksumTaker&&) noexcept;
  ChecksumTaker& operator=(ChecksumTaker&&) noexcept;
  ~ChecksumTaker();

  /// The checksum of the rows of `batch`, whose column types must be those of the schema.
  arrow::Result<Checksum> Take(const arrow::RecordBatch& batch);

  /// For rows that come a few columns at a time: adds the hashes of the columns of `batch`, which
  /// are those of the schema from `first` on, to the sum of each row.
  arrow::Status AddColumns(const arrow::RecordBatch& batch, size_t first, std::span<uint64_t> sums);

  /// The checksum of rows whose columns were all added.
  static Checksum OfSums(std::span<const uint64_t> sums);

 private:
  struct Impl;
  explicit ChecksumTaker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace
