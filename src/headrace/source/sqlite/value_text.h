#pragma once

#include <sqlite3.h>

#include <optional>
#include <string>
#include <string_view>

namespace headrace::sqlite {

/// The bytes of a TEXT value as UTF-8 (not checked) or of a BLOB; valid until the value is
/// converted or the row left.
std::string_view TextBytes(sqlite3_value* value);
std::string_view BlobBytes(sqlite3_value* value);

/// The text of an INTEGER or a REAL: fewest digits that read back equal, with a point or an
/// exponent, where SQLite prints only 15 digits.
std::string_view NumberText(sqlite3_value* value, std::string& scratch);

/// Every value but NULL as text: TEXT that is UTF-8 as it is, numbers by NumberText, the rest as
/// SQL's X'…' literal.
std::string_view AnyText(sqlite3_value* value, std::string& scratch);

bool IsUtf8Text(std::string_view text);

/// `value` for an error message: its class and a literal, shortened as ShortenedValue does.
std::string Render(sqlite3_value* value);

}  // namespace headrace::sqlite
