// Against the stand-in: that rows are listed as listed_value.h has it, by somebody else.

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "headrace/client/bigquery/client.h"
#include "headrace/client/google_api/test_stand_in.h"
#include "headrace/client/http/curl_transport.h"
#include "headrace/destination/bigquery/column_types.h"
#include "headrace/destination/bigquery/listed_rows.h"
#include "headrace/model/wait_for.h"

namespace headrace {
namespace {

using arrow::field;
using Json = nlohmann::json;

class StandInListedRows : public testing::Test {
 protected:
  StandInListedRows() {
    const auto made = client_.InsertDataset({.project = table_.project, .dataset = table_.dataset},
                                            {{"location", "US"}}, {});
    EXPECT_TRUE(made.ok()) << made.status();
  }

  /// Loads `rows`, a line of JSON for each, and waits until they are there.
  void Load(const Json& schema, const std::string& rows) const {
    const BigQueryJob job{.project = table_.project, .location = "US", .id = TestName()};
    const Json load = {{"load",
                        {{"sourceFormat", "NEWLINE_DELIMITED_JSON"},
                         {"schema", schema},
                         {"destinationTable",
                          {{"projectId", table_.project},
                           {"datasetId", table_.dataset},
                           {"tableId", table_.table}}}}}};
    const UploadContent content{
        .size = static_cast<int64_t>(rows.size()), .read = [&](int64_t at, int64_t size) {
          return std::string_view(rows).substr(static_cast<size_t>(at), static_cast<size_t>(size));
        }};
    ASSERT_TRUE(client_.UploadJob(job, load, content, {}).ok());
    Json status = Json::object();
    while (status.value("state", "") != "DONE") {
      status = client_.FindJob(job, {}).ValueOrDie().value()["status"];
      WaitFor(std::chrono::milliseconds(20), {});
    }
    ASSERT_FALSE(status.contains("errorResult")) << status;
  }

  const BigQueryTable table_{.project = "test", .dataset = TestName('_'), .table = "rows"};
  const BigQueryClient client_{MakeCurlTransport(), TestStandIn("bigquery")};
};

TEST_F(StandInListedRows, RowsComeBackInTheTypesThatTheyWereStagedIn) {
  const auto place = arrow::struct_({field("x", arrow::int32()), field("y", arrow::utf8())});
  const auto columns =
      ColumnsOf(*arrow::schema({field("id", arrow::int64()), field("flag", arrow::boolean()),
                                field("real", arrow::float64()), field("day", arrow::date32()),
                                field("time", arrow::time64(arrow::TimeUnit::MICRO)),
                                field("local", arrow::timestamp(arrow::TimeUnit::MICRO)),
                                field("moment", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
                                field("amount", arrow::decimal128(12, 2)),
                                field("text", arrow::utf8()), field("bytes", arrow::binary()),
                                field("tags", arrow::list(arrow::utf8())), field("place", place)}))
          .ValueOrDie()
          .columns;
  Load(SchemaJson(columns),
       R"({"id": 1, "flag": true, "real": 0.1, "day": "0001-01-01", "time": "23:59:59.999999", )"
       R"("local": "9999-12-31T23:59:59.999999", "moment": "1969-12-31T23:59:59.5Z", )"
       R"("amount": "-1.50", "text": "ä", "bytes": "Zm9v", "tags": ["a", "b"], )"
       R"("place": {"x": 1, "y": null}})"
       "\n"
       R"({"id": 2, "tags": []})"
       "\n");
  const auto table = client_.FindTable(table_, {}).ValueOrDie().value();
  const auto decoder = ListedRowsDecoder::Make(TableFieldsFromJson(table.at("schema")).ValueOrDie(),
                                               *StagedSchema(columns));
  ASSERT_TRUE(decoder.ok()) << decoder.status();
  const auto expected =
      arrow::json::ArrayFromJSONString(arrow::struct_(StagedSchema(columns)->fields()), R"([
          {"id": 1, "flag": true, "real": 0.1, "day": -719162, "time": 86399999999,
           "local": 253402300799999999, "moment": -500000, "amount": "-1.50", "text": "ä",
           "bytes": "foo", "tags": ["a", "b"], "place": {"x": 1, "y": null}},
          {"id": 2, "tags": []}])")
          .ValueOrDie();
  int64_t rows = 0;
  const auto compare = [&](const Json& page) {
    const auto batch = decoder->Decode(page);
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (!batch.ok()) return batch.status();
    const auto listed = (*batch)->ToStructArray().ValueOrDie();
    EXPECT_TRUE(listed->Equals(*expected->Slice(rows, listed->length()))) << listed->ToString();
    rows += listed->length();
    return arrow::Status::OK();
  };
  EXPECT_TRUE(client_.ListRows(table_, 1, compare, {}).ok());
  EXPECT_EQ(rows, 2);
}

}  // namespace
}  // namespace headrace
