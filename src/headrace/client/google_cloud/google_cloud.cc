#include "headrace/client/google_cloud/google_cloud.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "headrace/client/bigquery/endpoint.h"
#include "headrace/client/bigquery/error.h"
#include "headrace/client/google_auth/authorized_transport.h"
#include "headrace/client/google_auth/text_file.h"
#include "headrace/client/google_auth/token_cache.h"

namespace headrace {
namespace {

/// Requests that want a token are sent again themselves, for longer.
constexpr std::chrono::seconds kTokenDeadline{60};

/// One identity for all services.
struct Identity {
  std::shared_ptr<TokenCache> tokens;
  std::optional<std::string> quota_project;
};

arrow::Result<Identity> FindIdentity(const std::shared_ptr<HttpTransport>& base,
                                     const GoogleCloudOptions& options,
                                     const Environment& environment, const std::stop_token& stop,
                                     const RetryClock& clock) {
  RetryPolicy policy;
  policy.deadline = kTokenDeadline;
  const AuthContext context{.transport = MakeRetryingTransport(base, std::move(policy), clock)};
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Credentials> credentials,
                        options.credentials_file
                            ? ReadCredentialsFile(context, *options.credentials_file)
                            : FindDefaultCredentials(context, environment, stop));
  std::optional<std::string> quota_project = environment("GOOGLE_CLOUD_QUOTA_PROJECT");
  if (!quota_project) quota_project = credentials->quota_project();
  return Identity{.tokens = std::make_shared<TokenCache>(std::move(credentials)),
                  .quota_project = std::move(quota_project)};
}

/// With tokens, unless there is no identity; each attempt of a request has the token of its time.
std::shared_ptr<HttpTransport> TransportOf(const std::shared_ptr<HttpTransport>& base,
                                           const std::optional<Identity>& identity,
                                           bool (*is_transient)(const HttpResponse&),
                                           const RetryClock& clock) {
  std::shared_ptr<HttpTransport> transport = base;
  if (identity) {
    transport = MakeAuthorizedTransport(base, identity->tokens, identity->quota_project);
  }
  RetryPolicy policy;
  policy.is_transient = is_transient;
  return MakeRetryingTransport(std::move(transport), std::move(policy), clock);
}

}  // namespace

arrow::Result<GoogleCloud> GoogleCloud::Open(const std::shared_ptr<HttpTransport>& base,
                                             const GoogleCloudOptions& options,
                                             const Environment& environment,
                                             const std::stop_token& stop, const RetryClock& clock) {
  ARROW_ASSIGN_OR_RAISE(BigQueryEndpoint bigquery,
                        ResolveBigQueryEndpoint(environment("BIGQUERY_EMULATOR_HOST")));
  ARROW_ASSIGN_OR_RAISE(const GcsEndpoint gcs,
                        ResolveGcsEndpoint(environment("STORAGE_EMULATOR_HOST")));
  if (options.bigquery_root) bigquery = {.root = *options.bigquery_root};
  while (bigquery.root.ends_with('/')) bigquery.root.pop_back();
  std::optional<Identity> identity;
  if (!bigquery.is_emulator || !gcs.is_emulator) {
    ARROW_ASSIGN_OR_RAISE(identity, FindIdentity(base, options, environment, stop, clock));
  }
  // An emulator gets no token, whoever we are to the other service.
  const std::optional<Identity> nobody;
  GoogleCloud cloud;
  cloud.bigquery_ = std::make_shared<BigQueryClient>(
      TransportOf(base, bigquery.is_emulator ? nobody : identity, IsTransientBigQueryAnswer, clock),
      bigquery.root);
  cloud.gcs_ = std::make_shared<GcsClient>(
      TransportOf(base, gcs.is_emulator ? nobody : identity, IsTransientGcsAnswer, clock),
      gcs.root);
  if (gcs.is_emulator) cloud.storage_emulator_ = gcs.root;
  cloud.credentials_file_ = options.credentials_file;
  if (identity) cloud.who_ = identity->tokens->credentials().who();
  return cloud;
}

arrow::Result<StoreAccess> GoogleCloud::stores() const {
  if (storage_emulator_) return StoreAccess{.gcs = {.emulator = storage_emulator_}};
  if (!credentials_file_) return StoreAccess();
  ARROW_ASSIGN_OR_RAISE(std::string text, ReadTextFile(*credentials_file_));
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("type") || json["type"] != "service_account") {
    return UserError("the credentials file '" + *credentials_file_ +
                     "' is none of a service account: name it by GOOGLE_APPLICATION_CREDENTIALS "
                     "instead, for what is staged in gs://");
  }
  return StoreAccess{.gcs = {.service_account = std::move(text)}};
}

}  // namespace headrace
