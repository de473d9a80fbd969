#include "headrace/config/secret_reference.h"

#include <algorithm>

namespace headrace {
namespace {

bool IsSame(TextRange left, TextRange right) {
  return left.begin == right.begin && left.size == right.size;
}

bool Overlap(TextRange left, TextRange right) {
  return left.begin < right.begin + right.size && right.begin < left.begin + left.size;
}

/// Behind the credentials: whether the reference is a whole host, port, database, name or value.
bool IsWholePart(std::string_view text, TextRange reference, std::string_view before) {
  constexpr std::string_view kAfter = "/:?&=,";
  const size_t end = reference.begin + reference.size;
  return before.find(text[reference.begin - 1]) != std::string_view::npos &&
         (end == text.size() || kAfter.find(text[end]) != std::string_view::npos);
}

bool MayNameInUri(std::string_view text, TextRange reference) {
  constexpr std::string_view kBeforeHost = "://";
  const size_t scheme = text.find(kBeforeHost);
  const size_t begin = scheme + kBeforeHost.size();
  if (scheme == std::string_view::npos || reference.begin < begin) return false;
  for (const TextRange password : PasswordParameters(text)) {
    if (Overlap(password, reference)) return IsSame(password, reference);
  }
  const size_t at = text.rfind('@');
  // Without an @ a `:` may stand before a password whose host was forgotten.
  if (at == std::string_view::npos || at < begin) return IsWholePart(text, reference, "/?&=,");
  if (reference.begin > at) return IsWholePart(text, reference, "@:/?&=,");
  const size_t user_end = std::min(text.find(':', begin), at);
  if (IsSame(reference, {begin, user_end - begin})) return true;
  return user_end < at && IsSame(reference, {user_end + 1, at - user_end - 1});
}

}  // namespace

bool MayNameReference(std::string_view text, TextRange reference, SecretForm form) {
  if (IsSame(reference, {0, text.size()})) return true;
  return form == SecretForm::kUri && MayNameInUri(text, reference);
}

}  // namespace headrace
