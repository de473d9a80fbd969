#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace headrace {

/// A part of a text, in bytes.
struct TextRange {
  size_t begin = 0;
  size_t size = 0;
};

/// The values of the parameters whose names end in `password`, in any case, of a URI
/// (`?password=…&`, the name perhaps percent-encoded: only `&` ends them) or of libpq's keyword
/// form
/// (`password = 'it\'s'`); in order, without overlaps.
/// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
std::vector<TextRange> PasswordParameters(std::string_view text);

/// The passwords of `text`: those of PasswordParameters and, of a URI that is right, the user's; in
/// order, without overlaps.
std::vector<TextRange> PasswordsIn(std::string_view text);

/// `text` without PasswordsIn, and with everything else. Two texts are the same by it where only
/// passwords differ.
std::string WithPasswordsRemoved(std::string_view text);

/// `text` with what may be a password as `***`: between the user's `:` and the last `@` of a URI,
/// PasswordParameters, and all behind a `password:` that lacks its blank. Errs towards hiding.
std::string WithoutPassword(std::string_view text);

}  // namespace headrace
