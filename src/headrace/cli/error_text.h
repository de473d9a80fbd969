#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// What a person can do about an error of this class, as a sentence; empty where the message itself
/// says it.
std::string_view NextStep(const arrow::Status& error);

/// `headrace: MESSAGE`, and the next step in a second line. Without Arrow's names of error codes,
/// safe for a terminal.
std::string FatalErrorText(const arrow::Status& error);

/// `{"class", "code", "message"}`.
nlohmann::ordered_json ErrorJson(const arrow::Status& error);

}  // namespace headrace
