#include "headrace/client/store/store.h"

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

#include "headrace/client/store/errno_error.h"
#include "headrace/client/store/object_store.h"
#include "headrace/model/utf8.h"

namespace headrace {
namespace {

constexpr std::string_view kSchemeEnd = "://";

arrow::Result<StoreLocation> OpenLocal(std::string_view path) {
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
  return StoreLocation{MakeLocalFs(), std::move(resolved)};
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

/// `bucket/prefix`, without slashes at its ends, or an error: a `//` within is none that a load job
/// takes (https://cloud.google.com/bigquery/docs/cloud-storage-overview).
arrow::Result<std::string> BucketPath(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty() || path.starts_with('/') || path.find("//") != std::string_view::npos) {
    return UserError("expected gs://bucket/prefix, without // in it, found gs://" +
                     std::string(path));
  }
  return std::string(path);
}

arrow::Result<FileStoreLocation> OpenLocalFiles(std::string_view path,
                                                const StoreAccess& /*access*/) {
  ARROW_ASSIGN_OR_RAISE(StoreLocation location, OpenLocal(path));
  return FileStoreLocation{std::move(location.fs), std::move(location.path)};
}

arrow::Result<FileStoreLocation> OpenBucket(std::string_view path, const StoreAccess& access) {
  ARROW_ASSIGN_OR_RAISE(const std::string bucket_path, BucketPath(path));
  ARROW_ASSIGN_OR_RAISE(auto objects, OpenGcsFileSystem(access.gcs));
  return FileStoreLocation{MakeObjectStore(std::move(objects), "gs"), bucket_path};
}

/// Every store: S3 and Azure are a line each.
struct SchemeRule {
  std::string_view scheme;
  arrow::Result<FileStoreLocation> (*open)(std::string_view path, const StoreAccess& access);
};

constexpr std::string_view kLocalScheme = "file";
constexpr std::array kSchemes = {SchemeRule{kLocalScheme, OpenLocalFiles},
                                 SchemeRule{"gs", OpenBucket}};

struct SplitLocation {
  std::string_view scheme;
  std::string_view path;
};

SplitLocation Split(std::string_view location) {
  const size_t end = location.find(kSchemeEnd);
  if (end == std::string_view::npos) return {.scheme = kLocalScheme, .path = location};
  return {.scheme = location.substr(0, end), .path = location.substr(end + kSchemeEnd.size())};
}

}  // namespace

arrow::Result<StoreLocation> OpenStore(std::string_view location) {
  const SplitLocation split = Split(location);
  return split.scheme == kLocalScheme ? OpenLocal(split.path) : NoStore(split.scheme);
}

arrow::Result<FileStoreLocation> OpenFileStore(std::string_view location,
                                               const StoreAccess& access) {
  const SplitLocation split = Split(location);
  const auto* rule = std::ranges::find(kSchemes, split.scheme, &SchemeRule::scheme);
  return rule == kSchemes.end() ? NoStore(split.scheme) : rule->open(split.path, access);
}

}  // namespace headrace
