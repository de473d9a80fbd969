#pragma once

#include <optional>
#include <string>
#include <vector>

#include "headrace/plan/strategy.h"

/// What strategies that cut a table by the values of a column share.
namespace headrace {

/// A column that may split the table.
struct KeyColumn {
  std::string name;
  std::string role;  ///< For people: "the primary key".
};

/// The column of the job, else the columns that lead a key and the row identity, the best one
/// first, whatever their types. Keys of one column come first, the row identity before unique keys
/// that are not primary: its ranges lie together on disk.
std::vector<KeyColumn> KeyColumns(const PlanInput& input);

/// Why a column cannot be cut in some way; nothing if it can.
using ColumnMisfit = std::optional<std::string> (*)(const PlanInput& input,
                                                    const std::string& column);

/// The first of KeyColumns that `misfit` has nothing against.
std::optional<KeyColumn> FirstKeyColumn(const PlanInput& input, ColumnMisfit misfit);

/// Why none of KeyColumns will do; nothing if one does.
std::optional<std::string> KeyMisfit(const PlanInput& input, ColumnMisfit misfit);

/// The names of KeyColumns that `has_type` likes, each once.
std::vector<std::string> KeyColumnsWith(const PlanInput& input,
                                        bool (*has_type)(const PlanInput& input,
                                                         const std::string& column));

/// What is said of a column of which too little is known.
std::string UnknownValues(const PlanInput& input, const std::string& column);

/// Why the values of a column of the right type cannot be cut; nothing if they can.
std::optional<std::string> ValuesMisfit(const PlanInput& input, const std::string& column);

/// Whether a unit must hold the rows that are in no range of `column`, because it is NULL there.
bool NeedsNullRows(const PlanInput& input, const std::string& column);

/// Adds that unit, where it must be.
void AddNullRows(const PlanInput& input, const std::string& column, double rows, Cut& cut);

/// The rows of the table, guessed where the source could not estimate them. `span`: how many
/// different values the column may have.
double TableRows(const PlanInput& input, double span, std::vector<std::string>& warnings);

/// A table that no bound cuts is one unit, its NULLs included. Keeps the warnings of `cut`.
Cut OneRange(const PlanInput& input, const std::string& column, double rows, Cut cut);

/// Says what ranges of a column without an index cost.
void WarnOfMissingIndex(const std::string& column, const ColumnStatistics& statistics, Cut& cut);

}  // namespace headrace
