#pragma once

#include <cstdint>
#include <span>

#include "headrace/staging/byte_buffer.h"

/// Parquet's RLE / bit-packing hybrid (format/Encodings.md of apache/parquet-format): definition
/// levels and dictionary indices.
namespace headrace {

/// Bits needed for the numbers 0 … `greatest`; 1 at least, since some readers do not take 0.
int BitWidth(uint32_t greatest);

/// Appends `indices`, all below 2^`bit_width` (1 to 16): runs of equal values as such, the rest
/// packed.
void AppendIndices(std::span<const uint16_t> indices, int bit_width, ByteBuffer& out);

/// Appends `count` levels of one bit, packed from the first byte of `bits`; those behind the last
/// are 0.
void AppendBitLevels(const uint8_t* bits, int64_t count, ByteBuffer& out);

/// Appends `count` levels that are all 1.
void AppendOneLevels(int64_t count, ByteBuffer& out);

}  // namespace headrace
