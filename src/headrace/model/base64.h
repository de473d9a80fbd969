#pragma once

#include <string>
#include <string_view>

namespace headrace {

/// Appends `bytes` in base64: the standard alphabet, padded, in one line (RFC 4648, 4). Arrow's
/// base64_encode makes a string for each value.
void AppendBase64(std::string_view bytes, std::string& text);

}  // namespace headrace
