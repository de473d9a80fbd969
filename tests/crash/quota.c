// A library for LD_PRELOAD that refuses its process what a disk quota would: bytes written to files below QUOTA_ROOT, from the one
// on that makes them more than QUOTA_BYTES. The kernel's own quotas take a filesystem made for them, and do not bind root.

#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static const char* root;
static long most;
static atomic_long written;

__attribute__((constructor)) static void Prepare(void) {
  const char* bytes = getenv("QUOTA_BYTES");
  root = getenv("QUOTA_ROOT");
  most = bytes ? atol(bytes) : 0;
}

static int IsBelowRoot(int fd) {
  char link[32], path[PATH_MAX];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const ssize_t length = root ? readlink(link, path, sizeof(path)) : -1;
  const size_t prefix = root ? strlen(root) : 0;
  return length > (ssize_t)prefix && strncmp(path, root, prefix) == 0 && path[prefix] == '/';
}

static int IsRefused(int fd, size_t size) {
  if (!IsBelowRoot(fd) || atomic_fetch_add(&written, (long)size) + (long)size <= most) return 0;
  errno = EDQUOT;
  return 1;
}

ssize_t write(int fd, const void* data, size_t size) { return IsRefused(fd, size) ? -1 : syscall(SYS_write, fd, data, size); }
ssize_t writev(int fd, const struct iovec* parts, int count) {
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  return IsRefused(fd, size) ? -1 : syscall(SYS_writev, fd, parts, count);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return IsRefused(fd, size) ? -1 : syscall(SYS_pwrite64, fd, data, size, offset);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) { return pwrite64(fd, data, size, offset); }
