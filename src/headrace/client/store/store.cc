#include "headrace/client/store/store.h"

#include <string>
#include <system_error>

#include "headrace/client/store/errno_error.h"

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
  return StoreLocation{rule.make(), std::move(resolved)};
}

}  // namespace

arrow::Result<StoreLocation> OpenStore(std::string_view location) {
  const size_t end = location.find(kSchemeEnd);
  if (end == std::string_view::npos) return Locate(kSchemes[0], location);
  const std::string_view scheme = location.substr(0, end);
  for (const SchemeRule& rule : kSchemes) {
    if (rule.scheme == scheme) return Locate(rule, location.substr(end + kSchemeEnd.size()));
  }
  return UserError("no store is built for " + std::string(scheme) + ":// yet: give a local path");
}

}  // namespace headrace
