#include "headrace/run/split_text.h"

#include <fmt/format.h>

#include <cstdint>
#include <variant>

#include "headrace/model/civil_time.h"

namespace headrace {
namespace {

/// One sentence for each alternative of Split.
struct SplitSentence {
  std::string operator()(const WholeTable&) const { return "all rows"; }
  std::string operator()(const NullRows& split) const { return split.column + " is NULL"; }

  std::string operator()(const IdRange& split) const {
    if (!split.lower.has_value() && !split.upper.has_value()) {
      return "every " + split.column + " that is not NULL";
    }
    if (!split.lower.has_value()) return fmt::format("{} below {}", split.column, *split.upper);
    if (!split.upper.has_value()) return fmt::format("{} from {}", split.column, *split.lower);
    return fmt::format("{} from {} to {}", split.column, *split.lower, *split.upper - 1);
  }

  std::string operator()(const DateRange& split) const {
    if (!split.lower.has_value() && !split.upper.has_value()) {
      return "every " + split.column + " that is not NULL";
    }
    if (!split.lower.has_value()) return split.column + " before " + ShortTime(*split.upper);
    if (!split.upper.has_value()) return split.column + " from " + ShortTime(*split.lower);
    return fmt::format("{} from {} to {}", split.column, ShortTime(*split.lower),
                       ShortTime(*split.upper));
  }

  std::string operator()(const PageRange& split) const {
    if (split.first == 0 && !split.last.has_value()) return "all pages of " + split.relation;
    if (!split.last.has_value()) {
      return fmt::format("pages from {} of {}", split.first, split.relation);
    }
    return fmt::format("pages {} to {} of {}", split.first, int64_t{*split.last} - 1,
                       split.relation);
  }
};

}  // namespace

std::string SplitText(const Split& split) { return std::visit(SplitSentence{}, split); }

}  // namespace headrace
