#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>

#include "headrace/client/sqlite/database.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"

namespace headrace::sqlite {

/// Steps of SQLite's virtual machine, of which it makes some 100 million a second on a file that is
/// in memory, and how far apart the rows are.
struct SampleEffort {
  int64_t until_first_row = 20'000'000;
  int64_t behind_first_row = 20'000'000;
  int places = 20;  ///< All over the table, from which rows are taken side by side.
};

enum class SampleEnd {
  kEnough,
  kNothingSeen,  ///< The effort was spent before the first row came.
};

/// Shows `see` up to `rows` rows of a table, view or query, holding `columns` (source names): from
/// places all over the table where it has a rowid, else the first ones. Stops early where `see`
/// returns false. A query that takes more than `effort` shows what it has yielded by then, perhaps
/// nothing. kInterruptedCode soon after `stop`.
arrow::Result<SampleEnd> SampleRows(SqliteDatabase& database, const Description& description,
                                    std::span<const std::string> columns, int rows,
                                    const SampleEffort& effort, const std::stop_token& stop,
                                    const std::function<bool(SqliteStatement&)>& see);

}  // namespace headrace::sqlite
