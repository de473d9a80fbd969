#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/config/password_text.h"
#include "headrace/model/error.h"

namespace headrace {

/// What `${…}` looks things up in: a seam for tests.
struct Environment {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  /// The whole content of a file.
  std::function<arrow::Result<std::string>(const std::filesystem::path& path)> file;

  /// The variables and files of this process, these as ReadSmallFile reads them.
  static Environment OfProcess(std::stop_token stop = {});
};

/// The same, asked once for each variable and file: a job means what it said when it was first
/// read, and a pipe can be read once only. Not thread-safe.
Environment Remembered(const Environment& environment);

/// Reads a file of at most 1 MiB, or a pipe to its end: that of a program which takes its time is
/// waited for, also before it has begun to write. Errors of class user say what the system says:
/// `cannot read PATH: No such file or directory`. kInterruptedCode, with what was waited for, soon
/// after `stop`.
arrow::Result<std::string> ReadSmallFile(const std::filesystem::path& path,
                                         const std::stop_token& stop = {});

/// Does `text` hold a reference, or a `$${` that stands for `${`?
bool HasReference(std::string_view text);

/// Where the references of `text` stand, `${` and `}` with them, in order; one without its `}` ends
/// the list.
std::vector<TextRange> ReferencesIn(std::string_view text);

/// Does `text` hold a `${file:…}`?
bool HasFileReference(std::string_view text);

/// Replaces `${NAME}` by the variable, `${file:PATH}` by the file without its last line end, and
/// `$${` by `${`. What comes in is not searched again. `folder` is where relative paths start.
/// Errors of class user name the reference, never a value; where `may_name` is given and refuses
/// the place of the reference in `text`, they do not name it either.
arrow::Result<std::string> ExpandReferences(
    std::string_view text, const Environment& environment, const std::filesystem::path& folder,
    const std::function<bool(TextRange reference)>& may_name = {});

}  // namespace headrace
