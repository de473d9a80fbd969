#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"
#include "headrace/source/postgres/pg_type.h"

namespace headrace {

/// What pg_type says, as PgType trees. Remembers what it was told. Not thread-safe.
class PgTypeCatalog {
 public:
  /// Reads `types` and everything below them in one query.
  arrow::Status Load(PgConnection& connection, std::span<const uint32_t> types,
                     const std::stop_token& stop);

  /// The type `oid`, which was loaded, with `typmod` (-1: none). Errors of class permanent where it
  /// is not known.
  arrow::Result<PgTypePtr> Resolve(uint32_t oid, int32_t typmod) const;

  /// The enums that were loaded, quoted and qualified, as far as the role may name them.
  std::vector<std::string> enum_names() const;

 private:
  struct Field {
    std::string name;
    uint32_t type = 0;
    int32_t typmod = -1;
  };
  struct Row {
    std::string name;
    std::string output;
    uint32_t base = 0;  ///< Of a domain, with the modifier that it gives.
    int32_t base_typmod = -1;
    uint32_t element = 0;   ///< Of an array.
    std::string enum_name;  ///< Of an enum, quoted and qualified, where the role may name it.
    bool is_enum = false;
    bool is_composite = false;
    bool sends_text = false;
    char delimiter = ',';
    std::vector<Field> fields;
  };

  arrow::Result<PgTypePtr> ResolveDeclared(uint32_t oid, int32_t typmod, uint32_t declared) const;
  arrow::Status FillParts(const Row& row, int32_t typmod, PgType& type) const;

  std::map<uint32_t, Row> rows_;
};

}  // namespace headrace
