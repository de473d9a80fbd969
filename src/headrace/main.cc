#include <arrow/memory_pool.h>
#include <arrow/status.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "headrace/cli/cli.h"

namespace {

/// jemalloc gives memory back sooner than Arrow's first choice: a quarter less at the peak of a
/// run. Arrow reads the variable when it first allocates; one that is set wins.
void PreferJemalloc() {
  const auto backends = arrow::SupportedMemoryBackendNames();
  if (std::ranges::find(backends, std::string("jemalloc")) == backends.end()) return;
  setenv("ARROW_DEFAULT_MEMORY_POOL", "jemalloc", /*replace=*/0);  // NOLINT(concurrency-mt-unsafe)
}

/// Memory that is freed goes back to the system at once. Arrow's jemalloc keeps it for two seconds
/// and more, in which a fast run frees several times what it may hold at a time; what is wanted
/// again soon is kept by its owner (ColumnBuffer). JE_ARROW_MALLOC_CONF overrides it.
void KeepNoFreedMemory() {
  arrow::MemoryPool* const pool = arrow::default_memory_pool();
  if (pool->backend_name() != "jemalloc") return;
  if (getenv("JE_ARROW_MALLOC_CONF") != nullptr) return;  // NOLINT(concurrency-mt-unsafe)
  if (!arrow::jemalloc_set_decay_ms(0).ok()) return;
  // That holds for arenas that are yet to come. The one that is there goes to the first thread that
  // allocates: this one, which reads no rows.
  uint8_t* first = nullptr;
  if (pool->Allocate(1, &first).ok()) pool->Free(first, 1);
}

/// A standard descriptor that is closed would be given to the next file that is opened, and what is
/// printed would go there: it gets what reads and writes nothing instead.
void OpenStandardDescriptors() {
  while (true) {
    const int descriptor = open("/dev/null", O_RDWR);  // NOLINT(cppcoreguidelines-pro-type-vararg)
    if (descriptor < 0) return;
    if (descriptor > STDERR_FILENO) {
      close(descriptor);
      return;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  OpenStandardDescriptors();
  PreferJemalloc();
  KeepNoFreedMemory();
  const std::span<char* const> words(argv, static_cast<size_t>(argc));
  return headrace::RunCli(words.subspan(words.empty() ? 0 : 1));
}
