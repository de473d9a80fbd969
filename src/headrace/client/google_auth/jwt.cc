#include "headrace/client/google_auth/jwt.h"

#include <arrow/util/base64.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "headrace/model/json_object.h"

namespace headrace {
namespace {

struct BioCloser {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct KeyCloser {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct DigestCloser {
  void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyCloser>;

/// Where OpenSSL would ask the terminal for the password of an encrypted key.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writes*/, void* /*user*/) { return -1; }

arrow::Result<Key> ReadKey(std::string_view pem) {
  const std::unique_ptr<BIO, BioCloser> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassword, nullptr));
  if (key == nullptr || EVP_PKEY_is_a(key.get(), "RSA") != 1) {
    return UserError("private_key is no RSA key in PEM form (-----BEGIN PRIVATE KEY-----)");
  }
  return key;
}

arrow::Result<std::string> Sign(std::string_view text, EVP_PKEY* key) {
  const std::unique_ptr<EVP_MD_CTX, DigestCloser> digest(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());  // NOLINT
  size_t size = 0;
  if (EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(digest.get(), nullptr, &size, bytes, text.size()) != 1) {
    return UserError("nothing can be signed with private_key");
  }
  std::string signature(size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(signature.data());  // NOLINT
  if (EVP_DigestSign(digest.get(), out, &size, bytes, text.size()) != 1) {
    return UserError("nothing can be signed with private_key");
  }
  signature.resize(size);
  return signature;
}

}  // namespace

std::string Base64Url(std::string_view bytes) {
  std::string text = arrow::util::base64_encode(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  text.erase(std::min(text.find('='), text.size()));
  return text;
}

arrow::Result<std::string> SignJwt(const nlohmann::json& claims, std::string_view pem,
                                   std::string_view key_id) {
  ARROW_ASSIGN_OR_RAISE(const Key key, ReadKey(pem));
  nlohmann::json header = {{"alg", "RS256"}, {"typ", "JWT"}};
  if (!key_id.empty()) header["kid"] = key_id;
  const std::string text = Base64Url(DumpJson(header)) + "." + Base64Url(DumpJson(claims));
  ARROW_ASSIGN_OR_RAISE(const std::string signature, Sign(text, key.get()));
  return text + "." + Base64Url(signature);
}

}  // namespace headrace
