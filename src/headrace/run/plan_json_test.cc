#include "headrace/run/plan_json.h"

#include <arrow/type.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace headrace {
namespace {

TableJob JobNamed(const std::string& name) {
  TableJob job;
  job.table.name = name;
  return job;
}

PlannedTable PlannedUnits(const TableJob& job, int64_t units) {
  PlannedTable table;
  table.job = &job;
  table.plan.table = job.table;
  table.plan.why = "because \xff";  // not UTF-8
  PlannedColumn id;
  id.source_name = id.name = "id";
  id.source_type = "bigint";
  id.type = id.read_type = arrow::int64();
  table.plan.columns = {id};
  for (int64_t unit = 0; unit < units; ++unit) {
    table.units.push_back(
        {"plan", std::to_string(unit), IdRange{"id", unit * 10, unit * 10 + 10}, 10, 80});
  }
  return table;
}

std::string JsonTextOf(const JobPlan& plan) {
  std::ostringstream out;
  WritePlanJson(plan, out);
  return out.str();
}

TEST(PlanJsonTest, IsOneDocumentWithEveryUnit) {
  const TableJob job = JobNamed("orders");
  JobPlan plan{.job = "shop"};
  plan.tables.push_back(PlannedUnits(job, 3));
  plan.tables.push_back(PlannedUnits(job, 0));
  const nlohmann::json json = nlohmann::json::parse(JsonTextOf(plan));
  EXPECT_EQ(json["job"], "shop");
  EXPECT_EQ(json["units"], 3);
  ASSERT_EQ(json["tables"].size(), 2U);
  ASSERT_EQ(json["tables"][0]["units"].size(), 3U);
  EXPECT_EQ(json["tables"][0]["units"][2], ToJson(plan.tables[0].units[2], plan.tables[0].plan));
  EXPECT_EQ(json["tables"][0]["columns"][0]["type"], "int64");
  EXPECT_EQ(json["tables"][0]["why"], "because \xef\xbf\xbd");
  EXPECT_EQ(json["tables"][1]["units"], nlohmann::json::array());
}

TEST(PlanJsonTest, AUnitIsALine) {
  const TableJob job = JobNamed("orders");
  JobPlan plan{.job = "shop"};
  plan.tables.push_back(PlannedUnits(job, 100));
  std::istringstream lines(JsonTextOf(plan));
  int units = 0;
  for (std::string line; std::getline(lines, line);) units += line.starts_with("{\"") ? 1 : 0;
  EXPECT_EQ(units, 100);
}

TEST(PlanJsonTest, ATableThatCannotRunHasAnErrorAndNoUnits) {
  const TableJob job = JobNamed("missing");
  JobPlan plan{.job = "shop"};
  plan.tables.push_back(
      {.job = &job, .status = UserError("there is no table"), .plan = {}, .units = {}});
  const nlohmann::json json = nlohmann::json::parse(JsonTextOf(plan));
  EXPECT_EQ(json["tables"][0],
            (nlohmann::json{
                {"table", "missing"},
                {"error", {{"class", "user"}, {"code", ""}, {"message", "there is no table"}}}}));
}

TEST(PlanJsonTest, WithoutTablesItIsADocumentToo) {
  EXPECT_EQ(nlohmann::json::parse(JsonTextOf({.job = "shop"}))["tables"], nlohmann::json::array());
}

}  // namespace
}  // namespace headrace
