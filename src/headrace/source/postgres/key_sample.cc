#include "headrace/source/postgres/key_sample.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "headrace/source/postgres/value_sample.h"

namespace headrace {
namespace {

/// Rows of one page are often neighbours by key, so that pages count, not rows: so many place a
/// hundredth of the rows within a few thousandths. The second one is for a server that is slow.
constexpr std::array<SampleSize, 2> kSizesTried = {
    {{.pages = 2'000, .values = 10'000}, {.pages = 100, .values = 10'000}}};

}  // namespace

bool HasKeyOrder(const Column& column) {
  constexpr std::array<std::string_view, 4> kPlain = {"text", "uuid", "numeric",
                                                      "character varying"};
  constexpr std::array<std::string_view, 3> kWithSize = {"character varying(", "character(",
                                                         "numeric("};
  const std::string_view type = column.source_type;
  const auto has_prefix = [&](std::string_view prefix) { return type.starts_with(prefix); };
  return std::ranges::find(kPlain, type) != kPlain.end() ||
         (std::ranges::any_of(kWithSize, has_prefix) && type.ends_with(')'));
}

arrow::Result<std::vector<KeyBound>> SampleKeys(EstimateQueries& queries,
                                                const Description& description,
                                                const Column& column) {
  const RowsToSample rows = AllRowsOf(description);
  const std::string name = PgQuoteIdentifier(column.name);
  ARROW_ASSIGN_OR_RAISE(auto sample, FirstSample(kSizesTried, [&](const SampleSize& size) {
                          return SampleValues(queries, rows, name, size);
                        }));
  if (!sample) return std::vector<KeyBound>{};
  std::vector<std::string> keys;
  for (const KeyBound& key : sample->values) keys.push_back(key.value);
  ARROW_ASSIGN_OR_RAISE(const bool ascend, Ascend(queries, rows.from, name, keys));
  return ascend ? std::move(sample->values) : std::vector<KeyBound>{};
}

}  // namespace headrace
