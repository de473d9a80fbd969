// What the tests of this folder share: a schema of their own, and plans without a planner.

#include "headrace/source/postgres/test_database.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>

#include "headrace/source/postgres/postgres_source.h"

namespace headrace {
namespace {

std::string Padded(int64_t value, int width) {
  std::string text = std::to_string(value);
  while (std::cmp_less(text.size(), width)) text.insert(text.begin(), '0');
  return text;
}

/// A day of the proleptic Gregorian calendar;
/// https://howardhinnant.github.io/date_algorithms.html#civil_from_days.
std::string DateText(int64_t days, bool& before_christ) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_index = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_index + 2) / 5 + 1;
  const int64_t month = month_index < 10 ? month_index + 3 : month_index - 9;
  int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  before_christ = year <= 0;
  if (before_christ) year = 1 - year;
  return Padded(year, 4) + "-" + Padded(month, 2) + "-" + Padded(day, 2);
}

std::string TimeText(int64_t micros) {
  const int64_t seconds = micros / 1'000'000;
  std::string text = Padded(seconds / 3600, 2) + ":" + Padded(seconds / 60 % 60, 2) + ":" +
                     Padded(seconds % 60, 2);
  if (micros % 1'000'000 == 0) return text;
  text += "." + Padded(micros % 1'000'000, 6);
  while (text.back() == '0') text.pop_back();
  return text;
}

std::string TimestampText(int64_t micros, bool with_zone) {
  constexpr int64_t kDay = 86'400'000'000;
  const int64_t days = (micros >= 0 ? micros : micros - kDay + 1) / kDay;
  bool before_christ = false;
  const std::string date = DateText(days, before_christ);
  return date + " " + TimeText(micros - days * kDay) + (with_zone ? "+00" : "") +
         (before_christ ? " BC" : "");
}

template <typename Number>
std::string FloatText(Number value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::array<char, 64> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end};
}

std::string DecimalText(std::string digits, int scale) {
  const bool negative = digits.starts_with('-');
  if (negative) digits.erase(0, 1);
  while (std::cmp_less_equal(digits.size(), scale)) digits.insert(digits.begin(), '0');
  if (scale > 0) digits.insert(digits.size() - static_cast<size_t>(scale), ".");
  return (negative ? "-" : "") + digits;
}

std::string BytesText(std::string_view bytes) {
  static constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string text = "\\x";
  for (const char c : bytes) {
    text += kHexDigits[static_cast<unsigned char>(c) >> 4];
    text += kHexDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

template <typename ArrayType>
auto ValueAt(const arrow::Array& array, int64_t row) {
  return static_cast<const ArrayType&>(array).GetView(row);
}

std::string ListText(const arrow::ListArray& list, int64_t row) {
  std::string text;
  const auto values = list.value_slice(row);
  for (int64_t i = 0; i < values->length(); ++i) {
    text += (i == 0 ? "" : ", ") + CellText(*values, i);
  }
  return "[" + text + "]";
}

std::string StructText(const arrow::StructArray& values, int64_t row) {
  std::string text;
  for (int i = 0; i < values.num_fields(); ++i) {
    text += (i == 0 ? "" : ", ") + values.struct_type()->field(i)->name() + ": " +
            CellText(*values.field(i), row);
  }
  return "{" + text + "}";
}

}  // namespace

std::string CellText(const arrow::Array& array, int64_t row) {
  if (array.IsNull(row)) return "NULL";
  bool before_christ = false;
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return ValueAt<arrow::BooleanArray>(array, row) ? "t" : "f";
    case arrow::Type::INT16:
      return std::to_string(ValueAt<arrow::Int16Array>(array, row));
    case arrow::Type::INT32:
      return std::to_string(ValueAt<arrow::Int32Array>(array, row));
    case arrow::Type::INT64:
      return std::to_string(ValueAt<arrow::Int64Array>(array, row));
    case arrow::Type::FLOAT:
      return FloatText(ValueAt<arrow::FloatArray>(array, row));
    case arrow::Type::DOUBLE:
      return FloatText(ValueAt<arrow::DoubleArray>(array, row));
    case arrow::Type::STRING:
      return std::string(ValueAt<arrow::StringArray>(array, row));
    case arrow::Type::BINARY:
      return BytesText(ValueAt<arrow::BinaryArray>(array, row));
    case arrow::Type::DATE32: {
      const std::string date = DateText(ValueAt<arrow::Date32Array>(array, row), before_christ);
      return date + (before_christ ? " BC" : "");
    }
    case arrow::Type::TIME64:
      return TimeText(ValueAt<arrow::Time64Array>(array, row));
    case arrow::Type::TIMESTAMP:
      return TimestampText(
          ValueAt<arrow::TimestampArray>(array, row),
          !static_cast<const arrow::TimestampType&>(*array.type()).timezone().empty());
    case arrow::Type::DECIMAL128: {
      const arrow::Decimal128 value(
          static_cast<const arrow::Decimal128Array&>(array).GetValue(row));
      return DecimalText(value.ToIntegerString(),
                         static_cast<const arrow::DecimalType&>(*array.type()).scale());
    }
    case arrow::Type::DECIMAL256: {
      const arrow::Decimal256 value(
          static_cast<const arrow::Decimal256Array&>(array).GetValue(row));
      return DecimalText(value.ToIntegerString(),
                         static_cast<const arrow::DecimalType&>(*array.type()).scale());
    }
    case arrow::Type::LIST:
      return ListText(static_cast<const arrow::ListArray&>(array), row);
    case arrow::Type::STRUCT:
      return StructText(static_cast<const arrow::StructArray&>(array), row);
    default:
      return "no text of " + array.type()->ToString();
  }
}

TextTable TableText(const arrow::Table& table) {
  TextTable rows(static_cast<size_t>(table.num_rows()));
  for (const auto& column : table.columns()) {
    size_t row = 0;
    for (const auto& chunk : column->chunks()) {
      for (int64_t i = 0; i < chunk->length(); ++i) rows[row++].push_back(CellText(*chunk, i));
    }
  }
  return rows;
}

std::string TestServerUri() {
  const char* path = std::getenv("HEADRACE_TEST_POSTGRES");
  if (path == nullptr) return {};
  std::ifstream file(path);
  std::string uri;
  std::getline(file, uri);
  return uri;
}

void PostgresDatabaseTest::SetUp() {
  const std::string uri = TestServerUri();
  ASSERT_FALSE(uri.empty()) << "HEADRACE_TEST_POSTGRES must name a file with the URI of a server";
  auto settings = ParsePgUri(uri);
  ASSERT_TRUE(settings.ok()) << settings.status();
  auto writer = PgConnection::Connect(*settings, {});
  ASSERT_TRUE(writer.ok()) << writer.status();
  writer_ = std::make_unique<PgConnection>(*std::move(writer));
  schema_ = "t" + std::to_string(getpid()) + "_" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
  schema_ = schema_.substr(0, 50);
  Run("CREATE SCHEMA " + PgQuoteIdentifier(schema_));
  Run("SET search_path = " + PgQuoteIdentifier(schema_) + ", public; SET timezone = 'UTC'; " +
      "SET intervalstyle = iso_8601; SET datestyle = 'ISO, YMD'");
}

void PostgresDatabaseTest::TearDown() {
  if (writer_ == nullptr) return;
  Run("SET client_min_messages = error; DROP SCHEMA IF EXISTS " + PgQuoteIdentifier(schema_) +
      " CASCADE");
}

void PostgresDatabaseTest::Run(const std::string& sql) {
  const arrow::Status status = writer_->Execute(sql);
  ASSERT_TRUE(status.ok()) << sql << "\n" << status;
}

std::string PostgresDatabaseTest::Value(const std::string& sql) {
  const auto result = writer_->Query(sql);
  EXPECT_TRUE(result.ok()) << sql << "\n" << result.status();
  if (!result.ok() || result->rows() == 0) return "no row";
  return result->IsNull(0, 0) ? "NULL" : std::string(result->Text(0, 0));
}

TableRef PostgresDatabaseTest::Table(const std::string& name) const {
  return {.schema = schema_, .name = name, .query = {}, .alias = {}};
}

std::unique_ptr<Source> PostgresDatabaseTest::MakeSource(OptionValues options) const {
  if (!options.String("uri")) options.Set("uri", TestServerUri());
  return MakePostgresSource(options).ValueOrDie();
}

std::unique_ptr<Snapshot> PostgresDatabaseTest::OpenSnapshot(const std::vector<TableRef>& tables,
                                                             OptionValues options) {
  std::vector<SnapshotTable> wanted;
  for (const TableRef& table : tables) wanted.push_back({.table = table, .where = {}});
  auto snapshot = MakeSource(std::move(options))->OpenSnapshot(wanted, {});
  EXPECT_TRUE(snapshot.ok()) << snapshot.status();
  return *std::move(snapshot);
}

TablePlan PlanOf(const Description& description, OverflowPolicy policy) {
  TablePlan plan;
  plan.id = "run/" + description.table.directory() + "/0";
  plan.table = description.table;
  plan.description = description;
  for (const Column& column : description.columns) {
    PlannedColumn planned;
    planned.source_name = planned.name = column.name;
    planned.source_type = column.source_type;
    planned.read_type =
        policy == OverflowPolicy::kString && column.may_overflow ? arrow::utf8() : column.type;
    planned.type = planned.read_type;
    planned.on_overflow = policy;
    plan.columns.push_back(std::move(planned));
  }
  return plan;
}

WorkUnit UnitOf(Split split) {
  WorkUnit unit;
  unit.id = "0";
  unit.split = std::move(split);
  return unit;
}

arrow::Result<std::shared_ptr<arrow::Table>> ReadUnit(Session& session, const TablePlan& plan,
                                                      const Split& split,
                                                      const ReadLimits& limits) {
  ARROW_ASSIGN_OR_RAISE(auto reader, session.Open(plan, UnitOf(split), limits, {}));
  arrow::RecordBatchVector batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->Next());
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    batches.push_back(std::move(batch));
  }
  return arrow::Table::FromRecordBatches(ReadSchema(plan), batches);
}

arrow::Result<std::shared_ptr<arrow::Table>> ReadWhole(Snapshot& snapshot, const TableRef& table,
                                                       OverflowPolicy policy) {
  ARROW_ASSIGN_OR_RAISE(const Description description, snapshot.Describe(table, {}));
  const TablePlan plan = PlanOf(description, policy);
  ARROW_ASSIGN_OR_RAISE(auto session, snapshot.Attach({}));
  return ReadUnit(*session, plan, WholeTable{});
}

}  // namespace headrace
