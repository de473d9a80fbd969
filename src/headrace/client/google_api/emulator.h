#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// The root URL, without a slash at its end, of the emulator that the environment variable
/// `variable` has as `value`: `host:port`, or a URL, which some of Google's clients want there.
/// Nothing where it is not set. Error of class user unless that is on this machine: what is sent to
/// an emulator goes without credentials, and rows go nowhere else like that.
arrow::Result<std::optional<std::string>> ResolveEmulator(std::string_view variable,
                                                          const std::optional<std::string>& value);

}  // namespace headrace
