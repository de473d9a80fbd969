#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "headrace/model/civil_time.h"
#include "headrace/model/error.h"

namespace headrace {

struct TablePlan;

/// All rows that the filter selects: what cannot be, or need not be, split.
struct WholeTable {
  bool operator==(const WholeTable&) const = default;
};

/// Rows whose integer column lies in [lower, upper); a missing bound is open.
struct IdRange {
  std::string column;
  std::optional<int64_t> lower;
  std::optional<int64_t> upper;
  bool operator==(const IdRange&) const = default;
};

/// Rows whose date or timestamp column lies in [lower, upper): microseconds since 1970, of a column
/// with time zone in UTC, of a date at its midnight. A missing bound is open, and −infinity or
/// infinity belong to such a range. A column of another `encoding` than kNative is compared with
/// what stands for the bounds in it: numbers are in a range exactly where their times are, of texts
/// those that have just this form; each row is in one range of a plan all the same.
struct DateRange {
  std::string column;
  std::optional<int64_t> lower;
  std::optional<int64_t> upper;
  TimeEncoding encoding = TimeEncoding::kNative;
  bool operator==(const DateRange&) const = default;
};

/// Rows whose column lies in [lower, upper) in the source's own order of its values, as a collation
/// makes it; a missing bound is open. Bounds are values as the source writes them, in UTF-8.
struct KeyRange {
  std::string column;
  std::optional<std::string> lower;
  std::optional<std::string> upper;
  bool operator==(const KeyRange&) const = default;
};

/// Rows whose column is not NULL and has a hash of the source's own, which is not negative, that
/// leaves `part` when divided by `parts`. One source gives all units of a plan the same hashes.
struct HashPart {
  std::string column;
  int32_t part = 0;   ///< 0 to `parts` - 1.
  int32_t parts = 1;  ///< 1 or more.
  bool operator==(const HashPart&) const = default;
};

/// Rows stored in pages [first, last) of one relation; without `last`, to the end, pages added
/// later included. Page numbers are PostgreSQL block numbers: unsigned 32 bits.
struct PageRange {
  std::string schema;    ///< Of the leaf that holds the pages.
  std::string relation;  ///< The leaf that holds the pages: the table itself or one partition.
  uint32_t first = 0;
  std::optional<uint32_t> last;
  bool operator==(const PageRange&) const = default;
};

/// Rows whose split column is NULL.
struct NullRows {
  std::string column;
  bool operator==(const NullRows&) const = default;
};

/// Which share of the rows a unit takes. Independent of the filter, which all units share.
using Split = std::variant<WholeTable, IdRange, DateRange, KeyRange, HashPart, PageRange, NullRows>;

/// Whether the split itself decides which rows have NULL in `column`: all that it holds, or none.
bool DecidesNulls(const Split& split, std::string_view column);

/// One independent piece of work: with its TablePlan any worker can execute it. A small value.
struct WorkUnit {
  std::string plan_id;
  std::string id;  ///< A path: `7`, and `7.0`, `7.1` where it was split.
  Split split;
  int64_t estimated_rows = 0;
  int64_t estimated_bytes = 0;  ///< As Arrow in memory.

  bool operator==(const WorkUnit&) const = default;
};

/// A unit that was cut into parts while it was read: it is void, they cover it exactly.
struct UnitDivision {
  std::string unit_id;
  std::vector<std::string> part_ids;

  bool operator==(const UnitDivision&) const = default;
};

/// The unit that was planned, of a unit or of any part of it.
std::string_view PlannedUnitId(std::string_view unit_id);

/// The units that count of those that were planned: parts, and parts of parts, in the place of what
/// was divided. An error of class bug where a division is of none of them.
arrow::Result<std::vector<std::string>> UnitsThatCount(std::vector<std::string> planned,
                                                       const std::vector<UnitDivision>& divisions);

/// Version of the serialised form, docs/format/work_unit.md.
inline constexpr int kWorkUnitVersion = 1;

/// The `type` of a unit in its JSON form: `db_page_range`, `db_id_range`, `db_date_range`,
/// `db_key_range`, `db_hash_partition`, `db_null`, `db_date_range_full`.
std::string_view SplitTypeName(const Split& split);

/// The JSON form of docs/format/work_unit.md: for people, logs and APIs, and the serialised form
/// that engines send.
nlohmann::json ToJson(const WorkUnit& unit, const TablePlan& plan);

/// Reads ToJson's form back. Errors of class user name the key that is missing or of the wrong
/// type.
arrow::Result<WorkUnit> WorkUnitFromJson(const nlohmann::json& json);

/// ToJson as bytes, and back. What engines send; a round trip yields an equal unit.
std::string SerializeWorkUnit(const WorkUnit& unit, const TablePlan& plan);
arrow::Result<WorkUnit> ParseWorkUnit(std::string_view bytes);

}  // namespace headrace
