#pragma once

#include <memory>

#include "headrace/source/postgres/field_reader.h"

/// Factories of the readers whose values have one size.
namespace headrace {

using FieldReaderPtr = std::unique_ptr<FieldReader>;

FieldReaderPtr MakeBoolReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context);
FieldReaderPtr MakeInt2Reader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context);
FieldReaderPtr MakeInt4Reader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context);
FieldReaderPtr MakeInt8Reader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context);
FieldReaderPtr MakeOidReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context);
FieldReaderPtr MakeFloat4Reader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context);
FieldReaderPtr MakeFloat8Reader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context);
FieldReaderPtr MakeDateReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context);
FieldReaderPtr MakeTimeReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context);
FieldReaderPtr MakeTimestampReader(const std::shared_ptr<arrow::DataType>& type,
                                   ReadContext& context);

}  // namespace headrace
