#pragma once

#include <memory>
#include <vector>

#include "headrace/source/postgres/scalar_readers.h"

namespace headrace {

/// Bytes of one value of `type` in Arrow memory, without what varies from value to value.
int64_t FixedWidth(const arrow::DataType& type);

/// T[] as list<T>; NULL elements are kept, lower bounds are not, a value of several dimensions
/// follows the policy.
FieldReaderPtr MakeListReader(const std::shared_ptr<arrow::DataType>& type, FieldReaderPtr element,
                              ReadContext& context);

/// A composite as struct, field by field.
FieldReaderPtr MakeStructReader(const std::shared_ptr<arrow::DataType>& type,
                                std::vector<FieldReaderPtr> fields, ReadContext& context);

}  // namespace headrace
