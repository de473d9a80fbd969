#include "headrace/destination/bigquery/publication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

CommitIntent IntentWith(std::string publication) {
  CommitIntent intent;
  intent.label = "public.t";
  intent.publication = std::move(publication);
  return intent;
}

Publication Full() {
  Publication publication{.project = "p",
                          .dataset = "d",
                          .table = "Größe \"t\"",
                          .location = "EU",
                          .attempt = 3,
                          .makes_dataset = true,
                          .makes_table = true};
  publication.configuration = {{"load", {{"sourceUris", {"gs://b/1"}}}}};
  publication.patch = {{"expirationTime", "1"}};
  publication.table_created = "77";
  publication.loaded = {.job_id = "id", .rows = 1'000'000'000'000, .bytes = 2, .slot_ms = 3};
  return publication;
}

TEST(PublicationTest, ComesBackAsItWas) {
  const Publication full = Full();
  const Publication read = PublicationOf(IntentWith(TextOf(full))).ValueOrDie();
  EXPECT_EQ(TextOf(read), TextOf(full));
  EXPECT_EQ(read.table, full.table);
  EXPECT_EQ(read.attempt, 3);
  EXPECT_TRUE(read.makes_dataset);
  EXPECT_EQ(read.configuration, full.configuration);
  EXPECT_EQ(read.patch, full.patch);
  EXPECT_EQ(read.table_created, "77");
  ASSERT_TRUE(read.loaded);
  EXPECT_EQ(read.loaded->rows, 1'000'000'000'000);
  const Publication empty = PublicationOf(IntentWith(TextOf(Publication()))).ValueOrDie();
  EXPECT_EQ(empty.configuration, nullptr);
  EXPECT_EQ(empty.patch, nullptr);
  EXPECT_EQ(empty.table_created, std::nullopt);
  EXPECT_FALSE(empty.loaded);
}

TEST(PublicationTest, OfAnotherVersionIsAnError) {
  Json json = Json::parse(TextOf(Full()));
  json["version"] = 2;
  const arrow::Status error = PublicationOf(IntentWith(json.dump())).status();
  EXPECT_EQ(ClassOf(error), ErrorClass::kPermanent);
  EXPECT_THAT(error.message(), HasSubstr("commit of table public.t to BigQuery"));
}

TEST(PublicationTest, DamageIsAnErrorAndNoCrash) {
  for (const char* text : {"", "{", "null", "[]", "1", "\"x\"", "{}", "\xff"}) {
    EXPECT_EQ(ClassOf(PublicationOf(IntentWith(text)).status()), ErrorClass::kPermanent) << text;
  }
  const Json wrong[] = {nullptr, 7, -1, 1e300, "x", true, Json::array({1}), {{"a", 1}}};
  const Json full = Json::parse(TextOf(Full()));
  const auto try_each = [&](const Json::json_pointer& place) {
    for (const Json& value : wrong) {
      Json damaged = full;
      damaged[place] = value;
      const auto read = PublicationOf(IntentWith(damaged.dump()));
      if (read.ok()) {
        EXPECT_FALSE(TextOf(*read).empty());
      } else {
        EXPECT_EQ(ClassOf(read.status()), ErrorClass::kPermanent);
      }
    }
  };
  for (const auto& [key, value] : full.items()) try_each(Json::json_pointer("/" + key));
  for (const auto& [key, value] : full["loaded"].items()) {
    try_each(Json::json_pointer("/loaded/" + key));
  }
  for (const char* key : {"project", "dataset", "table", "location", "attempt", "makes_dataset"}) {
    Json damaged = full;
    damaged.erase(key);
    EXPECT_FALSE(PublicationOf(IntentWith(damaged.dump())).ok()) << key;
  }
}

TEST(PublicationTest, WhatIsLoadedIsAnObject) {
  for (const char* key : {"configuration", "patch", "loaded"}) {
    for (const Json& value : {Json(1), Json("x"), Json::array()}) {
      Json damaged = Json::parse(TextOf(Full()));
      damaged[key] = value;
      EXPECT_FALSE(PublicationOf(IntentWith(damaged.dump())).ok()) << damaged[key];
    }
  }
}

}  // namespace
}  // namespace headrace
