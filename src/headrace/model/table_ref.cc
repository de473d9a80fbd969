#include "headrace/model/table_ref.h"

#include <utility>
#include <vector>

#include "headrace/model/percent_coding.h"

namespace headrace {
namespace {

/// Splits at dots outside of double quotes; a doubled quote inside quotes is one quote.
std::vector<std::string> SplitQuoted(std::string_view text) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
      parts.back() += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == '.' && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// The inverse: what SplitQuoted would take for more than one plain part is quoted.
std::string QuotedIfOdd(const std::string& part) {
  if (part.find_first_of(".*\"") == std::string::npos) return part;
  std::string quoted = "\"";
  for (const char c : part) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

}  // namespace

std::string TableRef::label() const {
  if (!alias.empty() && is_query()) return alias;
  return schema.empty() ? QuotedIfOdd(name) : QuotedIfOdd(schema) + "." + QuotedIfOdd(name);
}

std::string TableRef::directory() const {
  if (!alias.empty()) return PercentEncode(alias);
  return schema.empty() ? PercentEncode(name) : PercentEncode(schema) + "." + PercentEncode(name);
}

TableRef ParseTableName(std::string_view text) {
  std::vector<std::string> parts = SplitQuoted(text);
  if (parts.size() == 1) {
    return {.schema = {}, .name = std::move(parts[0]), .query = {}, .alias = {}};
  }
  std::string name = std::move(parts[1]);
  for (size_t i = 2; i < parts.size(); ++i) name += "." + parts[i];
  return {.schema = std::move(parts[0]), .name = std::move(name), .query = {}, .alias = {}};
}

}  // namespace headrace
