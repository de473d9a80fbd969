#include "headrace/source/sqlite/quoted_names.h"

#include <algorithm>
#include <array>

namespace headrace::sqlite {
namespace {

/// What begins a piece of SQL within which no name in double quotes can begin, and what ends it.
struct Enclosure {
  std::string_view begin;
  std::string_view end;
};

constexpr std::string_view kDoubleQuote = "\"";

/// https://www.sqlite.org/lang_keywords.html and lang_comment.html. A doubled quote within quotes
/// ends one piece and begins the next, which comes to the same for all but names.
constexpr std::array kEnclosures = {Enclosure{"'", "'"},   Enclosure{kDoubleQuote, kDoubleQuote},
                                    Enclosure{"`", "`"},   Enclosure{"[", "]"},
                                    Enclosure{"--", "\n"}, Enclosure{"/*", "*/"}};

const Enclosure* EnclosureAt(std::string_view rest) {
  const auto* found = std::ranges::find_if(
      kEnclosures, [&](const Enclosure& kind) { return rest.starts_with(kind.begin); });
  return found == kEnclosures.end() ? nullptr : found;
}

/// Length of the piece that `rest` begins with; one without an end takes all that is left.
size_t EnclosedLength(std::string_view rest, const Enclosure& kind) {
  const size_t end = rest.find(kind.end, kind.begin.size());
  return end == std::string_view::npos ? rest.size() : end + kind.end.size();
}

/// Length of the name in double quotes that `rest` begins with, doubled quotes within; 0: it has no
/// end.
size_t QuotedNameLength(std::string_view rest) {
  size_t end = 1;
  while (true) {
    end = rest.find('"', end);
    if (end == std::string_view::npos) return 0;
    if (!rest.substr(end + 1).starts_with('"')) return end + 1;
    end += 2;
  }
}

/// `quoted`, a name in double quotes, in backticks.
std::string InBackticks(std::string_view quoted) {
  std::string name = "`";
  for (size_t i = 1; i + 1 < quoted.size(); ++i) {
    const char c = quoted[i];
    if (c == '`') name += c;
    if (c == '"') ++i;  // Doubled.
    name += c;
  }
  return name + "`";
}

}  // namespace

std::string NamesInBackticks(std::string_view sql) {
  std::string out;
  while (!sql.empty()) {
    size_t length = 1;
    const Enclosure* kind = EnclosureAt(sql);
    const bool is_name = kind != nullptr && kind->begin == kDoubleQuote;
    if (is_name) {
      length = QuotedNameLength(sql);
      if (length == 0) return out + std::string(sql);
      out += InBackticks(sql.substr(0, length));
    } else {
      if (kind != nullptr) length = EnclosedLength(sql, *kind);
      out += sql.substr(0, length);
    }
    sql.remove_prefix(length);
  }
  return out;
}

arrow::Status CheckQuotedNames(SqliteDatabase& database, std::string_view sql) {
  const auto statement = database.Prepare(NamesInBackticks(sql));
  if (statement.ok()) return arrow::Status::OK();
  return statement.status().WithMessage(
      statement.status().message(),
      "; what stands in double quotes is a name, a text stands in single quotes");
}

}  // namespace headrace::sqlite
