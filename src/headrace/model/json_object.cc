#include "headrace/model/json_object.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

namespace headrace {
namespace {

template <typename Integer>
bool FitsInteger(const nlohmann::json& json) {
  if (json.is_number_unsigned()) return std::in_range<Integer>(json.get<uint64_t>());
  return json.is_number_integer() && std::in_range<Integer>(json.get<int64_t>());
}

}  // namespace

JsonObject::JsonObject(const nlohmann::json& json, std::string_view what, ErrorClass error_class)
    : json_(json), what_(what), error_class_(error_class) {
  if (!json.is_object()) Fail(MakeError(error_class, what_ + ": expected a JSON object"));
}

void JsonObject::Fail(const arrow::Status& status) {
  if (status_.ok()) status_ = status;
}

void JsonObject::WrongType(const char* key, std::string_view expected) {
  Fail(MakeError(error_class_, what_ + ": key \"" + key + "\": expected " + std::string(expected)));
}

const nlohmann::json* JsonObject::Find(const char* key, bool required) {
  if (!status_.ok()) return nullptr;
  const auto found = json_.find(key);
  if (found != json_.end() && (required || !found->is_null())) return &*found;
  if (required) Fail(MakeError(error_class_, what_ + ": key \"" + key + "\" is missing"));
  return nullptr;
}

template <typename Integer>
void JsonObject::ReadInteger(const char* key, const nlohmann::json& json, Integer& value) {
  if (!FitsInteger<Integer>(json)) {
    return WrongType(key, "an integer from " + std::to_string(std::numeric_limits<Integer>::min()) +
                              " to " + std::to_string(std::numeric_limits<Integer>::max()));
  }
  value = json.get<Integer>();
}

void JsonObject::Read(const char* key, int& value) {
  if (const auto* json = Find(key, true)) ReadInteger(key, *json, value);
}

void JsonObject::Read(const char* key, int64_t& value) {
  if (const auto* json = Find(key, true)) ReadInteger(key, *json, value);
}

void JsonObject::Read(const char* key, uint32_t& value) {
  if (const auto* json = Find(key, true)) ReadInteger(key, *json, value);
}

void JsonObject::Read(const char* key, std::optional<int64_t>& value) {
  if (const auto* json = Find(key, false)) ReadInteger(key, *json, value.emplace());
}

void JsonObject::Read(const char* key, std::optional<uint32_t>& value) {
  if (const auto* json = Find(key, false)) ReadInteger(key, *json, value.emplace());
}

void JsonObject::Read(const char* key, std::optional<std::vector<std::string>>& value) {
  const auto* json = Find(key, false);
  if (json == nullptr) return;
  value.emplace();
  for (const nlohmann::json& element : ReadArray(key)) {
    if (!element.is_string()) return WrongType(key, "an array of strings");
    value->push_back(element.get<std::string>());
  }
}

const nlohmann::json& JsonObject::ReadObject(const char* key) {
  static const nlohmann::json kNone = nlohmann::json::object();
  const auto* json = Find(key, true);
  if (json != nullptr && json->is_object()) return *json;
  if (json != nullptr) WrongType(key, "an object");
  return kNone;
}

void JsonObject::Read(const char* key, double& value) {
  const auto* json = Find(key, true);
  if (json == nullptr) return;
  if (!json->is_number()) return WrongType(key, "a number");
  value = json->get<double>();
}

void JsonObject::Read(const char* key, bool& value) {
  const auto* json = Find(key, true);
  if (json == nullptr) return;
  if (!json->is_boolean()) return WrongType(key, "true or false");
  value = json->get<bool>();
}

void JsonObject::Read(const char* key, std::string& value) {
  const auto* json = Find(key, true);
  if (json == nullptr) return;
  if (!json->is_string()) return WrongType(key, "a string");
  value = json->get<std::string>();
}

void JsonObject::Read(const char* key, std::optional<std::string>& value) {
  if (Find(key, false) != nullptr) Read(key, value.emplace());
}

void JsonObject::ReadVersion(int expected) { ReadVersion(expected, expected); }

int JsonObject::ReadVersion(int oldest, int newest) {
  int version = 0;
  Read("version", version);
  if (version >= oldest && version <= newest) return version;
  const std::string known =
      oldest == newest ? "version " + std::to_string(oldest)
                       : "versions " + std::to_string(oldest) + " to " + std::to_string(newest);
  Fail(MakeError(error_class_, what_ + ": key \"version\": this program reads " + known + ", not " +
                                   std::to_string(version)));
  return version;
}

void JsonObject::ReadChecksum(int64_t& rows, Checksum& checksum) {
  std::string hex;
  Read("rows", rows);
  Read("checksum", hex);
  if (!status_.ok()) return;
  const auto parsed = Checksum::FromHex(hex, rows);
  if (!parsed.ok()) return WrongType("checksum", "16 hexadecimal digits");
  checksum = *parsed;
}

const std::vector<nlohmann::json>& JsonObject::ReadArray(const char* key) {
  static const std::vector<nlohmann::json> kNone;
  const auto* json = Find(key, true);
  if (json == nullptr) return kNone;
  if (json->is_array()) return json->get_ref<const nlohmann::json::array_t&>();
  WrongType(key, "an array");
  return kNone;
}

arrow::Result<nlohmann::json> ParseJson(std::string_view text, std::string_view what,
                                        ErrorClass error_class) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return MakeError(error_class, std::string(what) + ": not JSON");
  return json;
}

std::string DumpJson(const nlohmann::json& json, int indent) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace);
}

std::string DumpJson(const nlohmann::ordered_json& json, int indent) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false,
                   nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace headrace
