#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/model/checksum.h"
#include "headrace/model/error.h"

namespace headrace {

/// Reads the keys of one JSON object into values, and remembers the first key that is missing or of
/// the wrong type; what is read after that does not matter. Keys that are never asked for are
/// ignored: newer writers may add some.
///
///   JsonObject object(json, "receipt", ErrorClass::kPermanent);
///   object.Read("rows", receipt.rows);
///   ARROW_RETURN_NOT_OK(object.status());
///
/// The JSON value must outlive it. Never throws.
class JsonObject {
 public:
  JsonObject(const nlohmann::json& json, std::string_view what, ErrorClass error_class);

  void Read(const char* key, std::string& value);
  void Read(const char* key, int& value);
  void Read(const char* key, int64_t& value);
  void Read(const char* key, uint32_t& value);
  void Read(const char* key, double& value);
  void Read(const char* key, bool& value);

  /// Null or a missing key gives no value.
  void Read(const char* key, std::optional<std::string>& value);
  void Read(const char* key, std::optional<int64_t>& value);
  void Read(const char* key, std::optional<uint32_t>& value);
  void Read(const char* key, std::optional<std::vector<std::string>>& value);

  /// The key `version`, which must be `expected`.
  void ReadVersion(int expected);

  /// The key `version`, which must lie within the two.
  int ReadVersion(int oldest, int newest);

  /// The keys `rows` and `checksum`: how many rows, and the hexadecimal form of their sum.
  void ReadChecksum(int64_t& rows, Checksum& checksum);

  /// The elements of an array; empty after an error.
  const std::vector<nlohmann::json>& ReadArray(const char* key);

  /// An object within; an empty one after an error.
  const nlohmann::json& ReadObject(const char* key);

  /// Reads each element of an array of objects with `read(element)`, an arrow::Result<T>.
  template <typename T, typename ReadElement>
  void ReadEach(const char* key, std::vector<T>& values, ReadElement read) {
    for (const nlohmann::json& element : ReadArray(key)) {
      auto value = read(element);
      if (!value.ok()) return Fail(value.status());
      values.push_back(std::move(*value));
    }
  }

  void Fail(const arrow::Status& status);
  const arrow::Status& status() const { return status_; }

 private:
  const nlohmann::json* Find(const char* key, bool required);
  void WrongType(const char* key, std::string_view expected);
  template <typename Integer>
  void ReadInteger(const char* key, const nlohmann::json& json, Integer& value);

  const nlohmann::json& json_;
  std::string what_;
  ErrorClass error_class_;
  arrow::Status status_;
};

/// No indentation and no line feeds.
inline constexpr int kOneLine = -1;

/// Parses JSON text. Errors say that it is none, and nothing of its content.
arrow::Result<nlohmann::json> ParseJson(std::string_view text, std::string_view what,
                                        ErrorClass error_class);

/// The text of `json`, on one line or, where `indent` is given, on many. All JSON of headrace but
/// that of rows (model/json_row.h) is written by this: bytes that are not UTF-8 become U+FFFD
/// instead of an exception.
std::string DumpJson(const nlohmann::json& json, int indent = kOneLine);
std::string DumpJson(const nlohmann::ordered_json& json, int indent = kOneLine);

}  // namespace headrace
