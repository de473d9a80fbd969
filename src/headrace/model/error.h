#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <memory>
#include <string>
#include <string_view>

namespace headrace {

/// What a caller may do about an error. Every error that crosses an interface of headrace has one
/// class; retry, exit codes and reports ask the class, never the text.
enum class ErrorClass {
  kUser,  ///< The job, the command line or the rights are wrong: a person must change something.
  kTransient,  ///< The same call may succeed later (server restarting, connection cut, too many
               ///< clients).
  kPermanent,  ///< The same call will fail again, and not through the job text (disk full, value
               ///< too large).
  kBug,        ///< An invariant of headrace is broken; nothing was published.
};

/// The name as it appears in logs and JSON: "user", "transient", "permanent", "bug".
std::string_view ErrorClassName(ErrorClass error_class);

/// The class of an error and the foreign code it came from (SQLSTATE, errno name), attached to a
/// Status.
class ErrorDetail : public arrow::StatusDetail {
 public:
  ErrorDetail(ErrorClass error_class, std::string code);

  const char* type_id() const override;
  std::string ToString() const override;

  ErrorClass error_class() const { return class_; }
  const std::string& code() const { return code_; }

 private:
  ErrorClass class_;
  std::string code_;
};

/// Makes an error with a class. `message` names the place and, where there is one, the next step;
/// it carries no secret.
arrow::Status MakeError(ErrorClass error_class, std::string message, std::string code = {});

arrow::Status UserError(std::string message, std::string code = {});
arrow::Status TransientError(std::string message, std::string code = {});
arrow::Status PermanentError(std::string message, std::string code = {});
arrow::Status BugError(std::string message, std::string code = {});

/// The class of `status`, which must not be OK. Errors without a detail come from Arrow itself: I/O
/// errors and the like are permanent.
ErrorClass ClassOf(const arrow::Status& status);

/// The foreign code of `status`, or empty.
std::string_view CodeOf(const arrow::Status& status);

/// The same error with "`context`: " in front of its message; class and code are kept.
arrow::Status WithContext(const arrow::Status& status, std::string_view context);

/// Code of the error that a stopped operation returns (class transient): the run was interrupted,
/// nothing is wrong.
inline constexpr std::string_view kInterruptedCode = "interrupted";

/// That error.
arrow::Status InterruptedError();

/// Code of the error that a read returns when its snapshot is gone (class transient): the table
/// needs a new epoch.
inline constexpr std::string_view kSnapshotLostCode = "snapshot_lost";

/// The same where it is gone for one table only (class transient): the session, and what it reads
/// of others, are as good as before.
inline constexpr std::string_view kTableLostCode = "table_lost";

/// Code of the error of a session that is to be, while the snapshot has no owner and another
/// session is about to give it one (class transient): it is worth waiting for.
inline constexpr std::string_view kSnapshotWaitsCode = "snapshot_waits";

/// Whether `status` is of kSnapshotLostCode or kTableLostCode.
bool NeedsNewSnapshot(const arrow::Status& status);

/// Code of the error that says the server has no room for another session (class transient): use
/// fewer workers.
inline constexpr std::string_view kPushBackCode = "push_back";

}  // namespace headrace
