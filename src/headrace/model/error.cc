#include "headrace/model/error.h"

#include <array>
#include <utility>

namespace headrace {
namespace {

constexpr const char* kErrorDetailTypeId = "headrace::ErrorDetail";

constexpr std::array<std::string_view, 4> kErrorClassNames = {"user", "transient", "permanent",
                                                              "bug"};

constexpr std::array<arrow::StatusCode, 4> kErrorClassCodes = {
    arrow::StatusCode::Invalid, arrow::StatusCode::IOError, arrow::StatusCode::IOError,
    arrow::StatusCode::UnknownError};

const ErrorDetail* DetailOf(const arrow::Status& status) {
  const auto& detail = status.detail();
  if (detail == nullptr || std::string_view(detail->type_id()) != kErrorDetailTypeId) {
    return nullptr;
  }
  return static_cast<const ErrorDetail*>(detail.get());
}

}  // namespace

std::string_view ErrorClassName(ErrorClass error_class) {
  return kErrorClassNames.at(static_cast<size_t>(error_class));
}

ErrorDetail::ErrorDetail(ErrorClass error_class, std::string code)
    : class_(error_class), code_(std::move(code)) {}

const char* ErrorDetail::type_id() const { return kErrorDetailTypeId; }

std::string ErrorDetail::ToString() const {
  const std::string text(ErrorClassName(class_));
  return code_.empty() ? text : text + " " + code_;
}

arrow::Status MakeError(ErrorClass error_class, std::string message, std::string code) {
  return {kErrorClassCodes.at(static_cast<size_t>(error_class)), std::move(message),
          std::make_shared<ErrorDetail>(error_class, std::move(code))};
}

arrow::Status UserError(std::string message, std::string code) {
  return MakeError(ErrorClass::kUser, std::move(message), std::move(code));
}
arrow::Status TransientError(std::string message, std::string code) {
  return MakeError(ErrorClass::kTransient, std::move(message), std::move(code));
}
arrow::Status PermanentError(std::string message, std::string code) {
  return MakeError(ErrorClass::kPermanent, std::move(message), std::move(code));
}
arrow::Status BugError(std::string message, std::string code) {
  return MakeError(ErrorClass::kBug, std::move(message), std::move(code));
}

bool NeedsNewSnapshot(const arrow::Status& status) {
  return CodeOf(status) == kSnapshotLostCode || CodeOf(status) == kTableLostCode;
}

arrow::Status InterruptedError() {
  return TransientError("interrupted", std::string(kInterruptedCode));
}

ErrorClass ClassOf(const arrow::Status& status) {
  const ErrorDetail* detail = DetailOf(status);
  return detail == nullptr ? ErrorClass::kPermanent : detail->error_class();
}

std::string_view CodeOf(const arrow::Status& status) {
  const ErrorDetail* detail = DetailOf(status);
  return detail == nullptr ? std::string_view() : std::string_view(detail->code());
}

arrow::Status WithContext(const arrow::Status& status, std::string_view context) {
  return status.WithMessage(std::string(context) + ": " + status.message());
}

}  // namespace headrace
