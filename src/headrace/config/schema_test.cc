#include "headrace/config/schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "headrace/config/parser.h"
#include "headrace/config/section.h"
#include "headrace/config/test_plugins.h"

namespace headrace {
namespace {

using nlohmann::ordered_json;

ordered_json TestSchema() { return JsonSchema(TestSources(), TestDestinations()); }

/// Calls `visit` with each schema in `json` that describes a mapping.
template <typename Visit>
void ForEachObject(const ordered_json& json, const Visit& visit) {
  if (json.is_object() && json.contains("properties")) visit(json);
  for (const auto& child : json) {
    if (child.is_structured()) ForEachObject(child, visit);
  }
}

TEST(JsonSchemaTest, EveryMappingIsClosedAndDescribed) {
  const ordered_json schema = TestSchema();
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  int mappings = 0;
  ForEachObject(schema, [&](const ordered_json& object) {
    ++mappings;
    EXPECT_EQ(object["additionalProperties"], false) << object.dump();
    for (const auto& [key, property] : object["properties"].items()) {
      EXPECT_TRUE(property.contains("description") || property.contains("oneOf")) << key;
    }
  });
  // The job, two sources, one destination, tables, their columns, load, partition, destination,
  // load, partition, engine, workers, limits, logging.
  EXPECT_EQ(mappings, 15);
}

TEST(JsonSchemaTest, SectionsHaveTheirKeys) {
  const ordered_json schema = TestSchema();
  const ordered_json& properties = schema["properties"];
  EXPECT_EQ(schema["required"], ordered_json({"name", "source", "tables", "destination"}));
  EXPECT_EQ(properties["load"]["properties"]["mode"]["default"], "catalog");
  EXPECT_EQ(properties["partition"]["properties"]["target_rows"]["default"], 50000);
  EXPECT_EQ(properties["partition"]["properties"]["strict"]["default"], false);
  const ordered_json& source = properties["source"]["oneOf"][1];
  EXPECT_EQ(source["properties"]["type"]["const"], "sqlite");
  EXPECT_EQ(source["required"], ordered_json({"type", "path"}));
  EXPECT_FALSE(source["properties"].contains("port"));
  const ordered_json& table = properties["tables"]["items"]["anyOf"][1];
  EXPECT_FALSE(table["properties"]["write"].contains("default")) << "a table inherits";
  EXPECT_TRUE(table["properties"]["destination"]["properties"].contains("compression"));
  EXPECT_FALSE(table["properties"]["destination"]["properties"].contains("path"));
}

TEST(JsonSchemaTest, LaterVersionsAreNotInIt) {
  const std::string text = TestSchema().dump();
  for (const char* word : {"\"files\"", "\"merge\"", "\"beam\"", "lookback",
                           "distribute_above_rows", "\"profile\"", "compact encodings"}) {
    EXPECT_EQ(text.find(word), std::string::npos) << word;
  }
}

arrow::Result<Job> ParseStarter(const std::string& text) {
  const Environment environment = {
      .variable = [](const std::string&) { return "secret"; },
      .file = [](const std::filesystem::path&) -> arrow::Result<std::string> { return ""; }};
  return ParseJobText(text, "/jobs/starter.yaml", TestSources(), TestDestinations(), {},
                      environment);
}

std::string Starter(std::string_view source) {
  const auto text = StarterJob(source, TestSources(), TestDestinations());
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ValueOr("");
}

TEST(StarterJobTest, IsAJob) {
  for (const char* source : {"postgresql", "sqlite"}) {
    const auto job = ParseStarter(Starter(source));
    ASSERT_TRUE(job.ok()) << job.status().message();
    EXPECT_EQ(job->source.type, source);
    EXPECT_EQ(job->tables.size(), 1U);
  }
}

/// The starter with every key switched on, but those that exclude others.
std::string SwitchedOn(const std::string& starter) {
  const std::set<std::string> left_out = {"query:", "as:", "exclude:"};
  std::istringstream lines(starter);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const size_t hash = line.find_first_not_of(' ');
    const bool is_comment = hash != std::string::npos && line[hash] == '#';
    const bool is_prose =
        is_comment && line.substr(hash, 2) == "# " && line.substr(hash, 3) != "#  ";
    const bool is_key = is_comment && !is_prose;
    if (is_key) line.erase(hash, 1);
    std::istringstream words(line);
    std::string first;
    words >> first;
    const bool is_query_key = left_out.contains(first) && line.starts_with("    " + first);
    if (!is_query_key || line.starts_with("     ")) text += line + "\n";
  }
  return text;
}

TEST(StarterJobTest, IsStillAJobWithEveryKeySwitchedOn) {
  const std::string text = SwitchedOn(Starter("postgresql"));
  EXPECT_EQ(text.find("#engine"), std::string::npos);
  const auto job = ParseStarter(text);
  ASSERT_TRUE(job.ok()) << job.status().message() << "\n" << text;
  EXPECT_EQ(job->source.values.String("password"), "secret");
  EXPECT_EQ(job->tables[0].columns.size(), 1U);
  EXPECT_EQ(job->connections, 5);
  EXPECT_TRUE(job->workers.max_written);
}

TEST(StarterJobTest, LinesFitAScreen) {
  std::istringstream lines(Starter("postgresql"));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 104U) << line;
}

TEST(StarterJobTest, UnknownSource) {
  const auto text = StarterJob("postgres", TestSources(), TestDestinations());
  EXPECT_EQ(
      text.status().message(),
      "unknown source 'postgres': expected one of postgresql, sqlite; did you mean 'postgresql'?");
  EXPECT_EQ(ClassOf(text.status()), ErrorClass::kUser);
}

TEST(OptionTableTest, ARowPerOption) {
  EXPECT_EQ(
      OptionTable(TestDestinations().front().options),
      "| key | value | default | |\n"
      "|---|---|---|---|\n"
      "| `path` | path | (required) | The directory. E.g. `./lake`. |\n"
      "| `target_file_size` | a size like 64MiB (at least 1B) | `256MiB` | Size of a file. |\n"
      "| `compression` | `auto` `snappy` `none` | `auto` | The codec. |\n"
      "| `encodings` | `compatible` | `compatible` | How values are encoded. |\n");
}

}  // namespace
}  // namespace headrace
