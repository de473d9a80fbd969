// A library for LD_PRELOAD: its process, and those that it forks, have the machine's time of day moved by what a file says, and follow
// as the file changes. What counts from no date, as CLOCK_MONOTONIC, goes on as it is.
//
//   MOVED_CLOCK  the file: one int64_t, microseconds; it is mapped

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t* moved_by;

__attribute__((constructor)) static void Prepare(void) {
  const char* file = getenv("MOVED_CLOCK");
  const int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
  void* mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*moved_by), PROT_READ, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) abort();  // A clock that stands where it is would pass for one that was moved.
  moved_by = mapped;
  close(fd);
}

static void Move(struct timespec* now) {
  const int64_t second = 1000000000;
  const int64_t moved = now->tv_sec * second + now->tv_nsec + (moved_by ? *moved_by : 0) * 1000;
  now->tv_sec = moved / second;
  now->tv_nsec = moved % second;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) Move(now);
  return result;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  struct timespec precise;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* now) {
  struct timespec precise;
  if (clock_gettime(CLOCK_REALTIME, &precise) != 0) return -1;
  if (now) *now = precise.tv_sec;
  return precise.tv_sec;
}
