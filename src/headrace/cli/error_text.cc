#include "headrace/cli/error_text.h"

#include <array>

#include "headrace/observe/human.h"
#include "headrace/observe/text_wrap.h"

namespace headrace {
namespace {

/// By ErrorClass.
constexpr std::array<std::string_view, 4> kNextSteps = {
    "", "this may pass: run the same command again",
    "this does not pass by itself: remove the cause, then run the same command again",
    "this is a bug in headrace: please report it, with what --log-level debug shows"};

/// Errors of the user that say what is wrong, and not what to do: by the front of their code.
struct CodeStep {
  std::string_view code;
  std::string_view step;
};

/// SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
constexpr std::array kCodeSteps = {
    CodeStep{"28", "change user or password of the source, then run the same command again"},
    CodeStep{"3D", "change the database of the source, then run the same command again"},
    CodeStep{"42501",
             "give the role the rights (`headrace check` says which of them it finds missing), "
             "then run the same command again"}};

/// In front of every message; the further lines of a message are indented as far.
constexpr std::string_view kPrefix = "headrace: ";

}  // namespace

std::string_view NextStep(const arrow::Status& error) {
  if (CodeOf(error) == kInterruptedCode) return "run the same command again";
  if (ClassOf(error) == ErrorClass::kUser) {
    for (const CodeStep& known : kCodeSteps) {
      if (CodeOf(error).starts_with(known.code)) return known.step;
    }
  }
  return kNextSteps.at(static_cast<size_t>(ClassOf(error)));
}

std::string FatalErrorText(const arrow::Status& error, size_t width) {
  std::string text = IndentedText(PlainLines(error.message()), kPrefix.size(), width);
  text.replace(0, kPrefix.size(), kPrefix);
  if (const std::string_view next = NextStep(error); !next.empty()) {
    text += IndentedText("next: " + std::string(next), 2, width);
  }
  text.pop_back();
  return text;
}

}  // namespace headrace
