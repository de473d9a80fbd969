#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// Base64 with the alphabet of URLs, without padding (RFC 4648, 5).
std::string Base64Url(std::string_view bytes);

/// `claims` as a JSON Web Token in compact form (RFC 7515, 3.1), signed by RS256 with the private
/// key of `pem`. `key_id` goes into its header; empty: none. Error of class user where `pem` is no
/// private key of RSA.
arrow::Result<std::string> SignJwt(const nlohmann::json& claims, std::string_view pem,
                                   std::string_view key_id);

}  // namespace headrace
