#pragma once

#include <string_view>

#include "headrace/config/password_text.h"

namespace headrace {

/// The key, of every source, whose value is a URI.
inline constexpr std::string_view kUriKey = "uri";

/// What a value that is never shown is made of.
enum class SecretForm {
  kPassword,  ///< Of one secret.
  kUri,       ///< A URI, of which user, password and parameters are secrets each.
};

/// Whether an error may name the reference `${…}` that stands at `reference` of `text`: only where
/// it is all of a secret, or part of none. Else it may be a piece of a password that holds `${`.
/// Errs towards hiding.
bool MayNameReference(std::string_view text, TextRange reference, SecretForm form);

}  // namespace headrace
