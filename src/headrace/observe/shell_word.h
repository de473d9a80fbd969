#pragma once

#include <string>
#include <string_view>

namespace headrace {

/// `text` as one word of a POSIX shell's command line, in quotes where it needs them: for commands
/// that a message proposes.
std::string ShellWord(std::string_view text);

}  // namespace headrace
