#pragma once

#include <arrow/type_fwd.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::sqlite {

/// What the declared type of a SQLite column becomes.
struct DeclaredMapping {
  std::shared_ptr<arrow::DataType>
      type;          ///< Null: no type says it, a sample of the values must (WidestType).
  std::string note;  ///< For Column::note.
};

/// Maps a declared type by docs/types.md: BOOLEAN, DATE, DATETIME, TIMESTAMP and DECIMAL(p,s) by
/// name, then by SQLite's affinity rules (https://www.sqlite.org/datatype3.html, 3.1): INTEGER
/// int64, TEXT utf8, BLOB binary, REAL double. NUMERIC affinity without precision says as little as
/// no type at all.
DeclaredMapping MapDeclaredType(std::string_view declared);

/// For Column::readable_as of a column that is of `type`.
std::vector<arrow::Type::type> TypesToReadAs(const arrow::DataType& type);

/// The narrowest of int64, double, utf8 that holds every value shown to it without loss; binary
/// where all are blobs.
class WidestType {
 public:
  void Add(sqlite3_value* value);

  /// utf8 where nothing but NULL was added.
  std::shared_ptr<arrow::DataType> type() const;

 private:
  bool integer_ = false;
  bool large_integer_ = false;  ///< One that a double cannot hold.
  bool real_ = false;
  bool text_ = false;
  bool blob_ = false;
};

/// A double holds `value` exactly.
bool FitsDouble(int64_t value);

}  // namespace headrace::sqlite
