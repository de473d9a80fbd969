#include "headrace/source/sqlite/type_sample.h"

#include <arrow/type.h>
#include <sqlite3.h>

#include <string>
#include <vector>

#include "headrace/source/sqlite/declared_type.h"

namespace headrace::sqlite {
namespace {

std::string NoteOf(const Column& column) {
  const std::string why = column.source_type.empty()
                              ? "no type is declared"
                              : column.source_type + " may hold values of any type";
  return column.type_unknown ? "as text: " + why + ", and no row came in time"
                             : "from a sample of its values: " + why;
}

}  // namespace

arrow::Status SampleUndeclaredTypes(SqliteDatabase& database, const SampleEffort& effort,
                                    const std::stop_token& stop, Description& description) {
  std::vector<std::string> names;
  for (const Column& column : description.columns) {
    if (column.type == nullptr) names.push_back(column.name);
  }
  if (names.empty()) return arrow::Status::OK();
  std::vector<WidestType> widest(names.size());
  const auto see = [&](SqliteStatement& row) {
    for (size_t i = 0; i < widest.size(); ++i) {
      widest[i].Add(sqlite3_column_value(row.handle(), static_cast<int>(i)));
    }
    return true;
  };
  ARROW_ASSIGN_OR_RAISE(const SampleEnd end, SampleRows(database, description, names,
                                                        kTypeSampleRows, effort, stop, see));
  size_t next = 0;
  for (Column& column : description.columns) {
    if (column.type != nullptr) continue;
    column.type = widest[next++].type();
    column.type_unknown = end == SampleEnd::kNothingSeen;
    column.note = NoteOf(column);
  }
  return arrow::Status::OK();
}

}  // namespace headrace::sqlite
