#include "headrace/model/error_json.h"

#include <nlohmann/json.hpp>

namespace headrace {

nlohmann::json ErrorJson(const arrow::Status& error) {
  return {{"class", ErrorClassName(ClassOf(error))},
          {"code", CodeOf(error)},
          {"message", error.message()}};
}

}  // namespace headrace
