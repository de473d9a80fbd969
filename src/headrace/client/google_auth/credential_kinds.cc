#include "headrace/client/google_auth/credential_kinds.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "headrace/model/json_object.h"

namespace headrace {
namespace {

struct Kind {
  std::string_view type;
  arrow::Result<std::unique_ptr<Credentials>> (*read)(AuthContext, const nlohmann::json&);
};

constexpr std::array kKinds = {Kind{"service_account", ReadServiceAccount},
                               Kind{"authorized_user", ReadAuthorizedUser},
                               Kind{"impersonated_service_account", ReadImpersonatedAccount},
                               Kind{"external_account", ReadExternalAccount}};

}  // namespace

arrow::Result<std::unique_ptr<Credentials>> ReadCredentials(AuthContext context,
                                                            const nlohmann::json& file) {
  std::string type;
  JsonObject object(file, "the credentials", ErrorClass::kUser);
  object.Read("type", type);
  ARROW_RETURN_NOT_OK(object.status());
  const auto* kind = std::ranges::find(kKinds, type, &Kind::type);
  if (kind != kKinds.end()) return kind->read(std::move(context), file);
  std::string known;
  for (const Kind& each : kKinds) known += (known.empty() ? "" : ", ") + std::string(each.type);
  return UserError("key \"type\": expected one of " + known + ", found '" + type + "'");
}

}  // namespace headrace
