#include "headrace/source/sqlite/key_sample.h"

#include <algorithm>
#include <string_view>

#include "headrace/model/utf8.h"
#include "headrace/source/sqlite/column_index.h"
#include "headrace/source/sqlite/progress_guard.h"
#include "headrace/source/sqlite/unit_query.h"

namespace headrace::sqlite {
namespace {

/// Keys that are told, about.
constexpr int64_t kMostKeys = 4'096;

/// Steps of SQLite's virtual machine: a second or two.
constexpr int64_t kMostOperations = 200'000'000;

/// Longer ones are left out: a unit carries two of them.
constexpr size_t kLongestKey = 1'000;

/// A text that is the same when a unit names it: SQLite ends it at a NUL, and has put U+FFFD where
/// a text in UTF-16 is broken.
bool IsBound(std::string_view text) {
  return text.size() <= kLongestKey && IsUtf8(text) && text.find('\0') == std::string_view::npos &&
         text.find(kReplacementCharacter) == std::string_view::npos;
}

/// A key, and how many rows have a lesser text.
struct PlacedKey {
  std::string value;
  int64_t place = 0;
};

struct KeysAlong {
  std::vector<PlacedKey> keys;  ///< At least the stride apart.
  int64_t rows = 0;             ///< Up to where it was read.
};

/// Reads the texts of a column along its index, from the least one on, to their end or as far as
/// the guard lets it.
arrow::Result<KeysAlong> ReadAlong(SqliteDatabase& database, const TableRef& table,
                                   const std::string& column, int64_t stride) {
  const std::string name = ColumnSql(table, column);
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement groups,
      database.Prepare("SELECT " + name + ", count(*) FROM " + RelationSql(table) + " WHERE " +
                       name + " >= '' GROUP BY " + name + " ORDER BY " + name));
  KeysAlong along;
  while (true) {
    const auto row = groups.Step();
    if (!row.ok() && CodeOf(row.status()) == kInterruptedCode) return along;
    ARROW_ASSIGN_OR_RAISE(const bool is_row, row);
    if (!is_row || groups.ColumnType(0) != SqliteType::kText) return along;
    const int64_t last = along.keys.empty() ? 0 : along.keys.back().place;
    if (along.rows - last >= stride && IsBound(groups.ColumnText(0))) {
      along.keys.push_back({std::string(groups.ColumnText(0)), along.rows});
    }
    along.rows += groups.ColumnInt64(1);
  }
}

}  // namespace

arrow::Result<ColumnStatistics> SampleKeys(SqliteDatabase& database, const Description& description,
                                           const std::string& column, int64_t rows,
                                           const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const bool indexed, IsIndexed(database, description.table, column));
  if (!indexed) return ColumnStatistics{.unknown_because = std::string(kNoIndex)};
  const ProgressGuard guard(database.handle(), stop, kMostOperations);
  const int64_t stride = std::max<int64_t>(1, rows / kMostKeys);
  ARROW_ASSIGN_OR_RAISE(const KeysAlong along,
                        ReadAlong(database, description.table, column, stride));
  if (stop.stop_requested()) return InterruptedError();
  const auto all = static_cast<double>(std::max(rows, along.rows));
  ColumnStatistics statistics{.indexed = true};
  for (const PlacedKey& key : along.keys) {
    statistics.keys.push_back({key.value, static_cast<double>(key.place) / all});
  }
  if (along.keys.empty()) statistics.unknown_because = "it has too few texts";
  return statistics;
}

}  // namespace headrace::sqlite
