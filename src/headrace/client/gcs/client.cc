#include "headrace/client/gcs/client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "headrace/client/google_api/api_error.h"
#include "headrace/client/google_api/emulator.h"
#include "headrace/client/http/url.h"
#include "headrace/model/json_object.h"
#include "headrace/model/percent_coding.h"
#include "headrace/model/utc_time.h"
#include "headrace/model/xxh3.h"

namespace headrace {
namespace {

using nlohmann::json;

constexpr int kNotFound = 404;
constexpr int kPreconditionFailed = 412;

/// https://cloud.google.com/storage/docs/json_api/v1/status-codes. Its reasons say no more than the
/// statuses, but for this one, which may come with 403.
constexpr std::array kReasons = {ApiReason{"rateLimitExceeded", ErrorClass::kTransient}};

arrow::Status GcsError(std::string_view what, const HttpResponse& response) {
  return ApiError(what, response, kReasons);
}

/// A line that is not in `content` (RFC 2046, 5.1.1).
std::string BoundaryOf(std::string_view content) {
  std::string boundary = Xxh3Hex128(content);
  while (content.find(boundary) != std::string_view::npos) boundary = Xxh3Hex128(boundary);
  return boundary;
}

/// The text of an upload in one request: what the object is, and its content
/// (https://cloud.google.com/storage/docs/uploading-objects#uploading-an-object).
std::string MultipartOf(const json& resource, std::string_view content, std::string_view boundary) {
  const std::string line = "--" + std::string(boundary);
  return line + "\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n" + DumpJson(resource) +
         "\r\n" + line + "\r\nContent-Type: application/octet-stream\r\n\r\n" +
         std::string(content) + "\r\n" + line + "--\r\n";
}

/// Sizes come as text: they may be beyond what JSON's readers hold.
arrow::Result<GcsListedObject> ListedObjectOf(const json& item) {
  GcsListedObject listed;
  std::string size;
  std::string updated;
  JsonObject object(item, "an object of a listing", ErrorClass::kPermanent);
  object.Read("name", listed.name);
  object.Read("size", size);
  object.Read("updated", updated);
  ARROW_RETURN_NOT_OK(object.status());
  const auto [end, error] = std::from_chars(size.c_str(), size.c_str() + size.size(), listed.bytes);
  if (error != std::errc() || end != size.c_str() + size.size()) {
    return PermanentError("an object of a listing has the size '" + size + "'");
  }
  ARROW_ASSIGN_OR_RAISE(listed.updated_micros, MicrosOfUtcTime(updated));
  return listed;
}

arrow::Status Endless(const std::string& what) {
  return PermanentError(what + ": the service answers with the same page again and again");
}

}  // namespace

arrow::Result<GcsEndpoint> ResolveGcsEndpoint(const std::optional<std::string>& emulator_host) {
  ARROW_ASSIGN_OR_RAISE(std::optional<std::string> emulator,
                        ResolveEmulator("STORAGE_EMULATOR_HOST", emulator_host));
  if (!emulator) return GcsEndpoint();
  return GcsEndpoint{.root = *std::move(emulator), .is_emulator = true};
}

bool IsTransientGcsAnswer(const HttpResponse& response) {
  return IsTransientApiAnswer(response, kReasons);
}

GcsClient::GcsClient(std::shared_ptr<HttpTransport> transport, std::string root)
    : rest_(std::move(transport), GcsError), root_(std::move(root)) {}

std::string GcsClient::BucketPath(std::string_view bucket) const {
  return root_ + "/storage/v1/b/" + PercentEncode(bucket);
}

std::string GcsClient::ObjectPath(const GcsObject& object) const {
  return BucketPath(object.bucket) + "/o/" + PercentEncode(object.name);
}

arrow::Result<HttpResponse> GcsClient::Upload(const GcsObject& object, std::string_view content,
                                              std::string_view if_generation,
                                              const std::stop_token& stop) const {
  const std::string boundary = BoundaryOf(content);
  const std::string body = MultipartOf({{"name", object.name}}, content, boundary);
  const std::string query =
      EncodeForm({{"uploadType", "multipart"}, {"ifGenerationMatch", if_generation}});
  const HttpRequest request{
      .method = "POST",
      .url = root_ + "/upload/storage/v1/b/" + PercentEncode(object.bucket) + "/o?" + query,
      .headers = {{.name = "Content-Type", .value = "multipart/related; boundary=" + boundary}},
      .body = body};
  return rest_.transport().Send(request, stop);
}

arrow::Status GcsClient::Write(const GcsObject& object, std::string_view content,
                               const std::stop_token& stop) const {
  ARROW_ASSIGN_OR_RAISE(const HttpResponse answer, Upload(object, content, {}, stop));
  return answer.ok() ? arrow::Status::OK() : GcsError(object.uri(), answer);
}

arrow::Result<bool> GcsClient::WriteIfAbsent(const GcsObject& object, std::string_view content,
                                             const std::stop_token& stop) const {
  return UploadIf(object, content, "0", stop);
}

arrow::Result<bool> GcsClient::ReplaceVersion(const GcsObject& object, std::string_view content,
                                              const std::string& generation,
                                              const std::stop_token& stop) const {
  return UploadIf(object, content, generation, stop);
}

arrow::Result<bool> GcsClient::UploadIf(const GcsObject& object, std::string_view content,
                                        std::string_view if_generation,
                                        const std::stop_token& stop) const {
  ARROW_ASSIGN_OR_RAISE(const HttpResponse answer, Upload(object, content, if_generation, stop));
  if (answer.status == kPreconditionFailed) return false;
  if (!answer.ok()) return GcsError(object.uri(), answer);
  return true;
}

arrow::Result<std::optional<std::string>> GcsClient::Read(const GcsObject& object,
                                                          const std::stop_token& stop) const {
  ARROW_ASSIGN_OR_RAISE(auto version, ReadVersion(object, stop));
  if (!version) return std::nullopt;
  return std::move(version->content);
}

arrow::Result<std::optional<GcsVersion>> GcsClient::ReadVersion(const GcsObject& object,
                                                                const std::stop_token& stop) const {
  ARROW_ASSIGN_OR_RAISE(HttpResponse answer,
                        rest_.transport().Send({.url = ObjectPath(object) + "?alt=media"}, stop));
  if (answer.ok()) {
    std::string generation(answer.Header("x-goog-generation").value_or(""));
    // Nothing would be the condition of what is asked for with it.
    if (generation.empty()) {
      return PermanentError(object.uri() + " came without its generation");
    }
    return GcsVersion{.content = std::move(answer.body), .generation = std::move(generation)};
  }
  if (answer.status != kNotFound) return GcsError(object.uri(), answer);
  // Content comes without the service's form of an error: of a bucket that is not there, or of what
  // is no such service, this says the same. A listing tells.
  ARROW_ASSIGN_OR_RAISE(const auto listed, List(object.bucket, object.name, stop));
  if (std::ranges::find(listed, object.name, &GcsListedObject::name) == listed.end()) {
    return std::nullopt;
  }
  return TransientError(object.uri() + " is listed, and was not found");
}

arrow::Result<std::vector<GcsListedObject>> GcsClient::List(const std::string& bucket,
                                                            const std::string& prefix,
                                                            const std::stop_token& stop) const {
  const std::string what = "gs://" + bucket + "/" + prefix;
  std::vector<GcsListedObject> objects;
  std::optional<std::string> token;
  std::set<std::string> tokens;
  do {
    const std::string query = EncodeForm({{"prefix", prefix}, {"pageToken", token.value_or("")}});
    ARROW_ASSIGN_OR_RAISE(
        const json page, rest_.Ask(what, "GET", BucketPath(bucket) + "/o?" + query, nullptr, stop));
    JsonObject object(page, what, ErrorClass::kPermanent);
    token.reset();
    object.Read("nextPageToken", token);
    if (page.contains("items")) object.ReadEach("items", objects, ListedObjectOf);
    ARROW_RETURN_NOT_OK(object.status());
    if (token && !tokens.insert(*token).second) return Endless(what);
  } while (token && !token->empty());
  const auto is_below = [&](const GcsListedObject& listed) {
    return listed.name.starts_with(prefix);
  };
  if (std::ranges::all_of(objects, is_below)) return objects;
  return PermanentError(what + ": an object was listed that does not begin so");
}

arrow::Status GcsClient::Delete(const GcsObject& object, const std::stop_token& stop) const {
  ARROW_ASSIGN_OR_RAISE(
      const HttpResponse answer,
      rest_.transport().Send({.method = "DELETE", .url = ObjectPath(object)}, stop));
  if (answer.ok() || answer.status == kNotFound) return arrow::Status::OK();
  return GcsError(object.uri(), answer);
}

arrow::Result<bool> GcsClient::DeleteVersion(const GcsObject& object, const std::string& generation,
                                             const std::stop_token& stop) const {
  const std::string query = EncodeForm({{"ifGenerationMatch", generation}});
  ARROW_ASSIGN_OR_RAISE(
      const HttpResponse answer,
      rest_.transport().Send({.method = "DELETE", .url = ObjectPath(object) + "?" + query}, stop));
  if (answer.status == kPreconditionFailed) return false;
  if (!answer.ok() && answer.status != kNotFound) return GcsError(object.uri(), answer);
  return true;
}

arrow::Result<std::optional<json>> GcsClient::FindBucket(const std::string& bucket,
                                                         const std::stop_token& stop) const {
  ARROW_ASSIGN_OR_RAISE(const HttpResponse answer,
                        rest_.transport().Send({.url = BucketPath(bucket)}, stop));
  if (answer.status == kNotFound) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(json found, rest_.ObjectOf("bucket gs://" + bucket, answer));
  return std::optional(std::move(found));
}

}  // namespace headrace
