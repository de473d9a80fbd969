#include "headrace/config/secret_reference.h"

#include <gtest/gtest.h>

#include <string>

namespace headrace {
namespace {

/// Of the only reference in `text`.
bool MayName(std::string_view text, SecretForm form) {
  const size_t begin = text.find("${");
  const size_t end = text.find('}', begin) + 1;
  return MayNameReference(text, {begin, end - begin}, form);
}

TEST(SecretReferenceTest, OfAPasswordOnlyTheWhole) {
  EXPECT_TRUE(MayName("${PASSWORD}", SecretForm::kPassword));
  for (const char* text :
       {"pa${ss-word}1", "ab${cd}ef", "${cd}ef", "ab${cd}", "a://b:${cd}@c", "password=${cd}"}) {
    EXPECT_FALSE(MayName(text, SecretForm::kPassword)) << text;
  }
}

TEST(SecretReferenceTest, OfAUriWhatIsAWholePart) {
  for (const char* text :
       {"${URI}", "postgresql://etl:${PASSWORD}@db/shop", "postgresql://${NAME}:pa@db/shop",
        "postgresql://${NAME}@db/shop", "postgresql://etl:pa@${HOST}:5432/shop",
        "postgresql://etl:pa@db:${PORT}/shop", "postgresql://etl:pa@db/${DATABASE}",
        "postgresql://${HOST}/shop", "postgresql://db/shop?user=${NAME}&sslmode=require",
        "postgresql://db/shop?password=${PASSWORD}&sslmode=require"}) {
    EXPECT_TRUE(MayName(text, SecretForm::kUri)) << text;
  }
  for (const char* text :
       {"postgresql://etl:pa${ss}@db/shop", "postgresql://etl:${pa}ss@db/shop",
        "postgresql://etl:pa:${ss}@db/shop", "postgresql://etl:pa@${ss}@db/shop",
        "postgresql://etl:pa/${ss}@db/shop", "postgresql://etl:pa${ss}",
        "postgresql://etl:pa:${ss}", "postgresql://etl:${ss}", "postgresql://etl:a${b@c}d@db/shop",
        "postgresql://db/shop?password=pa/${ss}", "postgresql://db/shop?password=${pa}/ss",
        "host=db password=pa${ss}", "host=db password=${pa}", "etl:${ss}@db"}) {
    EXPECT_FALSE(MayName(text, SecretForm::kUri)) << text;
  }
}

}  // namespace
}  // namespace headrace
