#pragma once

#include <memory>

#include "headrace/staging/column_encoder.h"

namespace headrace {

/// Encoders of numbers: Arrow's type to Parquet's physical type.
std::unique_ptr<ColumnEncoder> MakeInt16Encoder();   ///< INT32
std::unique_ptr<ColumnEncoder> MakeInt32Encoder();   ///< INT32; dates too
std::unique_ptr<ColumnEncoder> MakeInt64Encoder();   ///< INT64; times and timestamps too
std::unique_ptr<ColumnEncoder> MakeFloatEncoder();   ///< FLOAT
std::unique_ptr<ColumnEncoder> MakeDoubleEncoder();  ///< DOUBLE
std::unique_ptr<ColumnEncoder> MakeDecimal128Encoder(
    int precision);  ///< INT32, INT64 or FIXED_LEN_BYTE_ARRAY by precision
std::unique_ptr<ColumnEncoder>
MakeDecimal256Encoder();  ///< FIXED_LEN_BYTE_ARRAY of kWideDecimalBytes

}  // namespace headrace
