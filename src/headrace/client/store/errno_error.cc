#include "headrace/client/store/errno_error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace headrace {
namespace {

/// What one errno means for a person.
struct ErrnoRule {
  int error;
  std::string_view name;
  ErrorClass error_class;
  std::string_view next_step;
};

constexpr ErrnoRule kErrnoRules[] = {
    {ENOSPC, "ENOSPC", ErrorClass::kPermanent, "free space on that filesystem, then run again"},
    {EDQUOT, "EDQUOT", ErrorClass::kPermanent,
     "free space or raise the disk quota, then run again"},
    {EFBIG, "EFBIG", ErrorClass::kPermanent,
     "raise the limit on file sizes (ulimit -f) or lower target_file_size"},
    {EROFS, "EROFS", ErrorClass::kUser,
     "the filesystem is mounted read-only: remount it, or choose another path"},
    {EACCES, "EACCES", ErrorClass::kUser,
     "give this user read and write rights there, or choose another path"},
    {EPERM, "EPERM", ErrorClass::kUser,
     "give this user read and write rights there, or choose another path"},
    {ENOTDIR, "ENOTDIR", ErrorClass::kUser, "a part of the path is a file: choose another path"},
    {ENAMETOOLONG, "ENAMETOOLONG", ErrorClass::kUser,
     "choose a shorter path, table alias or run id"},
    {ELOOP, "ELOOP", ErrorClass::kUser,
     "a symbolic link leads back to itself: choose another path"},
    {EXDEV, "EXDEV", ErrorClass::kUser,
     "staging and path must lie on one filesystem: set destination.staging accordingly"},
    {ENOENT, "ENOENT", ErrorClass::kPermanent,
     "is its filesystem mounted, does a symbolic link on the way lead to nowhere?"},
    {EEXIST, "EEXIST", ErrorClass::kPermanent, ""},
    {ENOTEMPTY, "EEXIST", ErrorClass::kPermanent, ""},
    {EIO, "EIO", ErrorClass::kPermanent, "the device reports a failure: see the kernel's log"},
    {EMFILE, "EMFILE", ErrorClass::kPermanent, "raise the limit on open files (ulimit -n)"},
    {EBUSY, "EBUSY", ErrorClass::kTransient, ""},
    {EAGAIN, "EAGAIN", ErrorClass::kTransient, ""},
    {ENOMEM, "ENOMEM", ErrorClass::kTransient, ""},
    {ESTALE, "ESTALE", ErrorClass::kTransient, ""},
};

constexpr ErrnoRule kUnknownErrno = {0, "errno", ErrorClass::kPermanent, ""};

const ErrnoRule& RuleOf(int error) {
  for (const ErrnoRule& rule : kErrnoRules) {
    if (rule.error == error) return rule;
  }
  return kUnknownErrno;
}

}  // namespace

arrow::Status ErrnoError(int error, std::string_view verb, const std::filesystem::path& path) {
  const ErrnoRule& rule = RuleOf(error);
  std::string message = "cannot " + std::string(verb) + " " + path.string() + ": " +
                        std::generic_category().message(error);
  if (!rule.next_step.empty()) message += " (" + std::string(rule.next_step) + ")";
  std::string code = rule.error == 0 ? "errno " + std::to_string(error) : std::string(rule.name);
  return MakeError(rule.error_class, std::move(message), std::move(code));
}

bool IsWithoutLocks(int error) {
  // EBADF: locks of a server that wants a descriptor for writing, which no directory has.
  constexpr std::array kErrors = {EBADF, EINVAL, ENOLCK, ENOSYS, EOPNOTSUPP};
  return std::ranges::find(kErrors, error) != kErrors.end();
}

bool IsDenied(const arrow::Status& status) {
  const std::string_view code = CodeOf(status);
  return code == "EACCES" || code == "EPERM";
}

}  // namespace headrace
