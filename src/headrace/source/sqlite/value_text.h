#pragma once

#include <sqlite3.h>

#include <optional>
#include <string>
#include <string_view>

namespace headrace::sqlite {

/// A TEXT value as UTF-8, valid until the value is converted or the row left. Of a database in
/// UTF-8 the bytes that are stored, not checked. Nothing where a database in UTF-16 holds what is
/// none: SQLite itself would make other characters of it, without a word.
std::optional<std::string_view> TextBytes(sqlite3_value* value);

/// The same of every TEXT: what is no UTF-16 as GeneralizedUtf8, which is no UTF-8.
std::string_view TextBytes(sqlite3_value* value, std::string& scratch);

/// The same for who reads a number or a time from it: empty, which is neither, where it is none.
std::string_view TextToParse(sqlite3_value* value);

std::string_view BlobBytes(sqlite3_value* value);

/// The text of an INTEGER or a REAL: fewest digits that read back equal, with a point or an
/// exponent, where SQLite prints only 15 digits.
std::string_view NumberText(sqlite3_value* value, std::string& scratch);

/// Every value but NULL as text: TEXT that is UTF-8 as it is, numbers by NumberText, the rest as
/// SQL's X'…' literal.
std::string_view AnyText(sqlite3_value* value, std::string& scratch);

bool IsUtf8Text(std::string_view text);

/// `UTF-8` or `UTF-16` where a TEXT value is not what its database says that it is, else empty.
std::string_view BrokenEncoding(sqlite3_value* value);

/// `value` for an error message: its class and a literal, shortened as ShortenedValue does.
std::string Render(sqlite3_value* value);

}  // namespace headrace::sqlite
