#include "headrace/source/sqlite/key_sample.h"

#include <algorithm>
#include <string_view>
#include <utility>

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

/// Keys on the way along an index, some rows apart: twice as far each time that there are too many,
/// however many rows were thought to come.
class KeysAlong {
 public:
  explicit KeysAlong(int64_t stride) : stride_(stride) {}

  /// The next text, and how many rows have it.
  void See(std::string_view text, int64_t rows) {
    const int64_t last = keys_.empty() ? 0 : keys_.back().place;
    if (rows_ - last >= stride_ && IsBound(text)) keys_.push_back({std::string(text), rows_});
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
    along.See(groups.ColumnText(0), groups.ColumnInt64(1));
  }
}

}  // namespace

arrow::Result<ColumnStatistics> SampleKeys(SqliteDatabase& database, const Description& description,
                                           const std::string& column, int64_t rows,
                                           const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const bool indexed, IsIndexed(database, description.table, column));
  if (!indexed) return ColumnStatistics{.unknown_because = std::string(kNoIndex)};
  const ProgressGuard guard(database.handle(), stop, kMostOperations);
  KeysAlong along(std::max<int64_t>(1, rows / kMostKeys));
  ARROW_ASSIGN_OR_RAISE(const bool complete, ReadAlong(database, description.table, column, along));
  if (stop.stop_requested()) return InterruptedError();
  const int64_t texts = complete ? along.rows() : std::max(rows, along.rows());
  ColumnStatistics statistics{.keys = along.Bounds(texts), .indexed = true};
  // The others are NULL, or numbers and blobs, which few columns of texts have.
  if (texts < rows) {
    statistics.null_fraction = 1 - static_cast<double>(texts) / static_cast<double>(rows);
  }
  if (statistics.keys.empty()) statistics.unknown_because = "it has too few texts";
  return statistics;
}

}  // namespace headrace::sqlite
