#include "headrace/model/commit.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace headrace {
namespace {

using nlohmann::json;

json RecordJson() {
  return json::parse(R"({
  "version": 2, "job": "shop", "run": "run-1", "table": "public.events", "label": "public.events", "epoch": 1,
  "mode": "append", "sequence": 4, "staging": "/lake/.s", "target": "/lake/public.events/run-1",
  "schema": [{"name": "id", "type": "int64", "nullable": false},
             {"name": " tags", "type": "list", "nullable": true, "children": [
               {"name": "element", "type": "string", "nullable": true}]}],
  "digest": "ab", "cursor_column": null, "watermark": "2024-01-01", "rows": 3,
  "checksum": "00000000000000ff",
  "files": [{"name": "a.parquet", "bytes": 10, "rows": 3, "checksum": "00000000000000ff", "digest": "5b1c0f5e7a9d2e64"}],
  "committed_at": "2024-01-02T00:00:00Z"})");
}

TEST(CommitTest, JsonAsDocumented) {
  const auto record = CommitRecordFromJson(RecordJson());
  ASSERT_TRUE(record.ok()) << record.status();
  const CommitIntent& intent = record->intent;
  EXPECT_EQ(intent.mode, WriteMode::kAppend);
  EXPECT_EQ(intent.sequence, 4);
  EXPECT_EQ(intent.schema,
            (CommittedSchema(std::vector<CommittedField>{
                {.name = "id", .type = "int64", .nullable = false, .children = {}},
                {.name = " tags",
                 .type = "list",
                 .nullable = true,
                 .children = {
                     {.name = "element", .type = "string", .nullable = true, .children = {}}}}})));
  EXPECT_EQ(intent.cursor_column, std::nullopt);
  EXPECT_EQ(intent.watermark, "2024-01-01");
  EXPECT_EQ(intent.checksum, (Checksum{.sum = 255, .rows = 3}));
  ASSERT_EQ(intent.files.size(), 1U);
  EXPECT_EQ(intent.files[0].checksum, (Checksum{.sum = 255, .rows = 3}));
  EXPECT_EQ(intent.files[0].digest, "5b1c0f5e7a9d2e64");
  EXPECT_EQ(record->committed_at, "2024-01-02T00:00:00Z");
  EXPECT_EQ(ToJson(*record), RecordJson());
}

TEST(CommitTest, RecordsOfBeforeDigestsHaveNone) {
  json record = RecordJson();
  record["files"][0].erase("digest");
  const auto read = CommitRecordFromJson(record);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->intent.files[0].digest, "");
  EXPECT_EQ(ToJson(*read), record);
}

TEST(CommitTest, RecordsOfVersion1HaveTheirSchemaAsText) {
  json record = RecordJson();
  record["version"] = 1;
  record["schema"] = "id: int64 not null";
  const auto read = CommitRecordFromJson(record);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->intent.schema, CommittedSchema("id: int64 not null"));
  EXPECT_EQ(ToJson(*read), record) << "a record is never written anew as something else";
}

TEST(CommitTest, TheZoneOfACursorWithoutOneIsKept) {
  json record = RecordJson();
  record["cursor_timezone"] = "Europe/Berlin";
  const auto read = CommitRecordFromJson(record);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->intent.cursor_timezone, "Europe/Berlin");
  EXPECT_EQ(ToJson(*read), record);
}

TEST(CommitTest, TheDigestOfAWhereIsKept) {
  json record = RecordJson();
  EXPECT_EQ(CommitRecordFromJson(record)->intent.where_digest, std::nullopt);
  record["where_digest"] = "99aa06d3014798d86001c324468d497f";
  const auto read = CommitRecordFromJson(record);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->intent.where_digest, "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(ToJson(*read), record);
}

TEST(CommitTest, TheWindowOfAnIncrementalLoadIsKept) {
  json record = RecordJson();
  record["window"] = {{"column", "id"}, {"from", nullptr}, {"to", "42"}};
  const auto read = CommitRecordFromJson(record);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->intent.window, (LoadedWindow{.column = "id", .from = {}, .to = "42"}));
  EXPECT_EQ(ToJson(*read), record);
  record["window"].erase("to");
  EXPECT_EQ(CommitRecordFromJson(record).status().message(),
            "window of a commit: key \"to\" is missing");
}

TEST(CommitTest, IntentIsTheRecordWithoutItsTime) {
  json without_time = RecordJson();
  without_time.erase("committed_at");
  const auto intent = CommitIntentFromJson(without_time);
  ASSERT_TRUE(intent.ok()) << intent.status();
  EXPECT_EQ(ToJson(*intent), without_time);
  EXPECT_EQ(CommitRecordFromJson(without_time).status().message(),
            "commit: key \"committed_at\" is missing");
}

TEST(CommitTest, DamagedRecordsArePermanentErrors) {
  const auto error = [](const char* pointer, const json& value) {
    json damaged = RecordJson();
    damaged[json::json_pointer(pointer)] = value;
    const arrow::Status status = CommitRecordFromJson(damaged).status();
    EXPECT_EQ(ClassOf(status), ErrorClass::kPermanent);
    return status.message();
  };
  EXPECT_EQ(error("/mode", "merge"), "commit: key \"mode\": this version does not know \"merge\"");
  EXPECT_EQ(error("/files/0/name", 1), "file of a commit: key \"name\": expected a string");
  EXPECT_EQ(error("/version", 3),
            "commit: key \"version\": this program reads versions 1 to 2, not 3");
  EXPECT_EQ(error("/version", 1), "commit: key \"schema\": expected a string");
  EXPECT_EQ(error("/schema", "id: int64"), "commit: key \"schema\": expected an array");
  EXPECT_EQ(error("/schema/0/nullable", 1),
            "field of a commit: key \"nullable\": expected true or false");
  EXPECT_EQ(error("/schema/1/children/0", 7), "field of a commit: expected a JSON object");
  EXPECT_EQ(error("/watermark", 7), "commit: key \"watermark\": expected a string");
  EXPECT_EQ(CommitRecordFromJson(json("text")).status().message(),
            "commit: expected a JSON object");
}

TEST(CommitTest, WriteModeNames) {
  EXPECT_EQ(WriteModeName(WriteMode::kAppend), "append");
  EXPECT_EQ(WriteModeName(WriteMode::kReplace), "replace");
  EXPECT_EQ(WriteModeName(WriteMode::kErrorIfExists), "error_if_exists");
}

CommittedFile FileOf(std::string name, int64_t rows, uint64_t sum) {
  return {
      .name = std::move(name), .bytes = 1, .rows = rows, .checksum = {.sum = sum, .rows = rows}};
}

TEST(ReceiptsDigestTest, AsDocumented) {
  EXPECT_EQ(ReceiptsDigest({}), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(ReceiptsDigest({FileOf("b", 2, 255), FileOf("a", 1, 1)}),
            "9932347b9059239634769356fa25ab63");
}

TEST(ReceiptsDigestTest, OrderDoesNotMatterContentDoes) {
  const std::string digest = ReceiptsDigest({FileOf("a", 1, 1), FileOf("b", 2, 2)});
  EXPECT_EQ(ReceiptsDigest({FileOf("b", 2, 2), FileOf("a", 1, 1)}), digest);
  EXPECT_NE(ReceiptsDigest({FileOf("a", 1, 1), FileOf("b", 3, 2)}), digest);
  EXPECT_NE(ReceiptsDigest({FileOf("a", 1, 1), FileOf("b", 2, 3)}), digest);
  EXPECT_NE(ReceiptsDigest({FileOf("a", 1, 1), FileOf("c", 2, 2)}), digest);
}

}  // namespace
}  // namespace headrace
