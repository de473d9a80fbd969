#include "headrace/cli/error_text.h"

#include <array>
#include <nlohmann/json.hpp>

#include "headrace/observe/human.h"

namespace headrace {
namespace {

/// By ErrorClass.
constexpr std::array<std::string_view, 4> kNextSteps = {
    "", "this may pass: run the same command again",
    "this does not pass by itself: remove the cause, then run the same command again",
    "this is a bug in headrace: please report it, with what --log-level debug shows"};

/// In front of every message; the further lines of a message are indented as far.
constexpr std::string_view kPrefix = "headrace: ";

/// Messages may have several lines, one for each problem of a job file.
std::string PrefixedLines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    out += (out.empty() ? std::string(kPrefix) : "\n" + std::string(kPrefix.size(), ' ')) +
           PlainLines(line);
  }
  return out;
}

}  // namespace

std::string_view NextStep(const arrow::Status& error) {
  if (CodeOf(error) == kInterruptedCode) return "run the same command again";
  return kNextSteps.at(static_cast<size_t>(ClassOf(error)));
}

std::string FatalErrorText(const arrow::Status& error) {
  std::string text = PrefixedLines(error.message());
  if (const std::string_view next = NextStep(error); !next.empty()) {
    text += "\n  next: " + std::string(next);
  }
  return text;
}

nlohmann::ordered_json ErrorJson(const arrow::Status& error) {
  return {{"class", ErrorClassName(ClassOf(error))},
          {"code", CodeOf(error)},
          {"message", error.message()}};
}

}  // namespace headrace
