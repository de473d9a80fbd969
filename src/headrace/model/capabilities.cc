#include "headrace/model/capabilities.h"

#include <array>

namespace headrace {
namespace {

constexpr std::array<std::string_view, 7> kStrategyNames = {
    "auto", "date_range", "id_range", "key_range", "pages", "hash", "none"};
constexpr std::array<std::string_view, 2> kSnapshotKindNames = {"none", "transaction"};

}  // namespace

std::string_view StrategyName(Strategy strategy) {
  return kStrategyNames.at(static_cast<size_t>(strategy));
}

std::string_view SnapshotKindName(SnapshotKind kind) {
  return kSnapshotKindNames.at(static_cast<size_t>(kind));
}

}  // namespace headrace
