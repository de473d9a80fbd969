// A library for LD_PRELOAD that kills its process at the n-th system call of a kind: the crash tests' knife. The program under
// test knows nothing of it.
//
//   KILL_CALLS   durable: what makes files, names and their content lasting; all: reads and writes of sockets and files too
//   KILL_AT      the number of the call, counted from 1 over all threads; absent: never
//   KILL_WHEN    before (default) or after the call
//   KILL_SIGNAL  KILL (default), or STOP: the process stands still at the call until it gets SIGCONT
//   KILL_TRACE   a file that gets one line per counted call, written before the call is made
//   DISK_ROOT, DISK_RECORD   see disk_record.c
//
// SIGKILL cannot be caught: no destructor, no handler and no buffer of the process gets another turn.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "disk_record.h"

typedef long (*SystemCall)(long number, ...);

static atomic_long calls;
static long kill_at;
static int kill_after;
static int kill_signal = SIGKILL;
static int count_all;
static int trace = -1;

// Looked up at the first call: other libraries may make one before this one's constructor ran.
static SystemCall Real(void) {
  static _Atomic(SystemCall) real;
  SystemCall found = atomic_load(&real);
  if (!found) atomic_store(&real, found = (SystemCall)dlsym(RTLD_NEXT, "syscall"));
  return found;
}

__attribute__((constructor)) static void Prepare(void) {
  const char* at = getenv("KILL_AT");
  const char* when = getenv("KILL_WHEN");
  const char* signal_name = getenv("KILL_SIGNAL");
  const char* kind = getenv("KILL_CALLS");
  const char* file = getenv("KILL_TRACE");
  kill_at = at ? atol(at) : 0;
  kill_after = when && strcmp(when, "after") == 0;
  if (signal_name && strcmp(signal_name, "STOP") == 0) kill_signal = SIGSTOP;
  count_all = kind && strcmp(kind, "all") == 0;
  if (file) trace = (int)Real()(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  StartDiskRecord();
}

static void WriteTrace(long number, const char* name, const char* path) {
  char line[512];
  const int size = snprintf(line, sizeof(line), "%ld %s %s\n", number, name, path);
  if (size > 0) Real()(SYS_write, trace, line, (size_t)size < sizeof(line) ? (size_t)size : sizeof(line) - 1);
}

static void Die(void) { Real()(SYS_kill, getpid(), kill_signal); }

// Counts the call, makes it, and dies before or after it if it is the one. `path` is for the trace, `synced` the descriptor
// that a sync is for.
static long CountedSync(int synced, const char* name, const char* path, long number, long a, long b, long c, long d, long e, long f) {
  const long call = atomic_fetch_add(&calls, 1) + 1;
  if (trace >= 0) WriteTrace(call, name, path);
  if (call == kill_at && !kill_after) Die();
  BeforeDiskCall(synced);
  const long result = Real()(number, a, b, c, d, e, f);
  AfterDiskCall(synced, result);
  if (call == kill_at && kill_after) Die();
  return result;
}

static long Counted(const char* name, const char* path, long number, long a, long b, long c, long d, long e, long f) {
  return CountedSync(-1, name, path, number, a, b, c, d, e, f);
}

// The same for calls that count only with KILL_CALLS=all.
static long Transfer(const char* name, long number, long a, long b, long c, long d) {
  return count_all ? Counted(name, "", number, a, b, c, d, 0, 0) : Real()(number, a, b, c, d, 0L, 0L);
}

int fsync(int fd) { return (int)CountedSync(fd, "fsync", "", SYS_fsync, fd, 0, 0, 0, 0, 0); }
int fdatasync(int fd) { return (int)CountedSync(fd, "fdatasync", "", SYS_fdatasync, fd, 0, 0, 0, 0, 0); }
int syncfs(int fd) { return (int)Counted("syncfs", "", SYS_syncfs, fd, 0, 0, 0, 0, 0); }

int rename(const char* from, const char* to) {
  return (int)Counted("rename", to, SYS_rename, (long)from, (long)to, 0, 0, 0, 0);
}
int renameat(int from_fd, const char* from, int to_fd, const char* to) {
  return (int)Counted("renameat", to, SYS_renameat, from_fd, (long)from, to_fd, (long)to, 0, 0);
}
int renameat2(int from_fd, const char* from, int to_fd, const char* to, unsigned flags) {
  return (int)Counted("renameat2", to, SYS_renameat2, from_fd, (long)from, to_fd, (long)to, flags, 0);
}
int unlink(const char* path) { return (int)Counted("unlink", path, SYS_unlink, (long)path, 0, 0, 0, 0, 0); }
int unlinkat(int fd, const char* path, int flags) {
  return (int)Counted("unlinkat", path, SYS_unlinkat, fd, (long)path, flags, 0, 0, 0);
}
int rmdir(const char* path) { return (int)Counted("rmdir", path, SYS_rmdir, (long)path, 0, 0, 0, 0, 0); }
int mkdir(const char* path, mode_t mode) {
  return (int)Counted("mkdir", path, SYS_mkdir, (long)path, mode, 0, 0, 0, 0);
}
int mkdirat(int fd, const char* path, mode_t mode) {
  return (int)Counted("mkdirat", path, SYS_mkdirat, fd, (long)path, mode, 0, 0, 0);
}
int ftruncate64(int fd, off64_t size) { return (int)Counted("ftruncate", "", SYS_ftruncate, fd, size, 0, 0, 0, 0); }
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

// renameat2 has no wrapper in every C library: programs make it by number.
long syscall(long number, ...) {
  va_list arguments;
  va_start(arguments, number);
  long a[6];
  for (int i = 0; i < 6; ++i) a[i] = va_arg(arguments, long);
  va_end(arguments);
  if (number != SYS_renameat2) return Real()(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  return Counted("renameat2", (const char*)a[3], number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

ssize_t write(int fd, const void* data, size_t size) { return Transfer("write", SYS_write, fd, (long)data, (long)size, 0); }
ssize_t writev(int fd, const struct iovec* parts, int count) {
  return Transfer("writev", SYS_writev, fd, (long)parts, count, 0);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return Transfer("pwrite", SYS_pwrite64, fd, (long)data, (long)size, offset);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) { return pwrite64(fd, data, size, offset); }
ssize_t recv(int fd, void* data, size_t size, int flags) {
  // recv is recvfrom without an address.
  return count_all ? Counted("recv", "", SYS_recvfrom, fd, (long)data, (long)size, flags, 0, 0)
                   : Real()(SYS_recvfrom, fd, data, size, (long)flags, NULL, NULL);
}
