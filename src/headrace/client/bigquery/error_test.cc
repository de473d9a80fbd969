#include "headrace/client/bigquery/error.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace headrace {
namespace {

HttpResponse Answer(int status, std::string_view reason, std::string_view message = "Why") {
  const nlohmann::json body = {
      {"error",
       {{"code", status},
        {"message", message},
        {"errors", {{{"domain", "global"}, {"reason", reason}, {"message", message}}}}}}};
  return {.status = status, .body = body.dump()};
}

struct Case {
  HttpResponse answer;
  ErrorClass error_class;
  std::string_view code;
  std::string_view message;
  bool is_transient;
};

TEST(BigQueryErrors, AreClassedByTheirReasonElseByTheStatus) {
  const Case cases[] = {
      {Answer(404, "notFound", "Not found: Dataset p:d"), ErrorClass::kUser, "notFound",
       "what: Not found: Dataset p:d", false},
      {Answer(409, "duplicate"), ErrorClass::kUser, "duplicate", "what: Why", false},
      {Answer(403, "accessDenied"), ErrorClass::kUser, "accessDenied", "what: Why", false},
      {Answer(403, "rateLimitExceeded"), ErrorClass::kTransient, "rateLimitExceeded", "what: Why",
       true},
      {Answer(403, "quotaExceeded"), ErrorClass::kPermanent, "quotaExceeded", "what: Why", false},
      {Answer(400, "invalid"), ErrorClass::kUser, "invalid", "what: Why", false},
      {Answer(400, "tomorrowsReason"), ErrorClass::kUser, "tomorrowsReason", "what: Why", false},
      {Answer(503, "backendError"), ErrorClass::kTransient, "backendError", "what: Why", true},
      {Answer(503, "tomorrowsReason"), ErrorClass::kTransient, "tomorrowsReason", "what: Why",
       true},
      {{.status = 502, .body = "<html>"},
       ErrorClass::kTransient,
       "HTTP_502",
       "what: the answer was 502",
       true},
      {{.status = 407, .body = ""},
       ErrorClass::kUser,
       "HTTP_407",
       "what: the answer was 407",
       false},
      {{.status = 501, .body = "{}"},
       ErrorClass::kPermanent,
       "HTTP_501",
       "what: the answer was 501",
       false},
      {{.status = 403, .body = R"({"error": "text"})"},
       ErrorClass::kUser,
       "HTTP_403",
       "what: the answer was 403",
       false},
      {{.status = 403, .body = R"({"error": {"errors": [7], "message": "M"}})"},
       ErrorClass::kUser,
       "HTTP_403",
       "what: M",
       false},
      {{.status = 403, .body = R"({"error": {"errors": [], "message": 7}})"},
       ErrorClass::kUser,
       "HTTP_403",
       "what: the answer was 403",
       false},
      {{.status = 302, .body = "[]"},
       ErrorClass::kPermanent,
       "HTTP_302",
       "what: the answer was 302",
       false},
  };
  for (const Case& each : cases) {
    const arrow::Status error = BigQueryError("what", each.answer);
    EXPECT_EQ(ClassOf(error), each.error_class) << each.answer.body;
    EXPECT_EQ(CodeOf(error), each.code);
    EXPECT_EQ(error.message(), each.message);
    EXPECT_EQ(IsTransientBigQueryAnswer(each.answer), each.is_transient) << each.answer.body;
  }
  EXPECT_FALSE(IsTransientBigQueryAnswer({.status = 200}));
}

TEST(BigQueryErrors, OfAJobGoByTheirReasonAlone) {
  const arrow::Status backend =
      BigQueryError("job", {{"reason", "jobBackendError"}, {"message", "Again"}});
  EXPECT_EQ(ClassOf(backend), ErrorClass::kTransient);
  EXPECT_EQ(backend.message(), "job: Again");
  EXPECT_EQ(ClassOf(BigQueryError("job", nlohmann::json{{"reason", "x"}})), ErrorClass::kPermanent);
  EXPECT_EQ(ClassOf(BigQueryError("job", nlohmann::json())), ErrorClass::kPermanent);
}

}  // namespace
}  // namespace headrace
