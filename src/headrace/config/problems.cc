#include "headrace/config/problems.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "headrace/config/password_text.h"

namespace headrace {
namespace {

constexpr size_t kMostShownBytes = 60;
constexpr size_t kMostProblems = 100;  // More than anyone reads; keeps a file of garbage cheap.

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

std::string Shown(std::string_view text) {
  std::string shown = WithoutPassword(text);
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20U || c == 0x7F) c = ' ';
  }
  if (shown.size() <= kMostShownBytes) return shown;
  return std::string(PrefixOfCharacters(shown, kMostShownBytes)) + "…";
}

}  // namespace headrace
