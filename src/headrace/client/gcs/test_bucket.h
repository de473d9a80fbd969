#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "headrace/client/google_api/rest.h"
#include "headrace/client/google_api/test_stand_in.h"
#include "headrace/client/http/curl_transport.h"

namespace headrace {

/// Makes a bucket that no other test has, on the server at `root`; its name.
inline std::string MakeTestBucket(const std::string& root) {
  const nlohmann::json bucket = {{"name", TestName()}};
  const GoogleRest rest(MakeCurlTransport(),
                        [](std::string_view what, const HttpResponse& response) {
                          return BugError(std::string(what) + ": " + response.body);
                        });
  const auto made = rest.Ask("bucket", "POST", root + "/storage/v1/b?project=test", &bucket, {});
  EXPECT_TRUE(made.ok()) << made.status();
  return bucket["name"];
}

}  // namespace headrace
