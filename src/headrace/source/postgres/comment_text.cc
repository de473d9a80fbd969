#include "headrace/source/postgres/comment_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "headrace/model/utf8.h"

namespace headrace {
std::string CommentBytes(std::string_view comment) {
  return "pg_catalog.encode(pg_catalog.convert_to(coalesce(" + std::string(comment) +
         ", ''), CASE pg_catalog.getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII'"
         " ELSE 'UTF8' END), 'hex')";
}

arrow::Result<std::string> CommentText(std::string_view hex) {
  if (hex.size() % 2 != 0) return BugError("a comment with half a byte");
  std::string bytes;
  for (; !hex.empty(); hex.remove_prefix(2)) {
    uint8_t byte = 0;
    const std::string_view pair = hex.substr(0, 2);
    const auto [end, error] = std::from_chars(pair.data(), pair.data() + pair.size(), byte, 16);
    if (error != std::errc() || end != pair.data() + pair.size()) {
      return BugError("a comment that is not hexadecimal");
    }
    bytes += static_cast<char>(byte);
  }
  std::string text;
  for (std::string_view rest = bytes; !rest.empty();) {
    const size_t size = Utf8CharacterSize(rest);
    text += size == 0 ? kReplacementCharacter : rest.substr(0, size);
    rest.remove_prefix(std::max(size, size_t{1}));
  }
  return text;
}

}  // namespace headrace
