#pragma once

#include <string>
#include <string_view>

namespace headrace {

/// `text` as one word of a POSIX shell's command line, in quotes where it needs them: for commands
/// that a message proposes. Control characters, and what else would not be shown as it is, are in
/// `$'…'`, which bash, zsh, ksh and POSIX since 2024 have: EscapeControls leaves the word as it is.
std::string ShellWord(std::string_view text);

}  // namespace headrace
