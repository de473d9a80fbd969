#include "headrace/config/problems.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace headrace {
namespace {

constexpr size_t kMostShownBytes = 60;
constexpr size_t kMostProblems = 100;  // More than anyone reads; keeps a file of garbage cheap.
constexpr std::string_view kHiddenPassword = "***";

/// Places of `--set` come after the last line.
std::tuple<int, int> FileOrder(const Location& location) {
  const int line = location.in_file() ? location.line : std::numeric_limits<int>::max();
  return {line, location.column};
}

/// Cuts `text` in front of the character that byte `size` belongs to.
std::string_view PrefixOfCharacters(std::string_view text, size_t size) {
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

/// Where the value of the first `password=`, in any case, at or behind `from` begins; npos if there
/// is none. Nothing may follow it.
size_t ParameterValue(std::string_view text, size_t from) {
  constexpr std::string_view kParameter = "password=";
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  const auto found = std::ranges::search(text.substr(from), kParameter, {}, lower);
  return found.empty() ? std::string_view::npos : static_cast<size_t>(found.end() - text.begin());
}

}  // namespace

void Problems::Add(const Location& location, std::string_view path, std::string_view message) {
  if (problems_.size() >= kMostProblems) {
    ++not_kept_;
    return;
  }
  std::string text = path.empty() ? std::string() : std::string(path) + ": ";
  text += message;
  const auto same = [&](const Problem& problem) {
    return problem.location == location && problem.text == text;
  };
  if (std::ranges::any_of(problems_, same)) return;
  problems_.push_back({location, std::move(text)});
}

arrow::Status Problems::ToStatus() const {
  if (problems_.empty()) return arrow::Status::OK();
  std::vector<Problem> sorted = problems_;
  std::ranges::stable_sort(sorted, [](const Problem& a, const Problem& b) {
    return FileOrder(a.location) < FileOrder(b.location);
  });
  std::string message;
  for (const Problem& problem : sorted) {
    if (!message.empty()) message += '\n';
    if (problem.location.in_file()) {
      message += file_ + ":" + std::to_string(problem.location.line) + ":" +
                 std::to_string(problem.location.column) + ": " + problem.text;
    } else {
      message += "--set " + problem.text;
    }
  }
  if (not_kept_ > 0) message += "\n… and " + std::to_string(not_kept_) + " more";
  return UserError(message);
}

std::string WithoutPassword(std::string_view text) {
  std::string hidden(text);
  if (const size_t scheme = hidden.find("://"); scheme != std::string::npos) {
    const size_t colon = hidden.find(':', scheme + 3);
    const size_t at = hidden.rfind('@');
    if (at != std::string::npos && colon < at) {
      hidden.replace(colon + 1, at - colon - 1, kHiddenPassword);
    }
  }
  for (size_t begin = ParameterValue(hidden, 0); begin != std::string::npos;) {
    const size_t end = std::min(hidden.find_first_of("& ", begin), hidden.size());
    hidden.replace(begin, end - begin, kHiddenPassword);
    begin = ParameterValue(hidden, begin);
  }
  return hidden;
}

std::string Shown(std::string_view text) {
  std::string shown = WithoutPassword(text);
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20U || c == 0x7F) c = ' ';
  }
  if (shown.size() <= kMostShownBytes) return shown;
  return std::string(PrefixOfCharacters(shown, kMostShownBytes)) + "…";
}

}  // namespace headrace
