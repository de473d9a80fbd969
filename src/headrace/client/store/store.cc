#include "headrace/client/store/store.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "headrace/client/store/errno_error.h"
#include "headrace/model/utf8.h"

namespace headrace {
namespace {

struct SchemeRule {
  std::string_view scheme;
  std::shared_ptr<DurableFs> (*make)();
};

constexpr SchemeRule kSchemes[] = {{"file", MakeLocalFs}};

constexpr std::string_view kSchemeEnd = "://";

arrow::Result<StoreLocation> Locate(const SchemeRule& rule, std::string_view path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  if (error) return ErrnoError(error.value(), "find", std::filesystem::path(path));
  std::filesystem::path resolved = std::filesystem::weakly_canonical(absolute, error);
  if (error) return ErrnoError(error.value(), "find", absolute);
  if (!resolved.has_filename()) resolved = resolved.parent_path();
  // Intents and records name it, and are JSON: it would not be found again by what they hold.
  if (!IsUtf8(resolved.string())) {
    return UserError(absolute.string() + " leads to " + resolved.string() +
                     ", and that path is not UTF-8: rename the folder, or choose another");
  }
  return StoreLocation{rule.make(), std::move(resolved)};
}

/// RFC 3986, 3.1. What is none may be the front of anything, a password say, and is not shown.
bool IsScheme(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto may_follow = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  };
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, may_follow);
}

arrow::Status NoStore(std::string_view scheme) {
  const std::string which = IsScheme(scheme) ? std::string(scheme) + "://" : "such a URL";
  return UserError("no store is built for " + which + " yet: give a local path");
}

}  // namespace

arrow::Result<StoreLocation> OpenStore(std::string_view location) {
  const size_t end = location.find(kSchemeEnd);
  if (end == std::string_view::npos) return Locate(kSchemes[0], location);
  const std::string_view scheme = location.substr(0, end);
  for (const SchemeRule& rule : kSchemes) {
    if (rule.scheme == scheme) return Locate(rule, location.substr(end + kSchemeEnd.size()));
  }
  return NoStore(scheme);
}

}  // namespace headrace
