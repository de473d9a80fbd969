#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <utility>

#include "headrace/cli/command_rows.h"
#include "headrace/client/store/durable_fs.h"
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

arrow::Status WriteNewFile(const std::string& file, std::string_view text) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_EXCL, kFileMode);
  if (fd < 0 && errno == EEXIST) {
    return UserError(file + " is there already; --force overwrites it");
  }
  if (fd < 0) return UserError("cannot write " + file + ": " + std::strerror(errno));
  const ssize_t written = write(fd, text.data(), text.size());
  std::string why = written < 0 ? std::strerror(errno) : "the disk has no room for all of it";
  const bool closed = close(fd) == 0;
  if (closed && std::cmp_equal(written, text.size())) return arrow::Status::OK();
  if (std::cmp_equal(written, text.size())) why = std::strerror(errno);
  (void)unlink(file.c_str());  // Half a job is none; the next try makes it anew.
  return PermanentError("cannot write " + file + ": " + why);
}

/// The old job stays until the new one is whole.
arrow::Status Overwrite(const std::string& file, std::string_view text) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(file, error);
  return MakeLocalFs()->WriteFile(error ? std::filesystem::path(file) : target, text);
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
