#pragma once

#include <string>
#include <string_view>

namespace headrace {

/// `text` with every byte outside `[A-Za-z0-9_-]` as `%XX`.
std::string PercentEncode(std::string_view text);

/// `text` with each `%XX` as the byte that it stands for (RFC 3986, 2.1); what is no such triplet
/// stays as it is.
std::string PercentDecode(std::string_view text);

}  // namespace headrace
