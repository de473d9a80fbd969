#include "headrace/source/postgres/row_reference.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "headrace/model/ascii.h"

namespace headrace {
namespace {

/// Longer names are cut off by the server (NAMEDATALEN), and can become any other.
constexpr size_t kLongestName = 63;

/// Columns that each table has without declaring them.
constexpr std::array<std::string_view, 6> kSystemColumns = {"tableoid", "ctid", "xmin",
                                                            "cmin",     "xmax", "cmax"};

struct ConditionToken {
  enum class Kind {
    kEnd,
    kName,
    kOther,    ///< A literal, or one character of anything else.
    kUnclear,  ///< It may be any name, and so may what is behind it.
  };
  Kind kind = Kind::kEnd;
  std::string text;  ///< The name as the server looks it up; the character.
};

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80U; });
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsNameStart(char c) {
  const char lower = LowerAscii(c);
  return (lower >= 'a' && lower <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 0x80U;
}

/// Takes a condition apart as the server's scanner does, as far as it takes to tell names from
/// literals and comments.
class ConditionScanner {
 public:
  explicit ConditionScanner(std::string_view sql) : rest_(sql) {}

  ConditionToken Next();

 private:
  using Kind = ConditionToken::Kind;

  bool SkipBlanks();
  bool SkipBlockComment();
  bool SkipString(bool escapes);
  bool SkipDollarString();
  ConditionToken Name();
  ConditionToken QuotedName();
  ConditionToken Literal(bool closed) {
    return {closed ? Kind::kOther : Kind::kUnclear, "literal"};
  }
  static ConditionToken NameOf(std::string text);

  std::string_view rest_;
};

/// Blanks and comments. False: a comment has no end.
bool ConditionScanner::SkipBlanks() {
  for (size_t before = rest_.size() + 1; before != rest_.size();) {
    before = rest_.size();
    rest_.remove_prefix(std::min(rest_.size(), rest_.find_first_not_of(" \t\r\n\f\v")));
    if (rest_.starts_with("--")) {
      rest_.remove_prefix(std::min(rest_.size(), rest_.find_first_of("\r\n")));
    }
    if (rest_.starts_with("/*") && !SkipBlockComment()) return false;
  }
  return true;
}

/// They nest.
bool ConditionScanner::SkipBlockComment() {
  int depth = 0;
  do {
    const bool opens = rest_.starts_with("/*");
    const bool closes = rest_.starts_with("*/");
    depth += opens ? 1 : (closes ? -1 : 0);
    rest_.remove_prefix(opens || closes ? 2 : 1);
  } while (depth > 0 && !rest_.empty());
  return depth == 0;
}

/// From the quote on. False: it has no end.
bool ConditionScanner::SkipString(bool escapes) {
  for (size_t at = 1; at < rest_.size(); ++at) {
    if (escapes && rest_[at] == '\\') {
      ++at;
    } else if (rest_[at] == '\'') {
      const bool doubled = at + 1 < rest_.size() && rest_[at + 1] == '\'';
      if (!doubled) {
        rest_.remove_prefix(at + 1);
        return true;
      }
      ++at;
    }
  }
  rest_ = {};
  return false;
}

/// `$tag$ … $tag$`; or the character alone, where none begins here. False: it has no end.
bool ConditionScanner::SkipDollarString() {
  size_t end = 1;
  while (end < rest_.size() && (IsNameStart(rest_[end]) || (end > 1 && IsDigit(rest_[end])))) {
    ++end;
  }
  if (end == rest_.size() || rest_[end] != '$') {
    rest_.remove_prefix(1);
    return true;
  }
  const std::string_view tag = rest_.substr(0, end + 1);
  const size_t closing = rest_.find(tag, tag.size());
  const bool closed = closing != std::string_view::npos;
  rest_.remove_prefix(closed ? closing + tag.size() : rest_.size());
  return closed;
}

ConditionToken ConditionScanner::NameOf(std::string text) {
  if (text.size() > kLongestName || !IsAscii(text)) return {Kind::kUnclear, std::move(text)};
  return {Kind::kName, std::move(text)};
}

ConditionToken ConditionScanner::QuotedName() {
  std::string text;
  for (size_t at = 1; at < rest_.size(); ++at) {
    if (rest_[at] == '"') {
      const bool doubled = at + 1 < rest_.size() && rest_[at + 1] == '"';
      if (!doubled) {
        rest_.remove_prefix(at + 1);
        return NameOf(std::move(text));
      }
      ++at;
    }
    text += rest_[at];
  }
  rest_ = {};
  return {Kind::kUnclear, std::move(text)};
}

/// A name, or the letters that some literals begin with.
ConditionToken ConditionScanner::Name() {
  size_t end = 0;
  while (end < rest_.size() &&
         (IsNameStart(rest_[end]) || IsDigit(rest_[end]) || rest_[end] == '$')) {
    ++end;
  }
  std::string text = LowerAsciiText(rest_.substr(0, end));
  rest_.remove_prefix(end);
  if (text == "u" && rest_.starts_with("&\"")) return {Kind::kUnclear, std::move(text)};
  if (text != "e" || !rest_.starts_with('\'')) return NameOf(std::move(text));
  if (!SkipString(true) || !SkipBlanks()) return Literal(false);
  // A string goes on behind a line break, and this one with its escapes.
  return Literal(!rest_.starts_with('\''));
}

ConditionToken ConditionScanner::Next() {
  if (!SkipBlanks()) return Literal(false);
  if (rest_.empty()) return {};
  const char first = rest_.front();
  if (first == '"') return QuotedName();
  if (first == '\'') return Literal(SkipString(false));
  if (first == '$') return Literal(SkipDollarString());
  if (IsNameStart(first)) return Name();
  rest_.remove_prefix(1);
  return {Kind::kOther, std::string(1, first)};
}

bool HasAnyCase(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::any_of(names, [&](const std::string& known) {
    return LowerAsciiText(known) == LowerAsciiText(name);
  });
}

bool IsOwnColumn(const RowNames& names, const ConditionToken& token) {
  return token.kind == ConditionToken::Kind::kName &&
         (std::ranges::find(names.columns, token.text) != names.columns.end() ||
          std::ranges::find(kSystemColumns, token.text) != kSystemColumns.end());
}

}  // namespace

bool MayReferToRow(std::string_view condition, const RowNames& names) {
  using Kind = ConditionToken::Kind;
  ConditionScanner scanner(condition);
  for (ConditionToken token = scanner.Next(); token.kind != Kind::kEnd; token = scanner.Next()) {
    if (token.kind == Kind::kUnclear) return true;
    if (token.kind != Kind::kName) continue;
    if (HasAnyCase(names.part_columns, token.text)) return true;
    if (LowerAsciiText(token.text) != LowerAsciiText(names.table)) continue;
    const ConditionToken dot = scanner.Next();
    if (dot.kind != Kind::kOther || dot.text != "." || !IsOwnColumn(names, scanner.Next())) {
      return true;
    }
  }
  return false;
}

}  // namespace headrace
