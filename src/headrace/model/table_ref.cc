#include "headrace/model/table_ref.h"

#include <array>
#include <utility>
#include <vector>

namespace headrace {
namespace {

bool IsPlainInFileName(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

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

}  // namespace

std::string PercentEncode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsPlainInFileName(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
  }
  return out;
}

std::string TableRef::label() const {
  if (!alias.empty() && is_query()) return alias;
  return schema.empty() ? name : schema + "." + name;
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
