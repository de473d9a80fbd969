#include <string>
#include <string_view>

#include "headrace/client/postgres/connection.h"

namespace headrace {
namespace {

std::string DoubleEach(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  out += quote;
  return out;
}

}  // namespace

std::string PgQuoteIdentifier(std::string_view name) { return DoubleEach(name, '"'); }

std::string PgQuoteLiteral(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return DoubleEach(text, '\'');
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') escaped += '\\';
    escaped += c;
  }
  return " E" + DoubleEach(escaped, '\'');
}

}  // namespace headrace
