#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

/// Reading answers of the service, whose keys are its own: what is not there, or of another type
/// than documented, is as if it were empty.
namespace headrace {

/// The text at a JSON pointer (RFC 6901), as `/status/state`.
std::string TextAt(const nlohmann::json& answer, const char* pointer);

/// The integer there, which the service writes as text.
int64_t IntegerAt(const nlohmann::json& answer, const char* pointer);

/// What is there, or null.
nlohmann::json ValueAt(const nlohmann::json& answer, const char* pointer);

}  // namespace headrace
