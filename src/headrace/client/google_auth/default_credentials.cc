#include "headrace/client/google_auth/default_credentials.h"

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "headrace/client/google_auth/credential_kinds.h"
#include "headrace/client/google_auth/text_file.h"
#include "headrace/model/json_object.h"
#include "headrace/model/wait_for.h"

namespace headrace {
namespace {

constexpr const char* kFileVariable = "GOOGLE_APPLICATION_CREDENTIALS";
constexpr const char* kMetadataHost = "metadata.google.internal";
constexpr std::string_view kFlavor = "metadata-flavor";

/// Where gcloud keeps the file, which need not be there; empty where there is no home.
std::filesystem::path GcloudFile(const Environment& environment) {
  constexpr const char* kName = "application_default_credentials.json";
  if (const auto folder = environment("CLOUDSDK_CONFIG")) {
    return std::filesystem::path(*folder) / kName;
  }
  const auto home = environment("HOME");
  if (!home) return {};
  return std::filesystem::path(*home) / ".config" / "gcloud" / kName;
}

bool IsThere(const std::filesystem::path& path) {
  std::error_code error;
  return !path.empty() && std::filesystem::exists(path, error);
}

/// A new pod's takes a while to answer
/// (https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity#limitations).
constexpr int kMetadataAttempts = 3;
constexpr std::chrono::milliseconds kMetadataPause{300};

/// Whether a metadata server answers at `host`: anybody may own a host of that name, so the answer
/// must say what it is. Elsewhere there is none, which must show soon.
arrow::Result<bool> IsMetadataServer(const AuthContext& context, const std::string& host,
                                     const std::stop_token& stop) {
  const HttpRequest request{.url = "http://" + host + "/",
                            .headers = {{.name = "Metadata-Flavor", .value = "Google"}},
                            .repeatable = false,
                            .past_proxies = true};
  for (int attempt = 1;; ++attempt) {
    const auto answer = context.transport->Send(request, stop);
    if (answer.ok()) return answer->Header(kFlavor) == "Google";
    if (attempt == kMetadataAttempts) return false;
    if (!WaitFor(kMetadataPause, stop)) return InterruptedError();
  }
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any.
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

arrow::Result<std::unique_ptr<Credentials>> ReadCredentialsFile(AuthContext context,
                                                                const std::string& path) {
  const auto text = ReadTextFile(path);
  if (!text.ok()) {
    return text.status().WithMessage("the credentials file " + text.status().message());
  }
  const std::string place = "the credentials file '" + path + "'";
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json json, ParseJson(*text, place, ErrorClass::kUser));
  auto credentials = ReadCredentials(std::move(context), json);
  if (!credentials.ok()) return WithContext(credentials.status(), place);
  return credentials;
}

arrow::Result<std::unique_ptr<Credentials>> FindDefaultCredentials(const AuthContext& context,
                                                                   const Environment& environment,
                                                                   const std::stop_token& stop) {
  if (const auto named = environment(kFileVariable)) {
    auto credentials = ReadCredentialsFile(context, *named);
    if (!credentials.ok()) return WithContext(credentials.status(), kFileVariable);
    return credentials;
  }
  const std::filesystem::path gcloud = GcloudFile(environment);
  if (IsThere(gcloud)) return ReadCredentialsFile(context, gcloud.string());
  const std::string host = environment("GCE_METADATA_HOST").value_or(kMetadataHost);
  ARROW_ASSIGN_OR_RAISE(const bool is_on_google, IsMetadataServer(context, host, stop));
  if (is_on_google) return MakeMetadataCredentials(context, host);
  return UserError("no credentials for Google Cloud: " + std::string(kFileVariable) +
                   " is not set, " + (gcloud.empty() ? "gcloud's file" : gcloud.string()) +
                   " is not there, and no metadata server answers at " + host +
                   "; `gcloud auth application-default login` makes some for a person, a key "
                   "file of a service account is named by " +
                   kFileVariable);
}

}  // namespace headrace
