#include "headrace/config/reference.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <utility>

#include "headrace/config/problems.h"

namespace headrace {
namespace {

constexpr size_t kMostFileBytes = size_t{1} << 20;
constexpr std::string_view kReferenceBegin = "${";
constexpr std::string_view kLiteralBegin = "$${";
constexpr std::string_view kFilePrefix = "file:";

bool IsVariableName(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_digit(c); });
}

std::string WithoutLastLineEnd(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

/// The value of what stands between `${` and `}`.
arrow::Result<std::string> Resolve(std::string_view inner, const Environment& environment,
                                   const std::filesystem::path& folder) {
  const std::string shown = "'${" + Shown(inner) + "}'";
  if (inner.starts_with(kFilePrefix)) {
    const std::filesystem::path path(inner.substr(kFilePrefix.size()));
    if (path.empty()) return UserError(shown + " names no file: write ${file:/path}");
    ARROW_ASSIGN_OR_RAISE(std::string content, environment.file(folder / path));
    return WithoutLastLineEnd(std::move(content));
  }
  if (!IsVariableName(inner)) {
    return UserError(shown +
                     " is no reference: write ${NAME} for an environment variable, ${file:/path} " +
                     "for a file, $${ for a literal ${");
  }
  auto value = environment.variable(std::string(inner));
  if (!value.has_value()) {
    return UserError("the environment variable " + std::string(inner) + " is not set");
  }
  return *std::move(value);
}

}  // namespace

arrow::Result<std::string> ReadSmallFile(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return UserError("cannot read " + path.string() + ": it is a directory");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string content(kMostFileBytes + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!file.eof() && file.gcount() == 0) {
    const char* why =
        errno == 0 ? "it cannot be read" : std::strerror(errno);  // NOLINT(concurrency-mt-unsafe)
    return UserError("cannot read " + path.string() + ": " + why);
  }
  if (std::cmp_greater(file.gcount(), kMostFileBytes)) {
    return UserError("cannot read " + path.string() + ": it is larger than 1 MiB");
  }
  content.resize(static_cast<size_t>(file.gcount()));
  return content;
}

Environment Environment::OfProcess() {
  const auto variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value =
        std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing of ours sets variables
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  return {.variable = variable, .file = ReadSmallFile};
}

Environment Remembered(const Environment& environment) {
  const auto variables = std::make_shared<std::map<std::string, std::optional<std::string>>>();
  const auto files =
      std::make_shared<std::map<std::filesystem::path, arrow::Result<std::string>>>();
  return {.variable =
              [environment, variables](const std::string& name) {
                auto known = variables->find(name);
                if (known == variables->end()) {
                  known = variables->emplace(name, environment.variable(name)).first;
                }
                return known->second;
              },
          .file =
              [environment, files](const std::filesystem::path& path) {
                auto known = files->find(path);
                if (known == files->end()) {
                  known = files->emplace(path, environment.file(path)).first;
                }
                return known->second;
              }};
}

bool HasReference(std::string_view text) {
  return text.find(kReferenceBegin) != std::string_view::npos;
}

bool HasFileReference(std::string_view text) {
  for (size_t at = text.find(kReferenceBegin); at != std::string_view::npos;
       at = text.find(kReferenceBegin, at + 1)) {
    const bool is_literal = at > 0 && text[at - 1] == '$';
    if (!is_literal && text.substr(at + kReferenceBegin.size()).starts_with(kFilePrefix)) {
      return true;
    }
  }
  return false;
}

arrow::Result<std::string> ExpandReferences(std::string_view text, const Environment& environment,
                                            const std::filesystem::path& folder) {
  std::string expanded;
  while (!text.empty()) {
    if (text.starts_with(kLiteralBegin)) {
      expanded += kReferenceBegin;
      text.remove_prefix(kLiteralBegin.size());
    } else if (text.starts_with(kReferenceBegin)) {
      const size_t end = text.find('}');
      if (end == std::string_view::npos) {
        return UserError("'${' without its '}': write $${ for a literal ${");
      }
      const std::string_view inner =
          text.substr(kReferenceBegin.size(), end - kReferenceBegin.size());
      ARROW_ASSIGN_OR_RAISE(const std::string value, Resolve(inner, environment, folder));
      expanded += value;
      text.remove_prefix(end + 1);
    } else {
      const size_t next = text.find('$', 1);
      expanded += text.substr(0, next);
      text.remove_prefix(std::min(next, text.size()));
    }
  }
  return expanded;
}

}  // namespace headrace
