#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/client/google_api/rest.h"
#include "headrace/client/http/http.h"
#include "headrace/model/error.h"

namespace headrace {

/// Where the JSON API of Google Cloud Storage is.
struct GcsEndpoint {
  std::string root = "https://storage.googleapis.com";  ///< Without a slash at its end.
  bool is_emulator = false;  ///< On this machine: no credentials are sent there.
};

/// The service, or the emulator that STORAGE_EMULATOR_HOST names (ResolveEmulator).
arrow::Result<GcsEndpoint> ResolveGcsEndpoint(const std::optional<std::string>& emulator_host);

struct GcsObject {
  std::string bucket;
  std::string name;

  std::string uri() const { return "gs://" + bucket + "/" + name; }
};

struct GcsListedObject {
  std::string name;
  int64_t bytes = 0;
  int64_t updated_micros = 0;  ///< Since 1970, UTC: when it was written.
};

/// An object as it was at one moment: every write makes another generation.
struct GcsVersion {
  std::string content;
  std::string generation;
};

/// Small objects of Google Cloud Storage by its JSON API
/// (https://cloud.google.com/storage/docs/json_api/v1), for what Arrow's file system cannot: to
/// write one only if there is none, or only over the one that was read
/// (https://cloud.google.com/storage/docs/request-preconditions). Every call is one request, or one
/// per page; each may be repeated. Errors are classed by reason and status, as ApiError's.
/// Thread-safe.
class GcsClient {
 public:
  /// `root` is that of a GcsEndpoint.
  GcsClient(std::shared_ptr<HttpTransport> transport, std::string root);

  /// Writes the object, or replaces it: readers see the old content or the new.
  arrow::Status Write(const GcsObject& object, std::string_view content,
                      const std::stop_token& stop) const;

  /// Writes the object if there is none (`ifGenerationMatch=0`); false, and nothing done, where
  /// there is one. That may be our own, of a request whose answer was lost: its content tells.
  arrow::Result<bool> WriteIfAbsent(const GcsObject& object, std::string_view content,
                                    const std::stop_token& stop) const;

  /// The content, or nothing where the bucket has no such object: an error where there is no
  /// bucket.
  arrow::Result<std::optional<std::string>> Read(const GcsObject& object,
                                                 const std::stop_token& stop) const;

  /// Read with the generation, for ReplaceVersion and DeleteVersion.
  arrow::Result<std::optional<GcsVersion>> ReadVersion(const GcsObject& object,
                                                       const std::stop_token& stop) const;

  /// Replaces the object if it is of `generation` still (`ifGenerationMatch`); false, and nothing
  /// done, where it is another one by now, which may be our own, as of WriteIfAbsent.
  arrow::Result<bool> ReplaceVersion(const GcsObject& object, std::string_view content,
                                     const std::string& generation,
                                     const std::stop_token& stop) const;

  /// Deletes the object if it is of `generation` still, or not there at all; false otherwise.
  arrow::Result<bool> DeleteVersion(const GcsObject& object, const std::string& generation,
                                    const std::stop_token& stop) const;

  /// Objects whose names begin with `prefix`, in the order of their names.
  arrow::Result<std::vector<GcsListedObject>> List(const std::string& bucket,
                                                   const std::string& prefix,
                                                   const std::stop_token& stop) const;

  /// OK also where there is none.
  arrow::Status Delete(const GcsObject& object, const std::stop_token& stop) const;

  /// The bucket's own resource (`location`, `lifecycle`, …), or nothing where there is none.
  arrow::Result<std::optional<nlohmann::json>> FindBucket(const std::string& bucket,
                                                          const std::stop_token& stop) const;

 private:
  std::string BucketPath(std::string_view bucket) const;
  std::string ObjectPath(const GcsObject& object) const;
  arrow::Result<bool> UploadIf(const GcsObject& object, std::string_view content,
                               std::string_view if_generation, const std::stop_token& stop) const;
  arrow::Result<HttpResponse> Upload(const GcsObject& object, std::string_view content,
                                     std::string_view if_generation,
                                     const std::stop_token& stop) const;

  const GoogleRest rest_;
  const std::string root_;
};

/// Whether the same request may be answered otherwise a little later, for RetryPolicy.
bool IsTransientGcsAnswer(const HttpResponse& response);

}  // namespace headrace
