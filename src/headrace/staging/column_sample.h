#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace headrace {

/// The arrays that hold the values of one leaf column, in the order of the rows.
struct LeafColumn {
  std::string path;
  std::shared_ptr<arrow::DataType> type;
  std::vector<std::shared_ptr<arrow::Array>>
      chunks;  ///< Values of lists and fields of structs, flattened; sliced as they lie.
};

/// The leaf columns below a column of `type` called `name`, whose values are `chunks`, in Parquet's
/// order and naming.
std::vector<LeafColumn> LeafColumns(const std::string& name,
                                    const std::shared_ptr<arrow::DataType>& type,
                                    std::vector<std::shared_ptr<arrow::Array>> chunks);

/// What a sample says of one leaf column.
struct ColumnSample {
  int64_t values = 0;         ///< Not NULL, looked at for `distinct`.
  int64_t distinct = 0;       ///< Of `values`, by hash.
  int64_t once = 0;           ///< Of `distinct`: seen once.
  int64_t twice = 0;          ///< Of `distinct`: seen twice.
  int64_t column_values = 0;  ///< Not NULL, in the whole column.
  double value_bytes = 0;     ///< Of a value as PLAIN stores it, on average.
  std::string plain;          ///< Runs of neighbouring values as PLAIN lays them out.
};

/// How many distinct values the whole column has: Chao's estimate of how many the sample did not
/// meet, f1² / 2 f2 (A. Chao, Nonparametric Estimation of the Number of Classes in a Population,
/// 1984), of which the column's rows show those that are drawn at least once. Low rather than high
/// where some values are much rarer than others.
double EstimateDistinct(const ColumnSample& sample);

/// Takes values evenly from all over `leaf` for the distinct count, and runs of neighbours from a
/// few places for the plain bytes. Physical bytes are what counts: types without a fixed or
/// variable width give an empty sample.
ColumnSample SampleColumn(const LeafColumn& leaf);

}  // namespace headrace
