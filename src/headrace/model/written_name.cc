#include "headrace/model/written_name.h"

#include <utility>

namespace headrace {

WrittenName SplitName(std::string_view text) {
  WrittenName name;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
      name.name.push_back({.byte = '"', .is_quoted = true});
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == '.' && !quoted && !name.schema.has_value()) {
      name.schema = std::exchange(name.name, {});
    } else {
      name.name.push_back({.byte = c, .is_quoted = quoted});
    }
  }
  return name;
}

std::string PlainName(const NameBytes& bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const NameByte& byte : bytes) text += byte.byte;
  return text;
}

}  // namespace headrace
