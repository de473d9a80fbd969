#include "headrace/destination/bigquery/bigquery_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Written = std::initializer_list<std::pair<const char*, OptionValues::Value>>;

std::string Text(const char* text) { return text; }

/// A job that says `written` beside what is required, with the defaults of the option table.
OptionValues Job(Written written = {}) {
  OptionValues values;
  values.Set("project", Text("p"));
  values.Set("dataset", Text("d"));
  values.Set("staging", Text("gs://b/x"));
  for (const OptionSpec& spec : BigQueryOptions().options) {
    const bool is_text = spec.type == OptionType::kString || spec.type == OptionType::kEnum;
    if (is_text && !spec.default_text.empty()) {
      values.Set(std::string(spec.key), std::string(spec.default_text), true);
    }
  }
  for (const auto& [key, value] : written) values.Set(key, value);
  return values;
}

/// `key: message` of each fault.
std::vector<std::string> Faults(const OptionValues& values) {
  std::vector<std::string> texts;
  for (const OptionFault& fault : BigQueryOptions().faults(values)) {
    texts.push_back(std::string(fault.key) + ": " + fault.message);
  }
  return texts;
}

BigQuerySettings Settings(const OptionValues& values) {
  return ReadBigQuerySettings(values).ValueOrDie();
}

std::string ErrorOf(const OptionValues& values) {
  const auto settings = ReadBigQuerySettings(values);
  if (settings.ok()) return "no error";
  EXPECT_EQ(ClassOf(settings.status()), ErrorClass::kUser);
  return settings.status().message();
}

TEST(BigQueryOptionsTest, DefaultsAreThoseOfTheTable) {
  EXPECT_THAT(Faults(Job()), IsEmpty());
  const BigQuerySettings settings = Settings(Job());
  EXPECT_EQ(settings.project, "p");
  EXPECT_EQ(settings.location, "");
  EXPECT_EQ(settings.staging->uri(), "gs://b/x");
  EXPECT_EQ(settings.create, CreatePolicy::kIfNeeded);
  EXPECT_THAT(settings.labels, IsEmpty());
  EXPECT_EQ(settings.credentials_file, std::nullopt);
  EXPECT_EQ(settings.table.dataset, "d");
  EXPECT_EQ(settings.table.table_template, "{table}");
  EXPECT_EQ(settings.table.on_schema_change, SchemaChangePolicy::kError);
  EXPECT_EQ(settings.table.compression, Compression::kAuto);
  EXPECT_EQ(settings.table.target_file_size, 256LL << 20);
  EXPECT_EQ(settings.table.layout.partition_by, "");
  EXPECT_EQ(settings.table.layout.partition_type, "DAY");
  EXPECT_EQ(settings.table.layout.range, std::nullopt);
  EXPECT_FALSE(settings.table.layout.require_partition_filter);
}

TEST(BigQueryOptionsTest, EveryKeyIsRead) {
  const BigQuerySettings settings =
      Settings(Job({{"table", Text("{schema}_{table}")},
                    {"location", Text("EU")},
                    {"method", Text("load_job")},
                    {"create", Text("never")},
                    {"partition_by", Text("day")},
                    {"partition_type", Text("month")},
                    {"partition_expiration", int64_t{86'400'000}},
                    {"require_partition_filter", true},
                    {"cluster_by", std::vector<std::string>{"a", "b"}},
                    {"expiration", int64_t{1'000}},
                    {"labels", std::vector<std::string>{"team=shop", "cost_center=", "e-1=0"}},
                    {"on_schema_change", Text("discard_columns")},
                    {"credentials", Text("/k.json")},
                    {"target_file_size", int64_t{1'000'000}},
                    {"compression", Text("zstd")}}));
  EXPECT_EQ(settings.location, "EU");
  EXPECT_EQ(settings.create, CreatePolicy::kNever);
  EXPECT_THAT(settings.labels, ElementsAre(std::pair("team", "shop"), std::pair("cost_center", ""),
                                           std::pair("e-1", "0")));
  EXPECT_EQ(settings.credentials_file, "/k.json");
  EXPECT_EQ(settings.table.table_template, "{schema}_{table}");
  EXPECT_EQ(settings.table.layout.partition_by, "day");
  EXPECT_EQ(settings.table.layout.partition_type, "MONTH");
  EXPECT_EQ(settings.table.layout.partition_expiration_ms, 86'400'000);
  EXPECT_TRUE(settings.table.layout.require_partition_filter);
  EXPECT_THAT(settings.table.layout.cluster_by, ElementsAre("a", "b"));
  EXPECT_EQ(settings.table.layout.table_expiration_ms, 1'000);
  EXPECT_EQ(settings.table.on_schema_change, SchemaChangePolicy::kDiscardColumns);
  EXPECT_EQ(settings.table.compression, Compression::kZstd);
  EXPECT_EQ(settings.table.target_file_size, 1'000'000);
}

TEST(BigQueryOptionsTest, ChoicesAreRead) {
  const std::pair<const char*, SchemaChangePolicy> policies[] = {
      {"error", SchemaChangePolicy::kError},
      {"evolve", SchemaChangePolicy::kEvolve},
      {"freeze", SchemaChangePolicy::kFreeze},
      {"discard_columns", SchemaChangePolicy::kDiscardColumns}};
  for (const auto& [name, policy] : policies) {
    EXPECT_EQ(Settings(Job({{"on_schema_change", Text(name)}})).table.on_schema_change, policy);
  }
  const std::pair<const char*, Compression> codecs[] = {{"auto", Compression::kAuto},
                                                        {"none", Compression::kNone},
                                                        {"snappy", Compression::kSnappy},
                                                        {"zstd", Compression::kZstd}};
  for (const auto& [name, codec] : codecs) {
    EXPECT_EQ(Settings(Job({{"compression", Text(name)}})).table.compression, codec);
  }
}

TEST(BigQueryOptionsTest, BucketsAreUris) {
  for (const auto& [uri, bucket, prefix] :
       std::initializer_list<std::tuple<const char*, const char*, const char*>>{
           {"gs://b", "b", ""},
           {"gs://b/", "b", ""},
           {"gs://b/x/y", "b", "x/y"},
           {"gs://b/x/y//", "b", "x/y"},
           {"gs://my.bucket_1/a b", "my.bucket_1", "a b"}}) {
    const BigQuerySettings settings = Settings(Job({{"staging", Text(uri)}}));
    EXPECT_EQ(settings.staging->bucket, bucket);
    EXPECT_EQ(settings.staging->prefix, prefix);
  }
  for (const char* uri : {"", "gs://", "gs:///", "gs:///x", "b/x", "s3://b/x", "GS://b",
                          "gs://b//x", "gs://b/*", "gs://b/x?y", "gs://b/x#y", "gs://b/[x]"}) {
    EXPECT_THAT(Faults(Job({{"staging", Text(uri)}})),
                ElementsAre(HasSubstr("staging: expected gs://bucket/prefix")))
        << uri;
    EXPECT_THAT(ErrorOf(Job({{"staging", Text(uri)}})), HasSubstr("destination.staging: ")) << uri;
  }
}

TEST(BigQueryOptionsTest, LabelsAreWhatTheServiceTakes) {
  const auto faults = [](std::vector<std::string> labels) {
    return Faults(Job({{"labels", std::move(labels)}}));
  };
  EXPECT_THAT(faults({std::string(63, 'k') + "=" + std::string(63, 'v')}), IsEmpty());
  for (const std::string& label :
       {std::string("team"), std::string("=shop"), std::string("Team=shop"), std::string("1a=b"),
        std::string("_a=b"), std::string("a=B"), std::string("a=b=c"), std::string("a b=c"),
        std::string(), std::string(64, 'k') + "=v", "k=" + std::string(64, 'v')}) {
    EXPECT_THAT(faults({label}), ElementsAre(HasSubstr("labels: '" + label + "' is no label")));
  }
  EXPECT_THAT(faults({"a=1", "a=2"}), ElementsAre("labels: label 'a' is given twice"));
  std::vector<std::string> many;
  for (int i = 0; i < 64; ++i) many.push_back("k" + std::to_string(i) + "=v");
  EXPECT_THAT(faults(many), IsEmpty());
  many.emplace_back("one-more=v");
  EXPECT_THAT(faults(many), ElementsAre("labels: a table has 64 labels at most"));
}

TEST(BigQueryOptionsTest, RangesAreThreeIntegers) {
  const auto job = [](const char* range) {
    return Job({{"partition_by", Text("id")},
                {"partition_type", Text("range")},
                {"partition_range", Text(range)}});
  };
  const BigQuerySettings settings = Settings(job("-10:5000000000:7"));
  const auto range = settings.table.layout.range.value();
  EXPECT_EQ(range.start, -10);
  EXPECT_EQ(range.end, 5'000'000'000);
  EXPECT_EQ(range.interval, 7);
  for (const char* text :
       {"1", "1:2", "1:2:3:4", "1:2:", ":2:3", "1::3", "a:2:3", "1:2:3x", " 1:2:3", "2:1:1",
        "1:1:1", "0:1:0", "0:1:-1", "0:99999999999999999999:1"}) {
    EXPECT_THAT(Faults(job(text)),
                ElementsAre(HasSubstr("partition_range: expected start:end:interval")))
        << text;
  }
}

TEST(BigQueryOptionsTest, LayoutsThatContradictThemselvesAreFaults) {
  const auto range = std::pair<const char*, OptionValues::Value>("partition_range", Text("0:9:1"));
  const auto is_range =
      std::pair<const char*, OptionValues::Value>("partition_type", Text("range"));
  const auto by = std::pair<const char*, OptionValues::Value>("partition_by", Text("a"));
  EXPECT_THAT(Faults(Job({by, is_range})),
              ElementsAre("partition_range: partition_type: range needs it"));
  EXPECT_THAT(Faults(Job({by, range})),
              ElementsAre("partition_range: is for partition_type: range alone"));
  EXPECT_THAT(Faults(Job({is_range, range})), ElementsAre(HasSubstr("partition_by: name the")));
  EXPECT_THAT(Faults(Job({{"require_partition_filter", true}})),
              ElementsAre("require_partition_filter: needs partition_by"));
  EXPECT_THAT(
      Faults(Job({{"partition_expiration", int64_t{1}}})),
      ElementsAre(HasSubstr("partition_expiration: is for tables that are partitioned by")));
  EXPECT_THAT(Faults(Job({by, is_range, range, {"partition_expiration", int64_t{1}}})),
              ElementsAre(HasSubstr("partition_expiration: ")));
  EXPECT_THAT(Faults(Job({{"cluster_by", std::vector<std::string>{"a", "b", "c", "d"}}})),
              IsEmpty());
  EXPECT_THAT(Faults(Job({{"cluster_by", std::vector<std::string>{"a", "b", "c", "d", "e"}}})),
              ElementsAre("cluster_by: BigQuery clusters by four columns at most"));
  EXPECT_THAT(Faults(Job({by, is_range, range})), IsEmpty());
}

TEST(BigQueryOptionsTest, EveryFaultIsToldAndEveryKeyIsThere) {
  const auto values = Job({{"staging", Text("x")},
                           {"labels", std::vector<std::string>{"x"}},
                           {"require_partition_filter", true},
                           {"partition_type", Text("range")},
                           {"cluster_by", std::vector<std::string>(5, "a")}});
  const auto faults = BigQueryOptions().faults(values);
  EXPECT_EQ(faults.size(), 6);
  for (const OptionFault& fault : faults) {
    EXPECT_NE(std::ranges::find(BigQueryOptions().options, fault.key, &OptionSpec::key),
              BigQueryOptions().options.end())
        << fault.key;
    EXPECT_FALSE(fault.message.empty());
  }
}

TEST(BigQueryOptionsTest, WhatIsMissingIsNamed) {
  EXPECT_EQ(ErrorOf(Job({{"project", Text("")}})), "destination.project is missing");
  EXPECT_EQ(ErrorOf(Job({{"dataset", Text("")}})), "destination.dataset is missing");
  EXPECT_EQ(ErrorOf(Job({{"table", Text("")}})), "destination.table is empty");
  OptionValues values;
  values.Set("project", Text("p"));
  values.Set("dataset", Text("d"));
  EXPECT_THAT(ErrorOf(values), HasSubstr("destination.staging is missing"));
  EXPECT_THAT(ErrorOf(Job({{"method", Text("upload")}})), HasSubstr("destination.method: "));
}

TEST(BigQueryOptionsTest, ATableMaySayOtherwise) {
  const TableSettings job = Settings(Job({{"partition_by", Text("day")},
                                          {"cluster_by", std::vector<std::string>{"a"}},
                                          {"require_partition_filter", true},
                                          {"compression", Text("zstd")}}))
                                .table;
  const auto read = [&](Written written) {
    OptionValues values;
    for (const auto& [key, value] : written) values.Set(key, value);
    return ReadTableSettings(values, job);
  };
  const TableSettings same = read({}).ValueOrDie();
  EXPECT_EQ(same.dataset, "d");
  EXPECT_EQ(same.layout.partition_by, "day");
  EXPECT_TRUE(same.layout.require_partition_filter);
  EXPECT_THAT(same.layout.cluster_by, ElementsAre("a"));
  EXPECT_EQ(same.compression, Compression::kZstd);
  const TableSettings other = read({{"dataset", Text("e")},
                                    {"table", Text("x")},
                                    {"partition_by", Text("id")},
                                    {"partition_type", Text("range")},
                                    {"partition_range", Text("0:9:1")},
                                    {"cluster_by", std::vector<std::string>{"b", "c"}},
                                    {"on_schema_change", Text("freeze")},
                                    {"target_file_size", int64_t{7}}})
                                  .ValueOrDie();
  EXPECT_EQ(other.dataset, "e");
  EXPECT_EQ(other.table_template, "x");
  EXPECT_TRUE(other.layout.range);
  EXPECT_THAT(other.layout.cluster_by, ElementsAre("b", "c"));
  EXPECT_EQ(other.on_schema_change, SchemaChangePolicy::kFreeze);
  EXPECT_EQ(other.target_file_size, 7);
  EXPECT_EQ(read({{"partition_by", Text("")}}).status().message(),
            "destination.require_partition_filter: needs partition_by");
  EXPECT_EQ(read({{"partition_type", Text("range")}}).status().message(),
            "destination.partition_range: partition_type: range needs it");
  EXPECT_THAT(read({{"partition_range", Text("x")}}).status().message(),
              HasSubstr("destination.partition_range: expected start:end:interval"));
  EXPECT_THAT(read({{"on_schema_change", Text("x")}}).status().message(),
              HasSubstr("destination.on_schema_change: "));
  EXPECT_THAT(read({{"compression", Text("x")}}).status().message(),
              HasSubstr("destination.compression: "));
}

TEST(BigQueryOptionsTest, ATableMayDoWithoutWhatTheJobHas) {
  OptionValues values;
  values.Set("partition_by", Text(""));
  values.Set("partition_type", Text("day"));
  values.Set("partition_range", Text(""));
  values.Set("cluster_by", std::vector<std::string>());
  const TableSettings job = Settings(Job({{"partition_by", Text("id")},
                                          {"partition_type", Text("range")},
                                          {"partition_range", Text("0:9:1")},
                                          {"cluster_by", std::vector<std::string>{"a"}}}))
                                .table;
  const auto table = ReadTableSettings(values, job);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->layout.partition_by, "");
  EXPECT_EQ(table->layout.range, std::nullopt);
  EXPECT_THAT(table->layout.cluster_by, IsEmpty());
}

}  // namespace
}  // namespace headrace
