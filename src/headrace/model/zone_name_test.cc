#include "headrace/model/zone_name.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(ZoneName, NamesOfTheTimeZoneDatabaseAreNames) {
  for (const char* name : {"UTC", "Europe/Berlin", "America/Port-au-Prince", "Etc/GMT+5",
                           "etc/gmt-14", "EST5EDT", "W-SU", "GMT0"}) {
    EXPECT_TRUE(IsZoneName(name)) << name;
  }
}

TEST(ZoneName, UtcIsOneZoneUnderAllItsNames) {
  for (const char* name : {"UTC", "Etc/UTC", "etc/utc", "GMT", "Etc/Zulu", "Universal"}) {
    EXPECT_TRUE(AreOneZone(name, "Etc/UCT")) << name;
  }
  EXPECT_TRUE(AreOneZone("Europe/Berlin", "europe/berlin"));
  EXPECT_FALSE(AreOneZone("Etc/GMT+5", "UTC"));
  EXPECT_FALSE(AreOneZone("", "UTC"));
}

TEST(ZoneName, OffsetsAreNone) {
  for (const char* text : {"-05:00", "+02:00", "UTC-2", "GMT+2", "+2", "<+03>-3", "CET-1CEST",
                           "CET-1CEST,M3.5.0,M10.5.0/3", "Etc/UTC+2", "Etc/GMT+5-5"}) {
    EXPECT_FALSE(IsZoneName(text)) << text;
  }
}

}  // namespace
}  // namespace headrace
