// What a power cut would leave, recorded in the process that kill_at_call.c is loaded into: before each counted call the names
// below a folder, and with each sync what it made durable. harness/power_cut.py makes of it the disk as it would be.
//
//   DISK_ROOT    the folder that is recorded; one filesystem
//   DISK_RECORD  an empty folder outside of it. For the n-th call, 0 when the process starts, it gets
//     n.tree     a line for the root and each path below it: d (directory) or f, inode number, path relative to the root
//     n.bytes    the content of the file that call n syncs
//     n.synced   the inode number of what call n synced, once it has

#define _GNU_SOURCE
#include "disk_record.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { kMostInodes = 4096, kMostDescriptors = 8 };

static const char* root;
static const char* record;
static FILE* tree;
static long call;  // protected by order, as all below
static ino_t known[kMostInodes];
static size_t known_count;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

// A record with holes would prove nothing.
static void Fail(const char* what) {
  perror(what);
  abort();
}

static FILE* Create(const char* kind) {
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s/%ld.%s", record, call, kind);
  FILE* file = fopen(path, "we");
  if (!file) Fail(path);
  return file;
}

// An inode that is open is not removed, so that its number means the same until the end.
static void KeepInode(ino_t inode, const char* path) {
  for (size_t i = 0; i < known_count; ++i) {
    if (known[i] == inode) return;
  }
  if (open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC) < 0) {
    if (errno != ENOENT) Fail(path);
    return;  // It has gone since it was seen.
  }
  if (known_count == kMostInodes) abort();
  known[known_count++] = inode;
}

static int NoteEntry(const char* path, const struct stat* status, int type, struct FTW* unused) {
  (void)unused;
  if (type == FTW_NS) return 0;
  KeepInode(status->st_ino, path);
  fprintf(tree, "%c %ju %s\n", S_ISDIR(status->st_mode) ? 'd' : 'f', (uintmax_t)status->st_ino, path + strlen(root));
  return 0;
}

static void RecordTree(void) {
  tree = Create("tree");
  if (nftw(root, NoteEntry, kMostDescriptors, FTW_PHYS) != 0) Fail("nftw");
  fclose(tree);
}

// The descriptor that it reads from stays open: closing it would let go of the locks that SQLite has on the file.
static void RecordBytes(int fd) {
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  const int from = open(path, O_RDONLY | O_CLOEXEC);
  if (from < 0) Fail(path);
  FILE* to = Create("bytes");
  char block[1 << 16];
  ssize_t size;
  for (off_t at = 0; (size = pread(from, block, sizeof(block), at)) > 0; at += size) fwrite(block, 1, (size_t)size, to);
  if (size < 0) Fail("pread");
  fclose(to);
}

void StartDiskRecord(void) {
  root = getenv("DISK_ROOT");
  record = getenv("DISK_RECORD");
  if (root && record) RecordTree();
}

void BeforeDiskCall(int synced) {
  if (!root || !record) return;
  pthread_mutex_lock(&order);
  ++call;
  RecordTree();
  struct stat status;
  if (synced >= 0 && fstat(synced, &status) == 0 && S_ISREG(status.st_mode)) RecordBytes(synced);
}

void AfterDiskCall(int synced, long result) {
  if (!root || !record) return;
  const int error = errno;  // The caller's.
  struct stat status;
  if (synced >= 0 && result == 0 && fstat(synced, &status) == 0) {
    FILE* file = Create("synced");
    fprintf(file, "%ju", (uintmax_t)status.st_ino);
    fclose(file);
  }
  pthread_mutex_unlock(&order);
  errno = error;
}
