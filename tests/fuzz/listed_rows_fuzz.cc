// What a service could answer to tabledata.list, for one table that has every type: the decoder
// must answer with rows that Arrow finds valid or with an error of class permanent, and with
// nothing else. The seeds are written by hand, in the forms of listed_value.h.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "headrace/destination/bigquery/column_types.h"
#include "headrace/destination/bigquery/listed_rows.h"
#include "headrace/model/json_object.h"

namespace headrace {
namespace {

using arrow::field;

void Require(bool condition) {
  if (!condition) std::abort();
}

std::shared_ptr<arrow::Schema> FuzzOutput() {
  const auto line = arrow::struct_(
      {field("id", arrow::int32(), false), field("tags", arrow::list(arrow::utf8())),
       field("place", arrow::struct_({field("x", arrow::float64()), field("y", arrow::int16())}))});
  return arrow::schema({field("flag", arrow::boolean()), field("id", arrow::int64(), false),
                        field("small", arrow::float32()), field("day", arrow::date32()),
                        field("time", arrow::time64(arrow::TimeUnit::MICRO)),
                        field("local", arrow::timestamp(arrow::TimeUnit::MICRO)),
                        field("moment", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
                        field("amount", arrow::decimal128(12, 2)),
                        field("wide", arrow::decimal256(76, 38)), field("text", arrow::utf8()),
                        field("bytes", arrow::binary()), field("lines", arrow::list(line)),
                        field("map", arrow::map(arrow::utf8(), arrow::int64()))});
}

ListedRowsDecoder FuzzDecoder() {
  const auto columns = ColumnsOf(*FuzzOutput());
  Require(columns.ok());
  const auto table = TableFieldsFromJson(SchemaJson(columns->columns));
  Require(table.ok());
  const auto decoder = ListedRowsDecoder::Make(*table, *StagedSchema(columns->columns));
  Require(decoder.ok());
  return *decoder;
}

void DecodeAny(std::string_view text) {
  static const ListedRowsDecoder kDecoder = FuzzDecoder();
  const auto page = ParseJson(text, "page", ErrorClass::kPermanent);
  if (!page.ok()) return;
  const auto batch = kDecoder.Decode(*page);
  if (batch.ok()) return Require((*batch)->ValidateFull().ok());
  Require(ClassOf(batch.status()) == ErrorClass::kPermanent && !batch.status().message().empty());
}

}  // namespace
}  // namespace headrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  headrace::DecodeAny({reinterpret_cast<const char*>(data), size});
  return 0;
}
