#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace headrace {

/// Keys and values as `key=value&…`, percent-encoded: a query, or a body of
/// `application/x-www-form-urlencoded`. Values that are empty are left out.
std::string EncodeForm(
    std::initializer_list<std::pair<std::string_view, std::string_view>> keys_and_values);

/// The host of an absolute URL, without brackets, user or port; empty where it has none.
std::string HostOf(std::string_view url);

/// Whether `host` is this machine by its very name: `localhost`, `127.x.x.x`, `::1`. Names that
/// only resolve to it are not, for that can change.
bool IsLoopback(std::string_view host);

/// `url` without its query, fragment and user: what may be shown. Nothing of what is no URL is: it
/// may be anything.
std::string ShownUrl(std::string_view url);

}  // namespace headrace
