#pragma once

#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/model/statistics.h"
#include "headrace/source/postgres/estimate_query.h"

namespace headrace {

/// Rows that a sample is taken of.
struct RowsToSample {
  std::string from;          ///< The table expression.
  std::string condition;     ///< Empty: all of them.
  double pages = 0;          ///< Of all that `from` names.
  bool one_relation = true;  ///< Whether that is one relation, or a table with others below it.
};

/// How much is looked at, and how much is told.
struct SampleSize {
  double pages = 0;  ///< All over the relation.
  int values = 0;    ///< At most.
};

/// All rows of the table.
RowsToSample AllRowsOf(const Description& description);

/// `rows.from` with the clause that reads about so many of its pages, the same ones each time.
std::string Sampled(const RowsToSample& rows, const SampleSize& size);

/// What `take` gives for the first of `sizes` for which it gives something: a server that is slow
/// has no time for the greater ones.
template <typename Take>
std::invoke_result_t<Take, const SampleSize&> FirstSample(std::span<const SampleSize> sizes,
                                                          const Take& take) {
  for (const SampleSize& size : sizes) {
    ARROW_ASSIGN_OR_RAISE(auto sample, take(size));
    if (sample) return sample;
  }
  return std::nullopt;
}

struct ValueSample {
  double sampled = 0;  ///< Rows that were looked at.
  double rows = 0;     ///< That the condition selects, estimated.
  /// Values as the server writes them and in its order, each greater than the one before.
  std::vector<KeyBound> values;
};

/// Where the values of `expression` lie. Looks at the same pages each time; nothing where the
/// relation's access method has no samples, or the server takes too long.
arrow::Result<std::optional<ValueSample>> SampleValues(EstimateQueries& queries,
                                                       const RowsToSample& rows,
                                                       const std::string& expression,
                                                       const SampleSize& size);

/// Whether each of `values` is less than the next one as the server reads them again: as literals
/// that are compared with `column`, so in its type and its collation. Rows would be in two units,
/// or in none, if it read a bound in another way than it wrote it.
arrow::Result<bool> Ascend(EstimateQueries& queries, const std::string& from,
                           const std::string& column, std::span<const std::string> values);

}  // namespace headrace
