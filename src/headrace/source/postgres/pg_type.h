#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace headrace {

struct PgType;
using PgTypePtr = std::shared_ptr<const PgType>;

/// Object identifiers of built-in types: fixed by the server's pg_type.dat.
namespace pg_oid {
inline constexpr uint32_t kBool = 16;
inline constexpr uint32_t kBytea = 17;
inline constexpr uint32_t kName = 19;
inline constexpr uint32_t kInt8 = 20;
inline constexpr uint32_t kInt2 = 21;
inline constexpr uint32_t kInt4 = 23;
inline constexpr uint32_t kText = 25;
inline constexpr uint32_t kOid = 26;
inline constexpr uint32_t kJson = 114;
inline constexpr uint32_t kFloat4 = 700;
inline constexpr uint32_t kFloat8 = 701;
inline constexpr uint32_t kBpchar = 1042;
inline constexpr uint32_t kVarchar = 1043;
inline constexpr uint32_t kDate = 1082;
inline constexpr uint32_t kTime = 1083;
inline constexpr uint32_t kTimestamp = 1114;
inline constexpr uint32_t kTimestamptz = 1184;
inline constexpr uint32_t kNumeric = 1700;
inline constexpr uint32_t kRecord = 2249;
inline constexpr uint32_t kUuid = 2950;
inline constexpr uint32_t kJsonb = 3802;
}  // namespace pg_oid

struct PgField {
  std::string name;
  PgTypePtr type;
};

/// A type of the server with everything below it; domains are their base types.
struct PgType {
  enum class Kind { kBase, kEnum, kArray, kComposite };

  Kind kind = Kind::kBase;
  uint32_t oid = 0;  ///< Of the base type.
  uint32_t declared_oid =
      0;  ///< Of the domain where there is one, else `oid`; arrays and records carry it.
  int32_t typmod = -1;      ///< Of the value, or of the elements of an array; -1: none.
  std::string name;         ///< As format_type prints `declared_oid`, without modifier.
  std::string output;       ///< The output function, quoted and qualified; empty where the role may
                            ///< not name it.
  bool sends_text = false;  ///< The binary form is the text in the client's encoding.
  char delimiter = ',';     ///< Between the elements of an array of this type, as text.
  PgTypePtr element;        ///< Of an array.
  /// On the wire each element of this array stands in a record of one field: an array of arrays
  /// that SQL builds would be one of more dimensions.
  bool wrapped_elements = false;
  std::vector<PgField> fields;  ///< Of a composite.
};

/// `text`: what values have after their output function was called by SQL.
PgTypePtr PgTextType();

/// An array of `element` whose own identity does not matter.
PgTypePtr PgArrayOf(PgTypePtr element);

/// Precision and scale of a numeric type modifier, which must not be -1. The scale is negative or
/// above the precision only where the server is 15 or newer.
struct NumericModifier {
  int precision = 0;
  int scale = 0;
};
NumericModifier NumericModifierOf(int32_t typmod);

}  // namespace headrace
