#include "headrace/model/split_text.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "headrace/model/civil_time.h"
#include "headrace/model/utf8.h"

namespace headrace {
namespace {

/// The values of `column` from `lower` on, up to the last one that `upper_word` introduces.
std::string RangeText(const std::string& column, const std::optional<std::string>& lower,
                      std::string_view upper_word, const std::optional<std::string>& upper) {
  if (!lower && !upper) return "every " + column + " that is not NULL";
  std::string text = column;
  if (lower) text += " from " + *lower;
  if (upper) text.append(" ").append(upper_word).append(" ").append(*upper);
  return text;
}

/// A key may be empty, long, or have blanks at its end.
std::string QuotedKey(const std::string& key) { return '"' + ShortenedValue(key) + '"'; }

template <typename Value, typename Say>
std::optional<std::string> TextOf(const std::optional<Value>& bound, Say say) {
  return bound ? std::optional<std::string>(say(*bound)) : std::nullopt;
}

/// One sentence for each alternative of Split.
struct SplitSentence {
  std::string operator()(const WholeTable&) const { return "all rows"; }
  std::string operator()(const NullRows& split) const { return split.column + " is NULL"; }

  std::string operator()(const IdRange& split) const {
    const auto text = [](int64_t id) { return std::to_string(id); };
    const auto text_before = [](int64_t id) { return std::to_string(id - 1); };
    if (!split.lower) return RangeText(split.column, {}, "below", TextOf(split.upper, text));
    return RangeText(split.column, text(*split.lower), "to", TextOf(split.upper, text_before));
  }

  std::string operator()(const DateRange& split) const {
    return RangeText(split.column, TextOf(split.lower, ShortTime), split.lower ? "to" : "before",
                     TextOf(split.upper, ShortTime));
  }

  std::string operator()(const KeyRange& split) const {
    return RangeText(split.column, TextOf(split.lower, QuotedKey),
                     split.lower ? "to before" : "before", TextOf(split.upper, QuotedKey));
  }

  std::string operator()(const HashPart& split) const {
    return "hash of " + split.column + " " + std::to_string(split.part + 1) + " of " +
           std::to_string(split.parts);
  }

  std::string operator()(const PageRange& split) const {
    const std::string of = " of " + split.relation;
    if (split.first == 0 && !split.last) return "all pages" + of;
    const std::string first = std::to_string(split.first);
    if (!split.last) return "pages from " + first + of;
    return "pages " + first + " to " + std::to_string(int64_t{*split.last} - 1) + of;
  }
};

}  // namespace

std::string SplitText(const Split& split) { return std::visit(SplitSentence{}, split); }

}  // namespace headrace
