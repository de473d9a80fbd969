#pragma once

#include <string_view>

namespace headrace {

/// Does `sql` hold a semicolon that is in no text or name in quotes? A look at quotes, not at SQL:
/// one in a comment counts as well, and so may one behind an escaped quote.
bool HasBareSemicolon(std::string_view sql);

}  // namespace headrace
