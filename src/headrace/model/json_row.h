#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "headrace/model/error.h"

namespace headrace {

class JsonRecordWriter;

/// Rows as JSON: for NDJSON, as BigQuery's load jobs take it, and for samples of rows in errors. A
/// row is one object (RFC 8259) in one line of UTF-8. No value is changed on the way, text that is
/// not UTF-8 excepted: what a reader cannot hold it can see, and refuse.
///
///   NULL          `null` under its key, never a missing key: columns that are missing in a file
///                 get their default. A NULL list is `null` too; a REPEATED column takes that for
///                 `[]` [1]. (A column of BigQuery's type JSON would get a JSON null [2].)
///   bool          `true`, `false`
///   integers      a number; a string outside ±(2^53 − 1), where readers that compute in doubles
///                 round [3]
///   floats        the shortest number that reads back as the same double, also of float and half
///                 float, whose FLOAT64 column holds doubles: 0.1f is `0.10000000149011612`, as a
///                 Parquet file of floats is loaded; `-0.0`; `"NaN"`, `"Infinity"`, `"-Infinity"`
///                 [4]
///   decimals      a string, `"-0.50"`: all digits of the scale, no exponent; a negative scale
///                 writes zeros
///   text          a string, its escapes and what is not UTF-8 as in model/json_string.h
///   bytes         a string in base64, with padding [5]
///   date          `"2024-01-31"`, date64 as the day it lies in
///   timestamp     `"2024-01-31T23:59:58.000123"`, `Z` behind it where the type has a zone: then
///                 it is UTC, whatever the zone [3, 6]
///   time          `"23:59:58.000123"`; values outside of a day as `"24:00:00"`, `"-00:00:01"`
///   lists         an array
///   map           an array of `{"key":…,"value":…}`: BigQuery has no maps [7]
///   struct        an object
///   dictionary    its value;  extension types: their storage
///
/// Seconds have no digits behind the point where they are whole, else those of the unit: 3, 6 or 9.
/// Nanoseconds that are whole microseconds have 6, which is what BigQuery's types hold; 9 digits
/// are an error in its queries [8], and what a load job makes of them is not written down. Years
/// before 0 and after 9999 have a sign, `"+12024-01-01"`, as AppendDate writes them; BigQuery's
/// begin with 0001 and end with 9999 [9]. Its columns hold no NULL inside an array, and no array
/// inside an array, either. What becomes of all these is a policy of the caller's, beforehand.
///
/// Nothing of this was run against the service. Sources:
///   [1] github.com/bxparks/bigquery-schema-generator #90. What streams single rows
///       (tabledata.insertAll) refuses it: github.com/googleapis/google-cloud-python #9602.
///   [2] github.com/nrkno/bigquery-scala #428
///   [3] cloud.google.com/bigquery/docs/loading-data-cloud-storage-json, "Limitations"
///   [4] github.com/googleapis/google-cloud-go #2408, python-bigquery #696
///   [5] cloud.google.com/bigquery/docs/data-types: "Imported BYTES data must be base64-encoded"
///   [6] the same, "Date and time strings"
///   [7] [3] in its older editions: "BigQuery does not support maps or dictionaries in JSON"
///   [8] github.com/airbytehq/airbyte #75187
///   [9] cloud.google.com/bigquery/docs/reference/standard-sql/data-types
///
/// Constant after construction: threads may share one, and copies are cheap.
class JsonRowWriter {
 public:
  /// Errors name the column, `orders.lines[].price`: of class user where two fields of one object
  /// have one name; of class bug where a type has no rule: durations, intervals, unions, run-end
  /// encoded arrays and list views, which no source yields, and decimals of a scale beyond ±1000.
  static arrow::Result<JsonRowWriter> Make(std::shared_ptr<arrow::Schema> schema);

  /// Appends row `row` of `batch`, without a line feed. Allocates nothing beyond what `json` needs
  /// to grow, except for decimals of more than 64 bits. An error of class bug, and nothing
  /// appended, where the batch is of another schema (metadata aside) or has no such row.
  arrow::Status AppendRow(const arrow::RecordBatch& batch, int64_t row, std::string& json) const;

  /// Appends each row of `batch`, a line feed behind each: NDJSON. Errors as those of AppendRow.
  arrow::Status AppendLines(const arrow::RecordBatch& batch, std::string& json) const;

 private:
  JsonRowWriter(std::shared_ptr<arrow::Schema> schema,
                std::shared_ptr<const JsonRecordWriter> record);

  arrow::Status CheckSchema(const arrow::RecordBatch& batch) const;

  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<const JsonRecordWriter> record_;
};

/// One row, by a JsonRowWriter made for it: for a few rows, as in an error.
arrow::Result<std::string> SerializeRow(const arrow::RecordBatch& batch, int64_t row);

}  // namespace headrace
