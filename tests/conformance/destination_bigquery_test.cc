#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "conformance/destination_suite.h"
#include "headrace/client/bigquery/client.h"
#include "headrace/client/gcs/client.h"
#include "headrace/client/gcs/test_bucket.h"
#include "headrace/client/google_api/test_stand_in.h"
#include "headrace/client/http/curl_transport.h"
#include "headrace/destination/bigquery/bigquery_destination.h"
#include "headrace/destination/bigquery/column_types.h"
#include "headrace/destination/bigquery/listed_rows.h"
#include "headrace/destination/bigquery/stored_types.h"
#include "headrace/destination/bigquery/table_name.h"

namespace headrace {
namespace {

constexpr const char* kProject = "test";
constexpr const char* kJob = "shop";

/// An empty dataset and a bucket on the stand-in servers.
class BigQueryPlace final : public DestinationPlace {
 public:
  BigQueryPlace()
      : bigquery_uri_(TestStandIn("bigquery")),
        gcs_uri_(TestStandIn("gcs")),
        client_(MakeCurlTransport(), bigquery_uri_),
        gcs_(MakeCurlTransport(), gcs_uri_),
        bucket_(MakeTestBucket(gcs_uri_)),
        dataset_(TestName('_')) {
    EXPECT_TRUE(client_.InsertDataset(Dataset(), {{"location", "US"}}, {}).ok());
  }

  std::unique_ptr<Destination> Open(std::chrono::seconds /*grace*/) override {
    OptionValues options;
    options.Set("project", kProject);
    options.Set("dataset", dataset_);
    options.Set("staging", "gs://" + bucket_ + "/stage");
    options.Set("target_file_size", int64_t{1} << 20);
    const Environment environment = [this](const char* name) -> std::optional<std::string> {
      const std::string_view wanted = name;
      if (wanted == "BIGQUERY_EMULATOR_HOST") return bigquery_uri_;
      if (wanted == "STORAGE_EMULATOR_HOST") return gcs_uri_;
      return std::nullopt;
    };
    return MakeBigQueryDestination(options, environment, {.job = kJob}).ValueOrDie();
  }

  std::vector<std::string> VisibleNames() override {
    const GoogleRest rest(MakeCurlTransport(),
                          [](std::string_view what, const HttpResponse& response) {
                            return BugError(std::string(what) + ": " + response.body);
                          });
    const auto listed = rest.Ask("tables", "GET",
                                 bigquery_uri_ + "/bigquery/v2/projects/" + kProject +
                                     "/datasets/" + dataset_ + "/tables",
                                 nullptr, {})
                            .ValueOrDie();
    std::vector<std::string> names;
    for (const auto& table : listed.value("tables", nlohmann::json::array())) {
      names.push_back(table["tableReference"]["tableId"]);
    }
    std::ranges::sort(names);
    return names;
  }

  std::shared_ptr<arrow::Table> ReadTable(const TableRef& ref) override {
    const BigQueryTable table{
        .project = kProject, .dataset = dataset_, .table = TableName("{table}", ref).ValueOrDie()};
    const auto found = client_.FindTable(table, {}).ValueOrDie();
    if (!found) return nullptr;
    const auto fields = TableFieldsFromJson(found->at("schema")).ValueOrDie();
    const auto schema = StoredSchema(fields);
    const auto decoder = ListedRowsDecoder::Make(fields, *schema).ValueOrDie();
    arrow::RecordBatchVector batches;
    const auto take = [&](const nlohmann::json& page) {
      batches.push_back(decoder.Decode(page).ValueOrDie());
      return arrow::Status::OK();
    };
    EXPECT_TRUE(client_.ListRows(table, 100'000, take, {}).ok());
    return arrow::Table::FromRecordBatches(schema, batches).ValueOrDie();
  }

  int64_t StagedBytes() override {
    int64_t bytes = 0;
    for (const auto& object : gcs_.List(bucket_, "stage/.staged/", {}).ValueOrDie()) {
      bytes += object.bytes;
    }
    return bytes;
  }

 private:
  BigQueryDataset Dataset() const { return {.project = kProject, .dataset = dataset_}; }

  std::string bigquery_uri_;
  std::string gcs_uri_;
  BigQueryClient client_;
  GcsClient gcs_;
  std::string bucket_;
  std::string dataset_;
};

/// BigQuery stores a NULL array as an empty one.
std::shared_ptr<arrow::ArrayData> WithoutNullLists(const arrow::ArrayData& values) {
  auto copy = values.Copy();
  for (auto& child : copy->child_data) child = WithoutNullLists(*child);
  if (copy->type->id() != arrow::Type::LIST) return copy;
  copy->buffers[0] = nullptr;
  copy->null_count = 0;
  return copy;
}

/// What is written as it is read: in the wider types of BigQuery.
std::shared_ptr<arrow::Table> AsRead(const std::shared_ptr<arrow::Table>& written) {
  const auto columns = ColumnsOf(*written->schema()).ValueOrDie().columns;
  std::vector<TableField> fields;
  for (const BigQueryColumn& column : columns) fields.push_back(column.field);
  const auto schema = StoredSchema(fields);
  arrow::ArrayVector arrays;
  const auto batch = written->CombineChunksToBatch().ValueOrDie();
  for (int i = 0; i < schema->num_fields(); ++i) {
    const auto plain = arrow::MakeArray(WithoutNullLists(*batch->column_data(i)));
    arrays.push_back(arrow::compute::Cast(*plain, schema->field(i)->type()).ValueOrDie());
  }
  return arrow::Table::Make(schema, arrays);
}

INSTANTIATE_TEST_SUITE_P(StandInBigQuery, DestinationConformance,
                         testing::Values(DestinationUnderTest{
                             .name = "bigquery",
                             .make_place = [] { return std::make_unique<BigQueryPlace>(); },
                             .decimal256 = false,
                             .null_elements = false,
                             .bytes = false,  // The stand-in does not load them from Parquet:
                                              // tests/servers/test_bigquery.py.
                             .reads_back_files = false,
                             .difference = {"- text: STRING", "+ amount: NUMERIC(12,2)"},
                             .as_read = AsRead}),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace headrace
