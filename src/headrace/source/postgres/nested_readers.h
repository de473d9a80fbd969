#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "headrace/source/postgres/scalar_readers.h"

namespace headrace {

/// T[] as list<T>; NULL elements are kept, lower bounds are not, a value of several dimensions
/// follows the policy. `wrapped`: PgType::wrapped_elements.
FieldReaderPtr MakeListReader(const std::shared_ptr<arrow::DataType>& type, FieldReaderPtr element,
                              bool wrapped, ReadContext& context);

/// A field of a composite.
struct StructField {
  FieldReaderPtr reader;
  uint32_t type_oid = 0;  ///< As it was described; 0: any.
};

/// A composite as struct, field by field. No lock keeps a type from being altered while its tables
/// are read: a value of other fields than `fields` fails with kSnapshotLostCode.
FieldReaderPtr MakeStructReader(const std::shared_ptr<arrow::DataType>& type,
                                std::vector<StructField> fields, ReadContext& context);

}  // namespace headrace
