#pragma once

#include <memory>

#include "headrace/source/postgres/scalar_readers.h"

namespace headrace {

/// numeric(p,s) as decimal128 or decimal256. What has more digits than `type` and NaN follow the
/// policy.
FieldReaderPtr MakeDecimalReader(const std::shared_ptr<arrow::DataType>& type,
                                 ReadContext& context);

}  // namespace headrace
