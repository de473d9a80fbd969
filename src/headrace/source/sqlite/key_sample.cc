#include "headrace/source/sqlite/key_sample.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "headrace/model/utf8.h"
#include "headrace/source/sqlite/column_index.h"
#include "headrace/source/sqlite/progress_guard.h"
#include "headrace/source/sqlite/unit_query.h"
#include "headrace/source/sqlite/value_text.h"

namespace headrace::sqlite {
namespace {

/// Keys that are told, about.
constexpr int64_t kMostKeys = 4'096;

/// Steps of SQLite's virtual machine: a second or two.
constexpr int64_t kMostOperations = 200'000'000;

/// Longer ones are left out: a unit carries two of them.
constexpr size_t kLongestKey = 1'000;

/// Why nothing is known of a column that an index orders.
constexpr const char* kTooFewTexts = "it has too few texts that a range can begin with";
constexpr const char* kTooLongToRead =
    "reading its index for a second or two showed too few texts that a range can begin with";

/// Of a comparison of all keys with their neighbours, which takes a few steps for each.
constexpr int64_t kMostComparisonOperations = 20'000'000;

/// U+FFFE and U+FFFF, which SQLite reads as U+FFFD from UTF-8 where the database is in UTF-16.
constexpr std::array<std::string_view, 2> kNoCharacters = {"\xEF\xBF\xBE", "\xEF\xBF\xBF"};

/// A text that is the same when a unit names it. SQLite ends it at a NUL.
bool IsBound(std::string_view text) {
  const auto has = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
  return text.size() <= kLongestKey && IsUtf8(text) && !has({"\0", 1}) &&
         std::ranges::none_of(kNoCharacters, has);
}

/// A key, and how many rows have a lesser text.
struct PlacedKey {
  std::string value;
  int64_t place = 0;
};

/// Keys on the way along an index, some rows apart: twice as far each time that there are too many,
/// however many rows were thought to come.
class KeysAlong {
 public:
  explicit KeysAlong(int64_t stride) : stride_(stride) {}

  /// The next text, if it is one, and how many rows have it.
  void See(const std::optional<std::string_view>& text, int64_t rows) {
    const int64_t last = keys_.empty() ? 0 : keys_.back().place;
    if (rows_ - last >= stride_ && text && IsBound(*text)) {
      keys_.push_back({std::string(*text), rows_});
    }
    rows_ += rows;
    if (std::cmp_greater(keys_.size(), 2 * kMostKeys)) Thin();
  }

  /// How many rows were seen.
  int64_t rows() const { return rows_; }

  /// As bounds of `rows` texts.
  std::vector<KeyBound> Bounds(int64_t rows) const {
    const auto all = static_cast<double>(std::max<int64_t>(1, rows));
    std::vector<KeyBound> bounds;
    bounds.reserve(keys_.size());
    for (const PlacedKey& key : keys_) {
      bounds.push_back({key.value, static_cast<double>(key.place) / all});
    }
    return bounds;
  }

 private:
  void Thin() {
    size_t kept = 0;
    for (size_t i = 0; i < keys_.size(); i += 2) keys_[kept++] = std::move(keys_[i]);
    keys_.resize(kept);
    stride_ *= 2;
  }

  int64_t stride_;
  int64_t rows_ = 0;
  std::vector<PlacedKey> keys_;
};

/// Reads the texts of a column along its index, from the least one on. False: the guard did not let
/// it come to their end.
arrow::Result<bool> ReadAlong(SqliteDatabase& database, const TableRef& table,
                              const std::string& column, KeysAlong& along) {
  const std::string name = ColumnSql(table, column);
  ARROW_ASSIGN_OR_RAISE(
      SqliteStatement groups,
      database.Prepare("SELECT " + name + ", count(*) FROM " + RelationSql(table) + " WHERE " +
                       name + " >= '' GROUP BY " + name + " ORDER BY " + name));
  while (true) {
    const auto row = groups.Step();
    if (!row.ok() && CodeOf(row.status()) == kInterruptedCode) return false;
    ARROW_ASSIGN_OR_RAISE(const bool is_row, row);
    if (!is_row || groups.ColumnType(0) != SqliteType::kText) return true;
    along.See(TextBytes(sqlite3_column_value(groups.handle(), 0)), groups.ColumnInt64(1));
  }
}

arrow::Result<bool> IsInUtf8(SqliteDatabase& database) {
  ARROW_ASSIGN_OR_RAISE(SqliteStatement encoding, database.Prepare("PRAGMA encoding"));
  ARROW_ASSIGN_OR_RAISE(const bool row, encoding.Step());
  return row && encoding.ColumnText(0) == "UTF-8";
}

/// Whether a range has rows: it ends above its beginning then, whatever SQLite makes of the texts
/// of both.
arrow::Result<bool> HasRows(SqliteDatabase& database, const TableRef& table,
                            const KeyRange& range) {
  ARROW_ASSIGN_OR_RAISE(SqliteStatement rows,
                        database.Prepare("SELECT 1 FROM " + RelationSql(table) + " WHERE " +
                                         KeyCondition(table, range) + " LIMIT 1"));
  return rows.Step();
}

/// Drops each key that is not above the one before, as SQLite reads both from the SQL of a unit.
arrow::Status KeepAscending(SqliteDatabase& database, const TableRef& table,
                            const std::string& column, std::vector<KeyBound>& keys) {
  size_t kept = 0;
  for (KeyBound& key : keys) {
    if (kept > 0) {
      const KeyRange range{.column = column, .lower = keys[kept - 1].value, .upper = key.value};
      ARROW_ASSIGN_OR_RAISE(const bool ascends, HasRows(database, table, range));
      if (!ascends) continue;
    }
    if (&keys[kept] != &key) keys[kept] = std::move(key);
    ++kept;
  }
  keys.resize(kept);
  return arrow::Status::OK();
}

/// In UTF-16 a bound is converted on its way from SQLite and back; a database in UTF-8 takes it
/// byte for byte.
arrow::Status CheckBounds(SqliteDatabase& database, const TableRef& table,
                          const std::string& column, const std::stop_token& stop,
                          std::vector<KeyBound>& keys) {
  ARROW_ASSIGN_OR_RAISE(const bool is_in_utf8, IsInUtf8(database));
  if (is_in_utf8) return arrow::Status::OK();
  const ProgressGuard guard(database.handle(), stop, kMostComparisonOperations);
  const arrow::Status checked = KeepAscending(database, table, column, keys);
  if (stop.stop_requested()) return InterruptedError();
  if (!checked.ok()) keys.clear();
  return CodeOf(checked) == kInterruptedCode ? arrow::Status::OK() : checked;
}

}  // namespace

arrow::Result<ColumnSample> SampleKeys(SqliteDatabase& database, const Description& description,
                                       const std::string& column, int64_t rows,
                                       const std::stop_token& stop) {
  const TableRef& table = description.table;
  ARROW_ASSIGN_OR_RAISE(const bool indexed, IsIndexed(database, table, column));
  if (!indexed) return ColumnSample{{.unknown_because = std::string(kNoIndex)}};
  KeysAlong along(std::max<int64_t>(1, rows / kMostKeys));
  bool complete = false;
  {
    const ProgressGuard guard(database.handle(), stop, kMostOperations);
    ARROW_ASSIGN_OR_RAISE(complete, ReadAlong(database, table, column, along));
  }
  if (stop.stop_requested()) return InterruptedError();
  const int64_t texts = complete ? along.rows() : std::max(rows, along.rows());
  ColumnStatistics statistics{.keys = along.Bounds(texts), .indexed = true};
  ARROW_RETURN_NOT_OK(CheckBounds(database, table, column, stop, statistics.keys));
  // The others are NULL, or numbers and blobs, which few columns of texts have.
  if (texts < rows) {
    statistics.null_fraction = 1 - static_cast<double>(texts) / static_cast<double>(rows);
  }
  if (statistics.keys.empty()) {
    statistics.unknown_because = complete ? kTooFewTexts : kTooLongToRead;
  }
  return ColumnSample{.statistics = std::move(statistics), .counted = along.rows()};
}

}  // namespace headrace::sqlite
