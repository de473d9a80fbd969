#pragma once

#include <curl/curl.h>

#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// The error of a request that got no answer: `what` is method and place, `text` what libcurl says
/// beyond its code, and may be empty.
arrow::Status CurlError(CURLcode code, std::string_view what, std::string_view text);

}  // namespace headrace
