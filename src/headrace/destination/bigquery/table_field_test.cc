#include "headrace/destination/bigquery/table_field.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace headrace {
namespace {

using Json = nlohmann::json;

std::string TextOf(const char* json) {
  const auto fields = TableFieldsFromJson(Json::parse(json));
  if (!fields.ok()) {
    EXPECT_EQ(ClassOf(fields.status()), ErrorClass::kPermanent);
    return "error: " + fields.status().message();
  }
  std::string text;
  for (const TableField& field : *fields) {
    text += PathText(field.name) + ": " + TypeText(field) + "\n";
  }
  return text;
}

TEST(TableFieldTest, TypesOfSeveralNamesAreOne) {
  EXPECT_EQ(CanonicalTypeName("INT64"), "INTEGER");
  EXPECT_EQ(CanonicalTypeName("integer"), "INTEGER");
  EXPECT_EQ(CanonicalTypeName("FLOAT64"), "FLOAT");
  EXPECT_EQ(CanonicalTypeName("BOOLEAN"), "BOOL");
  EXPECT_EQ(CanonicalTypeName("STRUCT"), "RECORD");
  EXPECT_EQ(CanonicalTypeName("DECIMAL"), "NUMERIC");
  EXPECT_EQ(CanonicalTypeName("BIGDECIMAL"), "BIGNUMERIC");
  EXPECT_EQ(CanonicalTypeName("GEOGRAPHY"), "GEOGRAPHY");
}

TEST(TableFieldTest, ReadsWhatTheServiceAnswers) {
  EXPECT_EQ(TextOf(R"({"fields":[
      {"name":"id","type":"INTEGER","mode":"REQUIRED","description":"key"},
      {"name":"amount","type":"NUMERIC","precision":"12","scale":"2"},
      {"name":"whole","type":"BIGNUMERIC","precision":"30"},
      {"name":"code","type":"STRING","maxLength":"20","policyTags":{"names":["x"]}},
      {"name":"tags","type":"STRING","mode":"REPEATED"},
      {"name":"a b","type":"RECORD","fields":[{"name":"x","type":"INT64","mode":"NULLABLE"},
                                               {"name":"y:z","type":"STRUCT","mode":"REPEATED",
                                                "fields":[{"name":"ok","type":"BOOLEAN"}]}]}]})"),
            "id: INTEGER REQUIRED\n"
            "amount: NUMERIC(12,2)\n"
            "whole: BIGNUMERIC(30,0)\n"
            "code: STRING(20)\n"
            "tags: STRING REPEATED\n"
            "\"a b\": RECORD<x: INTEGER, \"y:z\": RECORD<ok: BOOL> REPEATED>\n");
}

TEST(TableFieldTest, ReadsNumbersOfStandIns) {
  EXPECT_EQ(TextOf(R"({"fields":[{"name":"n","type":"NUMERIC","precision":12,"scale":2}]})"),
            "n: NUMERIC(12,2)\n");
}

TEST(TableFieldTest, ATableMayHaveNoColumns) {
  EXPECT_EQ(TextOf("{}"), "");
  EXPECT_EQ(TextOf("null"), "");
  EXPECT_EQ(TextOf(R"({"fields":[]})"), "");
}

TEST(TableFieldTest, WhatIsNotAsDocumentedIsAnError) {
  EXPECT_EQ(TextOf(R"({"fields":[{"name":"n","type":"NUMERIC","precision":"twelve"}]})"),
            "error: schema of a BigQuery table: 'precision' is not as the service documents it");
  EXPECT_EQ(TextOf(R"({"fields":[{"name":"n","type":"NUMERIC","mode":"ODD"}]})"),
            "error: schema of a BigQuery table: 'mode' is not as the service documents it");
  EXPECT_EQ(TextOf(R"({"fields":[{"name":"n"}]})").substr(0, 6), "error:");
  EXPECT_EQ(TextOf(R"({"fields":{}})").substr(0, 6), "error:");
  EXPECT_EQ(TextOf("[]").substr(0, 6), "error:");
}

TEST(TableFieldTest, WritesWhatAJobTakes) {
  const TableField field = {
      .name = "lines",
      .type = "RECORD",
      .mode = FieldMode::kRepeated,
      .description = "what was \"sold\"",
      .fields = {{.name = "price", .type = "NUMERIC", .digits = DecimalShape{12, 2}},
                 {.name = "id", .type = "INTEGER", .mode = FieldMode::kRequired}}};
  EXPECT_EQ(ToJson(field), Json::parse(R"({
      "name":"lines","type":"RECORD","mode":"REPEATED","description":"what was \"sold\"",
      "fields":[{"name":"price","type":"NUMERIC","mode":"NULLABLE"},
                {"name":"id","type":"INTEGER","mode":"REQUIRED"}]})"));
}

}  // namespace
}  // namespace headrace
