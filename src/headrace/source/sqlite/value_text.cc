#include "headrace/source/sqlite/value_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "headrace/model/utf8.h"
#include "headrace/source/sqlite/utf16.h"

namespace headrace::sqlite {
namespace {

std::string_view Viewed(const void* data, int size) {
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<size_t>(size)};
}

/// The standard library writes a whole number with all digits of its exact value, once that is
/// beyond 2^53 more than tell it from its neighbours: `digits` of as many, then zeros.
void ZeroSurplusDigits(double value, std::string& digits) {
  std::array<char, 32> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                     std::chars_format::scientific);
  size_t place = 0;
  for (const char* c = buffer.data(); c != written.ptr && *c != 'e'; ++c) {
    if (*c != '.') digits[place++] = *c;
  }
  std::fill(digits.begin() + static_cast<std::ptrdiff_t>(place), digits.end(), '0');
}

void WriteReal(double value, std::string& out) {
  if (std::isinf(value)) {
    out = value < 0 ? "-Inf" : "Inf";
    return;
  }
  std::array<char, 32> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  out.assign(buffer.data(), written.ptr);
  if (out.find_first_of(".e") != std::string::npos) return;
  ZeroSurplusDigits(value, out);
  out += ".0";
}

void WriteHexLiteral(std::string_view bytes, std::string& out) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  out = "X'";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  out += '\'';
}

bool IsAscii(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080U;
  uint64_t seen = 0;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    seen |= word;
  }
  for (; i < text.size(); ++i) seen |= static_cast<unsigned char>(text[i]);
  return (seen & kHighBits) == 0;
}

std::string_view ClassName(int storage_class) {
  static constexpr std::array<std::string_view, 6> kNames = {"",     "INTEGER", "REAL",
                                                             "TEXT", "BLOB",    "NULL"};
  return kNames.at(static_cast<size_t>(storage_class));
}

/// The bytes of a TEXT that is in UTF-16. No other function looks at them before SQLite changes
/// them.
Utf16Text StoredUtf16(sqlite3_value* value) {
  const void* bytes = sqlite3_value_blob(value);
  return {.bytes = Viewed(bytes, sqlite3_value_bytes16(value)),
          .big_endian = sqlite3_value_encoding(value) == SQLITE_UTF16BE};
}

/// Whether SQLite can make UTF-8 of a TEXT without changing it, or need not.
bool IsConvertible(sqlite3_value* value) {
  return sqlite3_value_encoding(value) == SQLITE_UTF8 || IsUtf16(StoredUtf16(value));
}

}  // namespace

std::optional<std::string_view> TextBytes(sqlite3_value* value) {
  if (!IsConvertible(value)) return std::nullopt;
  const auto* text = sqlite3_value_text(value);
  return Viewed(text, sqlite3_value_bytes(value));
}

std::string_view TextBytes(sqlite3_value* value, std::string& scratch) {
  if (const auto text = TextBytes(value)) return *text;
  scratch = GeneralizedUtf8(StoredUtf16(value));
  return scratch;
}

std::string_view TextToParse(sqlite3_value* value) {
  return TextBytes(value).value_or(std::string_view());
}

std::string_view BlobBytes(sqlite3_value* value) {
  const void* blob = sqlite3_value_blob(value);
  return Viewed(blob, sqlite3_value_bytes(value));
}

std::string_view NumberText(sqlite3_value* value, std::string& scratch) {
  if (sqlite3_value_type(value) == SQLITE_INTEGER) {
    scratch = std::to_string(sqlite3_value_int64(value));
  } else {
    WriteReal(sqlite3_value_double(value), scratch);
  }
  return scratch;
}

bool IsUtf8Text(std::string_view text) {
  if (IsAscii(text)) return true;
  return IsUtf8(text);
}

std::string_view BrokenEncoding(sqlite3_value* value) {
  if (sqlite3_value_type(value) != SQLITE_TEXT) return {};
  const auto text = TextBytes(value);
  if (!text) return "UTF-16";
  return IsUtf8Text(*text) ? "" : "UTF-8";
}

std::string_view AnyText(sqlite3_value* value, std::string& scratch) {
  const int storage = sqlite3_value_type(value);
  if (storage == SQLITE_INTEGER || storage == SQLITE_FLOAT) return NumberText(value, scratch);
  std::string bytes_scratch;
  const std::string_view bytes =
      storage == SQLITE_TEXT ? TextBytes(value, bytes_scratch) : BlobBytes(value);
  if (storage == SQLITE_TEXT && IsUtf8Text(bytes)) return bytes;
  WriteHexLiteral(bytes, scratch);
  return scratch;
}

std::string Render(sqlite3_value* value) {
  const int storage = sqlite3_value_type(value);
  std::string text(ClassName(storage));
  if (storage == SQLITE_NULL) return text;
  std::string scratch;
  const bool quoted = storage == SQLITE_TEXT && BrokenEncoding(value).empty();
  const std::string shown = ShortenedValue(AnyText(value, scratch));
  return text + (quoted ? " '" + shown + "'" : " " + shown);
}

}  // namespace headrace::sqlite
