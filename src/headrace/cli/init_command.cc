#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <system_error>
#include <utility>

#include "headrace/cli/command_rows.h"
#include "headrace/config/schema.h"
#include "headrace/observe/human.h"
#include "headrace/observe/shell_word.h"
#include "headrace/registry/builtin.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

constexpr std::string_view kDefaultFile = "job.yaml";
constexpr std::string_view kDefaultSource = "sqlite";
constexpr mode_t kFileMode = 0644;
constexpr mode_t kPermissions = 07777;

arrow::Status CannotWrite(const std::string& file, int error) {
  return UserError("cannot write " + file + ": " + std::strerror(error));
}

/// Writes `text` to `fd` and closes it. `file`: its name in errors.
arrow::Status WriteAll(int fd, std::string_view text, const std::string& file) {
  const ssize_t written = write(fd, text.data(), text.size());
  std::string why = written < 0 ? std::strerror(errno) : "the disk has no room for all of it";
  const bool whole = std::cmp_equal(written, text.size());
  if (close(fd) != 0 && whole) {
    why = std::strerror(errno);
  } else if (whole) {
    return arrow::Status::OK();
  }
  return PermanentError("cannot write " + file + ": " + why);
}

arrow::Status WriteNewFile(const std::string& file, std::string_view text) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_EXCL, kFileMode);
  if (fd < 0 && errno == EEXIST) {
    return UserError(file + " is there already; --force overwrites it");
  }
  if (fd < 0) return CannotWrite(file, errno);
  const arrow::Status written = WriteAll(fd, text, file);
  if (!written.ok()) (void)unlink(file.c_str());  // Half a job is none; the next try makes it anew.
  return written;
}

/// The old job stays until the new one is whole. What is no file, a pipe say, is written to.
arrow::Status Overwrite(const std::string& file, std::string_view text) {
  struct stat old{};
  if (stat(file.c_str(), &old) != 0) return WriteNewFile(file, text);
  if (!S_ISREG(old.st_mode)) {
    const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC);
    return fd < 0 ? CannotWrite(file, errno) : WriteAll(fd, text, file);
  }
  std::error_code error;
  const std::string target = std::filesystem::canonical(file, error).string();
  if (error) return CannotWrite(file, error.value());
  std::string beside = target + ".XXXXXX";
  const int fd = mkostemp(beside.data(), O_CLOEXEC);
  if (fd < 0) return CannotWrite(file, errno);
  (void)fchmod(fd, old.st_mode & kPermissions);
  arrow::Status written = WriteAll(fd, text, file);
  if (written.ok() && rename(beside.c_str(), target.c_str()) != 0) {
    written = CannotWrite(file, errno);
  }
  if (!written.ok()) (void)unlink(beside.c_str());
  return written;
}

arrow::Result<int> Init(CommandContext& context) {
  const std::string file = context.line.argument.value_or(std::string(kDefaultFile));
  const std::string source = context.line.source.value_or(std::string(kDefaultSource));
  ARROW_ASSIGN_OR_RAISE(const std::string text,
                        StarterJob(source, SourceOptions(), DestinationOptions()));
  ARROW_RETURN_NOT_OK(context.line.force ? Overwrite(file, text) : WriteNewFile(file, text));
  const std::string word = EscapeControls(ShellWord(file));
  context.out << "wrote " << EscapeControls(file)
              << "\n\nNext:\n  change source and tables in it\n  headrace check " << word
              << "    # can everything be reached, read and written?\n  headrace run " << word
              << "\n";
  return kExitDone;
}

}  // namespace

Command InitCommand() {
  return {
      .name = "init",
      .summary = "Write a commented starter job",
      .description =
          "The file runs as it is once its source and its tables are yours; every other key is "
          "there as a comment with its default.",
      .argument = {"FILE", "the file to write; default: job.yaml"},
      .options = {"source", "force"},
      .examples = {{"headrace init", "job.yaml of this folder, for a SQLite file"},
                   {"headrace init shop.yaml --source postgresql", "for a PostgreSQL server"}},
      .exits = {{kExitDone, "written"},
                {kExitFailed, "the disk is full, or the like"},
                {kExitUsage,
                 "the file is there already, cannot be written, or there is no such source"}},
      .json = {},
      .unprinted = "the file is written",
      .run = Init,
  };
}

}  // namespace headrace
