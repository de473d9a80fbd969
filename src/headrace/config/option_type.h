#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "headrace/config/option.h"
#include "headrace/model/error.h"

namespace headrace {

/// What the parser, the schema and the guide know of an OptionType.
struct OptionTypeInfo {
  OptionType type;
  std::string_view name;      ///< In the guide: `integer`.
  std::string_view expected;  ///< In messages: `an integer`.
  std::string_view pattern;   ///< ECMA 262 regular expression of the texts it accepts, without
                              ///< anchors; empty: see JsonSchema.
  bool is_text;  ///< Quotes make no difference; else a value in quotes is text, and not of this
                 ///< type.
};

const OptionTypeInfo& InfoOf(OptionType type);

/// Reads `text` as a value of `option`, whose type is not kStringList. Errors of class user say
/// what was expected and found; `shown` is how the value may be shown (as written, secrets
/// unresolved).
arrow::Result<OptionValues::Value> ParseOptionText(const OptionSpec& option, std::string_view text,
                                                   std::string_view shown);

/// What `option` expects: "an integer from 1 to 64", "one of a, b, c".
std::string ExpectedOf(const OptionSpec& option);

/// The values that a section has when nothing of it is written: for plug-ins made without a job
/// file.
arrow::Result<OptionValues> DefaultValues(std::span<const OptionSpec> options);

}  // namespace headrace
