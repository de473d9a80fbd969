#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>

#include "headrace/model/error.h"
#include "headrace/model/value_hash.h"

namespace headrace {

/// Hashes the values of one column by docs/format/checksum.md. Keeps buffers: used by one thread.
class ColumnHasher {
 public:
  explicit ColumnHasher(ColumnSalt salt) : salt_(salt) {}
  virtual ~ColumnHasher() = default;

  /// Adds the hash of value `begin` + i of `data` (its offset not counted) to `sums[i]`, for i in
  /// [0, `count`).
  virtual void AddHashes(const arrow::ArrayData& data, int64_t begin, int64_t count,
                         uint64_t* sums) = 0;

 protected:
  const ColumnSalt& salt() const { return salt_; }

 private:
  ColumnSalt salt_;
};

/// The hasher of a column of `type` at `position` of its row (or struct). Errors of class bug where
/// the type has no rule.
arrow::Result<std::unique_ptr<ColumnHasher>> MakeColumnHasher(const arrow::DataType& type,
                                                              uint64_t position);

/// The same for types that hold other types: lists, structs, dictionaries, extensions. Null if
/// `type` is none of them.
arrow::Result<std::unique_ptr<ColumnHasher>> MakeNestedHasher(const arrow::DataType& type,
                                                              uint64_t position);

}  // namespace headrace
