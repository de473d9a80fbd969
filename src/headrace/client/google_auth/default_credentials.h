#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "headrace/client/google_auth/credentials.h"

namespace headrace {

/// The value of an environment variable; nothing where it is not set, or empty.
using Environment = std::function<std::optional<std::string>(const char* name)>;
Environment ProcessEnvironment();

/// The credentials that a file holds, of any kind (credential_kinds.h). Errors of class user name
/// the file.
arrow::Result<std::unique_ptr<Credentials>> ReadCredentialsFile(AuthContext context,
                                                                const std::string& path);

/// Application Default Credentials (AIP-4110): the file that GOOGLE_APPLICATION_CREDENTIALS names,
/// else the one that `gcloud auth application-default login` has written (in CLOUDSDK_CONFIG, or
/// ~/.config/gcloud), else the account of the machine, where a metadata server answers
/// (GCE_METADATA_HOST, or metadata.google.internal). Error of class user where there are none, with
/// what was looked at.
arrow::Result<std::unique_ptr<Credentials>> FindDefaultCredentials(const AuthContext& context,
                                                                   const Environment& environment,
                                                                   const std::stop_token& stop);

}  // namespace headrace
