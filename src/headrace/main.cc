#include <span>

#include "headrace/cli/cli.h"

int main(int argc, char** argv) {
  const std::span<char* const> words(argv, static_cast<size_t>(argc));
  return headrace::RunCli(words.subspan(words.empty() ? 0 : 1));
}
