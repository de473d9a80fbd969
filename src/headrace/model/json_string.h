#pragma once

#include <string>
#include <string_view>

namespace headrace {

/// Appends `text` as a JSON string with its quotes (RFC 8259, 7). Quotes, backslashes and
/// characters below U+0020 are escaped, all others are written as they are, so that the string is
/// one line of UTF-8. Each byte that belongs to no UTF-8 character becomes U+FFFD.
void AppendJsonString(std::string_view text, std::string& json);

}  // namespace headrace
