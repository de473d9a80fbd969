#include "headrace/source/postgres/spread_sample.h"

#include <array>
#include <string>

#include "headrace/source/postgres/value_sample.h"

namespace headrace {
namespace {

/// Rows of one page are mostly neighbours in time, so that pages count, not rows. The second one is
/// for a server that is slow.
constexpr std::array<SampleSize, 2> kSpreadSizes = {
    {{.pages = 2'000, .values = 1'000}, {.pages = 100, .values = 1'000}}};

/// Its bounds are of equal depth, as those of pg_stats, and like those no more than there are rows.
std::string SpreadSql(const RowsToSample& rows, const std::string& column, const SampleSize& size) {
  return "WITH sample AS MATERIALIZED (SELECT " + column + " AS value FROM " + Sampled(rows, size) +
         "), counted AS (SELECT pg_catalog.count(*) AS rows, pg_catalog.count(value) AS known,"
         " greatest(1, least(" +
         std::to_string(size.values) +
         ", pg_catalog.count(value) - 1)) AS steps FROM sample)"
         " SELECT rows, known, (SELECT pg_catalog.percentile_disc((SELECT"
         " pg_catalog.array_agg(step::pg_catalog.float8 / steps)"
         " FROM pg_catalog.generate_series(0, steps) AS step))"
         " WITHIN GROUP (ORDER BY value) FROM sample)::pg_catalog.text FROM counted";
}

}  // namespace

arrow::Result<std::optional<ValueSpread>> SampleSpread(EstimateQueries& queries,
                                                       const Description& description,
                                                       const Column& column) {
  const RowsToSample rows = AllRowsOf(description);
  const std::string name = PgQuoteIdentifier(column.name);
  ARROW_ASSIGN_OR_RAISE(const auto sample, FirstSample(kSpreadSizes, [&](const SampleSize& size) {
                          return queries.AskBriefly(SpreadSql(rows, name, size));
                        }));
  if (!sample || sample->rows() == 0 || sample->Int64(0, 1) == 0) return std::nullopt;
  const double null_share = 1 - sample->Double(0, 1) / sample->Double(0, 0);
  return SpreadOfSample(column, null_share, sample->Text(0, 2));
}

}  // namespace headrace
