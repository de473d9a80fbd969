#include "headrace/source/postgres/comment_text.h"

#include <arrow/util/utf8.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace headrace {
namespace {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD
constexpr size_t kMostCharacterBytes = 4;

/// Bytes of the character that `bytes` begin with; 0: no UTF-8.
size_t SizeOfCharacter(std::string_view bytes) {
  for (size_t size = 1; size <= std::min(kMostCharacterBytes, bytes.size()); ++size) {
    if (arrow::util::ValidateUTF8(bytes.substr(0, size))) return size;
  }
  return 0;
}

}  // namespace

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
  arrow::util::InitializeUTF8();
  std::string text;
  for (std::string_view rest = bytes; !rest.empty();) {
    const size_t size = SizeOfCharacter(rest);
    text += size == 0 ? kReplacementCharacter : rest.substr(0, size);
    rest.remove_prefix(std::max(size, size_t{1}));
  }
  return text;
}

}  // namespace headrace
