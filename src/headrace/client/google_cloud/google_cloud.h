#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "headrace/client/bigquery/client.h"
#include "headrace/client/gcs/client.h"
#include "headrace/client/google_auth/default_credentials.h"
#include "headrace/client/http/http.h"
#include "headrace/client/http/retrying_transport.h"
#include "headrace/client/store/store.h"

namespace headrace {

struct GoogleCloudOptions {
  /// A credentials file; none: Application Default Credentials.
  std::optional<std::string> credentials_file = {};
  /// Where BigQuery is instead of its public address, as behind a Private Service Connect endpoint;
  /// none: there, or at BIGQUERY_EMULATOR_HOST.
  std::optional<std::string> bigquery_root = {};
};

/// Google's services as one identity reaches them: requests carry its tokens, are sent again by
/// each service's rules, and go to an emulator, without credentials, where the environment names
/// one (BIGQUERY_EMULATOR_HOST, STORAGE_EMULATOR_HOST). Thread-safe.
class GoogleCloud {
 public:
  /// Finds the identity, unless emulators need none, and asks nobody for a token yet. `base`
  /// carries what is sent: a CurlTransport.
  static arrow::Result<GoogleCloud> Open(const std::shared_ptr<HttpTransport>& base,
                                         const GoogleCloudOptions& options,
                                         const Environment& environment,
                                         const std::stop_token& stop, const RetryClock& clock = {});

  const BigQueryClient& bigquery() const { return *bigquery_; }
  const GcsClient& gcs() const { return *gcs_; }

  /// For OpenFileStore. Arrow renews the tokens of its own: those of a service account's key, or
  /// Application Default Credentials as far as GcsAccess says. Error of class user where a job's
  /// credentials file is of another kind, which Arrow takes from the environment alone.
  arrow::Result<StoreAccess> stores() const;

  /// Who we are, for people: `service account etl@shop.iam.gserviceaccount.com`.
  const std::string& who() const { return who_; }

 private:
  GoogleCloud() = default;

  std::shared_ptr<BigQueryClient> bigquery_;
  std::shared_ptr<GcsClient> gcs_;
  std::optional<std::string> storage_emulator_;
  std::optional<std::string> credentials_file_;
  std::string who_ = "nobody, to emulators";
};

}  // namespace headrace
