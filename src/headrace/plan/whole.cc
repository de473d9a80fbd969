#include <algorithm>
#include <array>
#include <utility>

#include "headrace/plan/strategy.h"

namespace headrace {
namespace {

struct KindText {
  RelationKind kind;
  const char* text;
};

constexpr std::array<KindText, 3> kUnsplittableKinds = {{
    {RelationKind::kView, "a view"},
    {RelationKind::kForeign, "a foreign table"},
    {RelationKind::kQuery, "a query"},
}};

}  // namespace

std::optional<std::string> UnsplittableKind(RelationKind kind) {
  const auto found = std::ranges::find(kUnsplittableKinds, kind, &KindText::kind);
  return found == kUnsplittableKinds.end() ? std::nullopt : std::optional<std::string>(found->text);
}

Cut WholeTableCut(const PlanInput& input, std::string why) {
  Cut cut;
  cut.why = std::move(why);
  cut.shares.push_back(
      {WholeTable{}, static_cast<double>(std::max<int64_t>(0, input.statistics.rows))});
  return cut;
}

}  // namespace headrace
