#pragma once

#include <string>
#include <string_view>

namespace headrace::sqlite {

/// Text as a database in UTF-16 stores it; SQLite does not check it.
struct Utf16Text {
  std::string_view bytes;
  bool big_endian = false;
};

/// Whether each surrogate has its other half, and no half of a unit is left over.
bool IsUtf16(const Utf16Text& text);

/// As UTF-8. Surrogates without their other half become three bytes each, as if they were
/// characters (WTF-8), and a byte that is left over stands behind 0xFF: of text that is no UTF-16
/// this is no UTF-8, and no two texts become the same.
std::string GeneralizedUtf8(const Utf16Text& text);

}  // namespace headrace::sqlite
