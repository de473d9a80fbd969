#pragma once

#include <span>
#include <string>
#include <string_view>

#include "headrace/config/section.h"

namespace headrace {

/// Why `key` is wrong in `section`, and the nearest valid key: a likely slip, the section that it
/// belongs to, or all keys there are. `options` are all those of the section, `path` is its name in
/// messages; `job` is the section of the whole job.
std::string UnknownKeyMessage(std::string_view key, const Section& section,
                              std::span<const OptionSpec> options, std::string_view path,
                              const Section& job);

/// The known key that `text` begins with, perhaps misspelt, where the blank behind its colon is
/// missing: `password` of `password:secret` and of `password :secret`. Empty: there is none.
std::string_view KeyWithoutBlank(std::string_view text, const Section& section,
                                 std::span<const OptionSpec> options, std::string_view path,
                                 const Section& job);

/// Whether `key`, which is not known there, is known elsewhere or near to one that is.
bool IsLikeKnownKey(std::string_view key, const Section& section,
                    std::span<const OptionSpec> options, std::string_view path, const Section& job);

}  // namespace headrace
