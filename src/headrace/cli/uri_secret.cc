#include "headrace/cli/uri_secret.h"

#include <algorithm>
#include <cctype>

#include "headrace/config/password_text.h"
#include "headrace/model/percent_coding.h"

namespace headrace {
namespace {

constexpr std::string_view kHidden = "***";
/// Delimiters of a URI, where a parser cuts a password that should have been percent-encoded.
constexpr std::string_view kDelimiters = ":/?#@&=[]";

/// What lies between the user's colon and the last `@`: with an unencoded `@` or `/` in the
/// password, all of it.
std::string_view UserInfoPassword(std::string_view uri) {
  const size_t scheme = uri.find("://");
  const size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const size_t at = uri.rfind('@');
  if (at == std::string_view::npos || at < begin) return {};
  const size_t colon = uri.find(':', begin);
  return colon < at ? uri.substr(colon + 1, at - colon - 1) : std::string_view();
}

void AddWithPieces(std::string_view secret, std::vector<std::string>& secrets) {
  secrets.emplace_back(secret);
  secrets.push_back(PercentDecode(secret));
  while (!secret.empty()) {
    const std::string_view piece = secret.substr(0, secret.find_first_of(kDelimiters));
    secret.remove_prefix(std::min(secret.size(), piece.size() + 1));
    secrets.emplace_back(piece);
  }
}

/// What the URI says openly: a password that equals the user's name is not given away by the name.
std::vector<std::string> OpenParts(std::string_view uri) {
  const size_t scheme = uri.find("://");
  std::string_view rest = scheme == std::string_view::npos ? uri : uri.substr(scheme + 3);
  std::vector<std::string> parts;
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    parts.push_back(PercentDecode(rest.substr(0, std::min(at, rest.find(':')))));
    rest.remove_prefix(at + 1);
  }
  rest = rest.substr(0, rest.find('?'));
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find_first_of(":/,"));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    parts.push_back(PercentDecode(part));
  }
  return parts;
}

/// Short texts occur in any sentence: they are hidden where they stand as in a URI or in quotes,
/// longer ones everywhere.
constexpr size_t kShortSecret = 4;

bool IsWordByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool IsQuoteOrDelimiter(char c) {
  return c == '"' || c == '\'' || kDelimiters.find(c) != std::string_view::npos;
}

/// True if the `size` bytes at `at` are a word of their own with a quote or a delimiter beside it.
bool StandsAsInUri(std::string_view text, size_t at, size_t size) {
  const char before = at == 0 ? ' ' : text[at - 1];
  const char behind = at + size == text.size() ? ' ' : text[at + size];
  if (IsWordByte(before) || IsWordByte(behind)) return false;
  return IsQuoteOrDelimiter(before) || IsQuoteOrDelimiter(behind);
}

/// Marks the bytes of `text` that belong to `secret`.
void MarkIn(std::string_view text, std::string_view secret, std::vector<bool>& marked) {
  for (size_t at = text.find(secret); at != std::string_view::npos;
       at = text.find(secret, at + 1)) {
    if (secret.size() < kShortSecret && !StandsAsInUri(text, at, secret.size())) continue;
    for (size_t i = at; i < at + secret.size(); ++i) marked[i] = true;
  }
}

}  // namespace

UriSecret::UriSecret(std::string_view uri) {
  AddWithPieces(UserInfoPassword(uri), secrets_);
  for (const TextRange& value : PasswordParameters(uri)) {
    AddWithPieces(uri.substr(value.begin, value.size), secrets_);
  }
  const std::vector<std::string> open = OpenParts(uri);
  std::erase_if(secrets_, [&open](const std::string& secret) {
    return secret.empty() || std::ranges::find(open, secret) != open.end();
  });
  std::ranges::sort(secrets_,
                    [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

std::string UriSecret::Hide(std::string_view text) const {
  // Nothing is looked for in what stands for a secret: it may look like one itself.
  std::vector<bool> marked(text.size());
  for (const std::string& secret : secrets_) MarkIn(text, secret, marked);
  std::string hidden;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = marked[i] && (i == 0 || !marked[i - 1]);
    if (begins) hidden += kHidden;
    if (!marked[i]) hidden += text[i];
  }
  return hidden;
}

arrow::Status UriSecret::Hide(const arrow::Status& status) const {
  return status.WithMessage(Hide(status.message()));
}

}  // namespace headrace
