#include "headrace/destination/bigquery/read_table.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <nlohmann/json.hpp>
#include <string>

#include "headrace/destination/bigquery/answer.h"
#include "headrace/destination/bigquery/listed_rows.h"
#include "headrace/destination/bigquery/stored_types.h"
#include "headrace/destination/bigquery/table_field.h"

namespace headrace {
namespace {

using Json = nlohmann::json;

/// The service sends fewer where they are wide
/// (cloud.google.com/bigquery/docs/paging-results#page_through_results).
constexpr int64_t kRowsPerPage = 50'000;

std::string QuotedName(const BigQueryTable& table) { return "`" + table.label() + "`"; }

}  // namespace

arrow::Result<std::optional<int64_t>> CountTable(const BigQueryClient& client,
                                                 const BigQueryTable& table,
                                                 const std::string& location,
                                                 const std::stop_token& stop) {
  const auto answer = client.Query({.project = table.project, .location = location, .id = {}},
                                   "SELECT COUNT(*) FROM " + QuotedName(table), stop);
  if (answer.ok()) return IntegerAt(*answer, "/rows/0/f/0/v");
  if (ClassOf(answer.status()) != ErrorClass::kUser) return answer.status();
  ARROW_ASSIGN_OR_RAISE(const auto found, client.FindTable(table, stop));
  if (!found) return std::nullopt;
  return IntegerAt(*found, "/numRows");
}

arrow::Result<std::optional<Checksum>> ChecksumOfTable(const BigQueryClient& client,
                                                       const BigQueryTable& table,
                                                       const std::function<void(int64_t)>& on_rows,
                                                       const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto found, client.FindTable(table, stop));
  if (!found) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const auto fields, TableFieldsFromJson(ValueAt(*found, "/schema")));
  const auto schema = StoredSchema(fields);
  ARROW_ASSIGN_OR_RAISE(const auto decoder, ListedRowsDecoder::Make(fields, *schema));
  ARROW_ASSIGN_OR_RAISE(auto taker, ChecksumTaker::Make(*schema));
  Checksum sum;
  const auto take = [&](const Json& page) {
    ARROW_ASSIGN_OR_RAISE(const auto rows, decoder.Decode(page));
    ARROW_ASSIGN_OR_RAISE(const Checksum of_page, taker.Take(*rows));
    sum += of_page;
    if (on_rows) on_rows(rows->num_rows());
    return stop.stop_requested() ? InterruptedError() : arrow::Status::OK();
  };
  ARROW_RETURN_NOT_OK(client.ListRows(table, kRowsPerPage, take, stop));
  return sum;
}

}  // namespace headrace
