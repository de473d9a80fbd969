#pragma once

#include <span>

namespace headrace {

/// The program: `words` are the arguments without the program's name. Returns the exit code. Blocks
/// SIGINT and SIGTERM, ignores SIGPIPE, writes to the standard streams: once per process.
int RunCli(std::span<const char* const> words);

}  // namespace headrace
