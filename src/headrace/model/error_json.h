#pragma once

#include <nlohmann/json_fwd.hpp>

#include "headrace/model/error.h"

namespace headrace {

/// `{"class", "code", "message"}` of an error: its form in every document of headrace.
nlohmann::json ErrorJson(const arrow::Status& error);

}  // namespace headrace
