#include "headrace/destination/bigquery/answer.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace headrace {

using Json = nlohmann::json;

Json ValueAt(const Json& answer, const char* pointer) {
  const Json::json_pointer at(pointer);
  return answer.contains(at) ? answer.at(at) : Json();
}

std::string TextAt(const Json& answer, const char* pointer) {
  const Json value = ValueAt(answer, pointer);
  return value.is_string() ? value.get<std::string>() : std::string();
}

int64_t IntegerAt(const Json& answer, const char* pointer) {
  const Json value = ValueAt(answer, pointer);
  if (value.is_number_integer()) return value.get<int64_t>();
  const std::string text = value.is_string() ? value.get<std::string>() : std::string();
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace headrace
