#include "headrace/run/bare_semicolon.h"

namespace headrace {

bool HasBareSemicolon(std::string_view sql) {
  char quote = 0;
  for (const char c : sql) {
    if (quote != 0) {
      if (c == quote) quote = 0;  // One that is doubled begins the next text at once.
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == ';') {
      return true;
    }
  }
  return false;
}

}  // namespace headrace
