#pragma once

#include <memory>

#include "headrace/source/postgres/scalar_readers.h"

/// Factories of the readers that give utf8 or binary.
namespace headrace {

/// Text types and bytea: the bytes as they come.
FieldReaderPtr MakeBytesReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context);

/// jsonb: a version byte, then the text.
FieldReaderPtr MakeJsonbReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context);

/// uuid: 16 bytes, given as the server prints them.
FieldReaderPtr MakeUuidReader(const std::shared_ptr<arrow::DataType>& type, ReadContext& context);

/// numeric without a fixed scale, as the server prints it.
FieldReaderPtr MakeNumericTextReader(const std::shared_ptr<arrow::DataType>& type,
                                     ReadContext& context);

}  // namespace headrace
