#include "headrace/source/postgres/key_sample.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/value_sample.h"

namespace headrace {
namespace {

std::string FromTable(const Description& description) {
  return (description.IsOneRelation() ? "ONLY " : "") + QualifiedName(description.table);
}

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
  SampledRows rows{.from = FromTable(description),
                   .condition = {},
                   .pages = 0,
                   .one_relation = description.IsOneRelation()};
  for (const Relation& leaf : description.leaves) rows.pages += static_cast<double>(leaf.pages);
  const std::string name = PgQuoteIdentifier(column.name);
  ARROW_ASSIGN_OR_RAISE(auto sample, SampleValues(queries, rows, name));
  if (!sample) return std::vector<KeyBound>{};
  std::vector<std::string> keys;
  for (const KeyBound& key : sample->values) keys.push_back(key.value);
  ARROW_ASSIGN_OR_RAISE(const bool ascend, Ascend(queries, rows.from, name, keys));
  return ascend ? std::move(sample->values) : std::vector<KeyBound>{};
}

}  // namespace headrace
