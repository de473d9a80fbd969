#include "headrace/model/work_unit.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "headrace/model/table_plan.h"

namespace headrace {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TablePlan EventsPlan() {
  TablePlan plan;
  plan.id = "run-1/public.events/0";
  plan.table = {.schema = "public", .name = "events", .query = {}, .alias = {}};
  for (const char* name : {"id", "amount"}) {
    PlannedColumn column;
    column.source_name = name;
    column.read_type = column.type = arrow::int64();
    plan.columns.push_back(column);
  }
  return plan;
}

WorkUnit UnitOf(Split split) {
  return {.plan_id = "run-1/public.events/0",
          .id = "7",
          .split = std::move(split),
          .estimated_rows = 13699,
          .estimated_bytes = 1000};
}

json JsonOf(Split split) { return ToJson(UnitOf(std::move(split)), EventsPlan()); }

json PageRangeJson() {
  return json::parse(R"({
  "version": 1, "type": "db_page_range", "plan_id": "run-1/public.events/0", "unit_id": "7",
  "schema_name": "public", "table_name": "events", "selected_columns": ["id", "amount"], "filter": null,
  "estimated_rows": 13699, "estimated_bytes": 1000,
  "leaf_schema_name": "public", "leaf_table_name": "events_2024", "start_page": 0, "end_page": 4294967295})");
}

TEST(WorkUnitTest, PageRangeAsDocumented) {
  EXPECT_EQ(JsonOf(PageRange{"public", "events_2024", 0, 4'294'967'295}), PageRangeJson());
}

TEST(WorkUnitTest, IdRangeKeepsExtremesAndOpenBounds) {
  const json lower = JsonOf(IdRange{"id", std::numeric_limits<int64_t>::min(), std::nullopt});
  EXPECT_EQ(lower["type"], "db_id_range");
  EXPECT_EQ(lower["id_column"], "id");
  EXPECT_EQ(lower["min_id"], std::numeric_limits<int64_t>::min());
  EXPECT_TRUE(lower["max_id"].is_null());
}

TEST(WorkUnitTest, DateRangeAsDocumented) {
  constexpr int64_t kMidnight = 1'704'067'200'000'000;  // 2024-01-01
  const json day = JsonOf(DateRange{"created_at", kMidnight, kMidnight + 86'400'000'000});
  EXPECT_EQ(day["version"], 1);
  EXPECT_EQ(day["type"], "db_date_range");
  EXPECT_EQ(day["timestamp_column"], "created_at");
  EXPECT_EQ(day["start_date"], "2024-01-01T00:00:00");
  EXPECT_EQ(day["end_date"], "2024-01-02T00:00:00");
  const json open = JsonOf(DateRange{"created_at", std::nullopt, kMidnight + 1});
  EXPECT_TRUE(open["start_date"].is_null());
  EXPECT_EQ(open["end_date"], "2024-01-01T00:00:00.000001");
}

TEST(WorkUnitTest, KeyRangeKeepsTextsAndOpenBounds) {
  const json unit = JsonOf(KeyRange{"code", std::nullopt, "größe \"x\" "});
  EXPECT_EQ(unit["type"], "db_key_range");
  EXPECT_EQ(unit["key_column"], "code");
  EXPECT_TRUE(unit["min_key"].is_null());
  EXPECT_EQ(unit["max_key"], "größe \"x\" ");
}

TEST(WorkUnitTest, HashPartOutsideOfItsPartsIsRefused) {
  json unit = JsonOf(HashPart{"code", 3, 4});
  EXPECT_EQ(unit["type"], "db_hash_partition");
  EXPECT_EQ(unit["hash_column"], "code");
  EXPECT_EQ(unit["hash_part"], 3);
  EXPECT_EQ(unit["hash_parts"], 4);
  for (const int part : {-1, 4}) {
    unit["hash_part"] = part;
    EXPECT_THAT(WorkUnitFromJson(unit).status().message(), HasSubstr("0 to hash_parts - 1"));
  }
}

TEST(WorkUnitTest, SplitsByAColumnDecideItsNulls) {
  for (const Split& split :
       std::vector<Split>{IdRange{"id", 1, 2}, DateRange{"id", 1, 2}, KeyRange{"id", "a", "b"},
                          HashPart{"id", 0, 2}, NullRows{"id"}}) {
    EXPECT_TRUE(DecidesNulls(split, "id")) << SplitTypeName(split);
    EXPECT_FALSE(DecidesNulls(split, "other")) << SplitTypeName(split);
  }
  EXPECT_FALSE(DecidesNulls(WholeTable{}, ""));
  EXPECT_FALSE(DecidesNulls(PageRange{}, ""));
}

TEST(WorkUnitTest, NullRowsAndWholeTable) {
  EXPECT_EQ(JsonOf(NullRows{"id"})["type"], "db_null");
  EXPECT_EQ(JsonOf(NullRows{"id"})["null_column"], "id");
  EXPECT_EQ(JsonOf(WholeTable{})["type"], "db_date_range_full");
  EXPECT_TRUE(JsonOf(WholeTable{})["timestamp_column"].is_null());
}

TEST(WorkUnitTest, FilterAndQueryAlias) {
  TablePlan plan = EventsPlan();
  plan.filter.where = "country <> 'XX'";
  plan.table = {.schema = {}, .name = {}, .query = "select 1", .alias = "daily"};
  const json unit = ToJson(UnitOf(WholeTable{}), plan);
  EXPECT_EQ(unit["filter"], "country <> 'XX'");
  EXPECT_EQ(unit["table_name"], "daily");
}

TEST(WorkUnitTest, RoundTripsYieldEqualUnits) {
  const std::vector<Split> splits = {
      WholeTable{},
      NullRows{"größe \"x\""},
      IdRange{"id", std::nullopt, 5},
      IdRange{"id", std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()},
      IdRange{"id", std::nullopt, std::nullopt},
      DateRange{"at", std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()},
      DateRange{"at", std::nullopt, -1},
      DateRange{"at", 1'704'067'200'000'001, std::nullopt},
      DateRange{"at", std::nullopt, std::nullopt},
      KeyRange{"code", "", "größe 'x'\n"},
      KeyRange{"code", std::nullopt, std::nullopt},
      HashPart{"code", 9, 10},
      PageRange{"s", "t", 5, std::nullopt},
      PageRange{"s", "t", 0, 4'294'967'295},
  };
  for (const Split& split : splits) {
    const WorkUnit unit = UnitOf(split);
    const auto parsed = ParseWorkUnit(SerializeWorkUnit(unit, EventsPlan()));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, unit);
  }
}

TEST(WorkUnitTest, UnknownKeysAreIgnored) {
  json unit = PageRangeJson();
  unit["added_later"] = 1;
  EXPECT_TRUE(WorkUnitFromJson(unit).ok());
}

/// What is wrong when key `key` has value `value` (absent: the key is missing).
std::string UnitError(const char* key, const std::optional<json>& value) {
  json unit = PageRangeJson();
  if (value.has_value()) {
    unit[key] = *value;
  } else {
    unit.erase(key);
  }
  const auto parsed = WorkUnitFromJson(unit);
  if (parsed.ok()) return "";
  EXPECT_EQ(ClassOf(parsed.status()), ErrorClass::kUser);
  return parsed.status().message();
}

TEST(WorkUnitTest, ErrorsNameTheKey) {
  EXPECT_EQ(UnitError("unit_id", std::nullopt), "work unit: key \"unit_id\" is missing");
  EXPECT_EQ(UnitError("unit_id", json(7)), "work unit: key \"unit_id\": expected a string");
  EXPECT_EQ(UnitError("start_page", json(-1)),
            "work unit: key \"start_page\": expected an integer from 0 to 4294967295");
  EXPECT_EQ(UnitError("start_page", json(1.5)),
            "work unit: key \"start_page\": expected an integer from 0 to 4294967295");
  EXPECT_EQ(UnitError("end_page", json(0)),
            "work unit: key \"end_page\": expected more than start_page");
  EXPECT_EQ(UnitError("estimated_rows", json(1e300)),
            "work unit: key \"estimated_rows\": expected an integer from -9223372036854775808 to "
            "9223372036854775807");
  EXPECT_EQ(UnitError("version", json(2)),
            "work unit: key \"version\": this program reads version 1, not 2");
  EXPECT_EQ(UnitError("type", json("file_byte_range")),
            "work unit: key \"type\": this version does not know \"file_byte_range\"");
}

TEST(WorkUnitTest, TimesThatAreNoneAreRefused) {
  const auto error = [](const char* key, const json& value) {
    json unit = JsonOf(DateRange{"at", 0, 86'400'000'000});
    unit[key] = value;
    return WorkUnitFromJson(unit).status().message();
  };
  EXPECT_EQ(
      error("start_date", "yesterday"),
      "work unit: key \"start_date\": expected a time like 2024-01-31T00:00:00, without zone");
  EXPECT_THAT(error("end_date", "2024-01-01T00:00:00Z"), HasSubstr("key \"end_date\""));
  EXPECT_THAT(error("end_date", 5), HasSubstr("key \"end_date\""));
  EXPECT_EQ(error("end_date", "1970-01-01T00:00:00"),
            "work unit: key \"end_date\": expected more than start_date");
}

TEST(WorkUnitTest, BytesThatAreNoUnitAreErrors) {
  for (const char* bytes : {"", "{", "[]", "null", "\xff", "{\"version\": 1"}) {
    const auto parsed = ParseWorkUnit(bytes);
    ASSERT_FALSE(parsed.ok()) << bytes;
    EXPECT_EQ(ClassOf(parsed.status()), ErrorClass::kUser);
  }
}

TEST(WorkUnitTest, NamesThatAreNotUtf8DoNotThrow) {
  TablePlan plan = EventsPlan();
  plan.table.name = "\xff";
  EXPECT_THAT(SerializeWorkUnit(UnitOf(WholeTable{}), plan), HasSubstr("\xEF\xBF\xBD"));
}

TEST(WorkUnitTest, TimesOfEveryEncodingComeBack) {
  TablePlan plan;
  plan.table = {.schema = "public", .name = "t", .query = {}, .alias = {}};
  for (const char* name : {"native", "text", "text_t", "epoch_s", "epoch_ms", "epoch_us"}) {
    const TimeEncoding encoding = *TimeEncodingOfName(name);
    EXPECT_EQ(TimeEncodingName(encoding), name);
    const WorkUnit unit{
        .plan_id = "p",
        .id = "1",
        .split =
            DateRange{.column = "at", .lower = 0, .upper = kMicrosPerDay, .encoding = encoding}};
    EXPECT_EQ(ParseWorkUnit(SerializeWorkUnit(unit, plan)).ValueOrDie(), unit) << name;
  }
  EXPECT_EQ(TimeEncodingOfName("sundial"), std::nullopt);
}

TEST(WorkUnitTest, PartsCountInThePlaceOfWhatWasDivided) {
  const std::vector<std::string> planned = {"0", "1", "2"};
  EXPECT_EQ(UnitsThatCount(planned, {}).ValueOrDie(), planned);
  EXPECT_EQ(
      UnitsThatCount(planned, {{"1.1", {"1.1.0", "1.1.1"}}, {"1", {"1.0", "1.1"}}}).ValueOrDie(),
      (std::vector<std::string>{"0", "1.0", "1.1.0", "1.1.1", "2"}));
  EXPECT_EQ(ClassOf(UnitsThatCount(planned, {{"9", {"9.0", "9.1"}}}).status()), ErrorClass::kBug);
}

}  // namespace
}  // namespace headrace
