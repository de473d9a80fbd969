#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "headrace/client/google_auth/credentials.h"

/// One function per kind of credentials, of those that a credentials file names by its `type`. Each
/// reads the keys of the file and asks nobody; errors are of class user and name the key.
namespace headrace {

/// `service_account`. Tokens are signed by its key and need no request (AIP-4111), unless
/// `token_uri` is not Google's: who names another endpoint wants it to be asked (RFC 7523).
arrow::Result<std::unique_ptr<Credentials>> ReadServiceAccount(AuthContext context,
                                                               const nlohmann::json& file);

/// `authorized_user`: what `gcloud auth application-default login` writes. A refresh token is
/// exchanged (RFC 6749, 6).
arrow::Result<std::unique_ptr<Credentials>> ReadAuthorizedUser(AuthContext context,
                                                               const nlohmann::json& file);

/// `impersonated_service_account`: tokens of another account, asked for by the `source_credentials`
/// of the file (IAM Credentials API, generateAccessToken).
arrow::Result<std::unique_ptr<Credentials>> ReadImpersonatedAccount(AuthContext context,
                                                                    const nlohmann::json& file);

/// `external_account`: workload identity federation, by a subject token in a file (AIP-4117,
/// RFC 8693). Tokens from a URL, an executable, a certificate or AWS are refused with a sentence.
arrow::Result<std::unique_ptr<Credentials>> ReadExternalAccount(AuthContext context,
                                                                const nlohmann::json& file);

/// Of any of the kinds above, by `type`.
arrow::Result<std::unique_ptr<Credentials>> ReadCredentials(AuthContext context,
                                                            const nlohmann::json& file);

/// The account of the machine that runs on Google's cloud, asked for at `host` (name and port):
/// https://cloud.google.com/compute/docs/metadata/overview.
std::unique_ptr<Credentials> MakeMetadataCredentials(AuthContext context, std::string host);

/// Whose tokens are asked for, and how.
struct ImpersonationTarget {
  std::string url;  ///< …/serviceAccounts/<account>:generateAccessToken
  std::vector<std::string> delegates = {};
  std::chrono::seconds lifetime{3600};
  std::optional<std::string> quota_project = {};
};

/// Credentials of another account, asked for with the tokens of `source`.
arrow::Result<std::unique_ptr<Credentials>> MakeImpersonation(AuthContext context,
                                                              std::unique_ptr<Credentials> source,
                                                              ImpersonationTarget target);

}  // namespace headrace
