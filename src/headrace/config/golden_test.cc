// Cases as files: testdata/NAME.yaml is a job, testdata/NAME.expected what the parser says of it:
// the errors, or the Job. Comments in a case make its surroundings: `# set: a.b=c`, `# env:
// NAME=VALUE`, `# file: PATH=CONTENT` (\n is a line end).
//
// HEADRACE_UPDATE_GOLDEN=1 in the environment writes what is expected anew; read the difference
// before it is committed.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "headrace/config/parser.h"
#include "headrace/config/schema.h"
#include "headrace/config/test_plugins.h"

namespace headrace {
namespace {

std::filesystem::path SourceDir() { return HEADRACE_SOURCE_DIR; }
std::filesystem::path Cases() { return SourceDir() / "src/headrace/config/testdata"; }

std::string ReadFile(const std::filesystem::path& path) {
  const std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool UpdatesGolden() { return std::getenv("HEADRACE_UPDATE_GOLDEN") != nullptr; }

std::vector<std::string> CaseNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(Cases())) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

/// What the comments of a case say.
struct Surroundings {
  JobOverrides overrides;
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;
};

std::pair<std::string, std::string> NameAndValue(const std::string& text) {
  const size_t equals = text.find('=');
  std::string value = text.substr(equals + 1);
  for (size_t at = value.find("\\n"); at != std::string::npos; at = value.find("\\n")) {
    value.replace(at, 2, "\n");
  }
  return {text.substr(0, equals), value};
}

Surroundings SurroundingsOf(const std::string& text) {
  Surroundings found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# set: ")) found.overrides.push_back(line.substr(7));
    if (line.starts_with("# env: ")) found.variables.insert(NameAndValue(line.substr(7)));
    if (line.starts_with("# file: ")) found.files.insert(NameAndValue(line.substr(8)));
  }
  return found;
}

Environment EnvironmentOf(const Surroundings& surroundings) {
  return {.variable = [&](const std::string& name) -> std::optional<std::string> {
            const auto variable = surroundings.variables.find(name);
            if (variable == surroundings.variables.end()) return std::nullopt;
            return variable->second;
          },
          .file = [&](const std::filesystem::path& path) -> arrow::Result<std::string> {
            const auto file = surroundings.files.find(path.string());
            if (file == surroundings.files.end()) {
              return UserError("cannot read " + path.string() + ": No such file or directory");
            }
            return file->second;
          }};
}

std::string Text(const OptionValues& values, std::string_view key) {
  const OptionValues::Value* value = values.Find(key);
  if (value == nullptr) return "(none)";
  if (const auto* text = std::get_if<std::string>(value)) return *text;
  if (const auto* number = std::get_if<int64_t>(value)) return std::to_string(*number);
  return std::get<bool>(*value) ? "true" : "false";
}

std::string PluginText(const PluginSettings& settings, const std::vector<PluginOptions>& plugins) {
  std::string text = settings.type;
  for (const PluginOptions& plugin : plugins) {
    if (plugin.type != settings.type) continue;
    for (const OptionSpec& option : plugin.options) {
      text += "\n  " + std::string(option.key) + ": " + Text(settings.values, option.key) +
              (settings.values.Find(option.key) == nullptr || settings.values.WasWritten(option.key)
                   ? ""
                   : " (default)");
    }
  }
  return text;
}

std::string ColumnText(const ColumnRequest& column) {
  std::string text = column.name;
  if (column.as) text += " as " + *column.as;
  if (column.type) text += " type " + *column.type;
  if (column.on_overflow) {
    text += " on_overflow " + std::string(OverflowPolicyName(*column.on_overflow));
  }
  return text;
}

std::string LoadText(const LoadSettings& load) {
  if (!load.is_transactional()) return {};
  return "\n  transactional by " + load.cursor + ", from " +
         load.initial.value_or("the first row") + ", settle " + std::to_string(load.settle_ms) +
         " ms, late rows are " + (load.late_rows == LateRows::kWarn ? "a warning" : "an error") +
         ", zone " + (load.cursor_timezone.empty() ? "of the server" : load.cursor_timezone);
}

std::string TableText(const TableJob& table) {
  std::ostringstream out;
  out << "table " << table.table.label() << "\n  directory: " << table.table.directory() << "\n";
  if (table.table.is_query()) out << "  query: " << table.table.query << "\n";
  for (const ColumnRequest& column : table.columns) {
    out << "  column: " << ColumnText(column) << "\n";
  }
  for (const std::string& column : table.exclude) out << "  exclude: " << column << "\n";
  if (!table.pattern.empty()) out << "  pattern: " << table.pattern << "\n";
  if (!table.where.empty()) out << "  where: " << table.where << "\n";
  out << "  write " << WriteModeName(table.write) << ", on_overflow "
      << OverflowPolicyName(table.on_overflow) << ", lineage " << table.lineage << "\n  partition "
      << StrategyName(table.partition.strategy) << ", column "
      << table.partition.column.value_or("(none)") << ", rows " << table.partition.target_rows
      << ", bytes " << table.partition.target_bytes << ", strict " << table.partition.strict
      << ", nulls " << NullRowsPolicyName(table.partition.nulls) << LoadText(table.load)
      << "\n  compression " << Text(table.destination, "compression") << "\n";
  return out.str();
}

std::string JobText(const Job& job) {
  std::ostringstream out;
  out << "job " << job.name << "\nsource " << PluginText(job.source, TestSources()) << "\n";
  for (const TableJob& table : job.tables) out << TableText(table);
  for (const PatternJob& entry : job.patterns) {
    out << "pattern " << entry.pattern.text() << ", " << entry.path << ", behind " << entry.position
        << " tables\n";
    for (const TablePattern& table : entry.exclude) out << "  without " << table.text() << "\n";
    out << "each " << TableText(entry.each);
  }
  out << "destination " << PluginText(job.destination, TestDestinations()) << "\nengine "
      << static_cast<int>(job.engine) << ", workers " << job.workers.initial << " to "
      << job.workers.max << ", max written " << job.workers.max_written << "\nlimits connections "
      << job.connections.value_or(0) << ", worker_memory " << job.worker_memory << ", retries "
      << job.retries << "\nverify " << static_cast<int>(job.verify) << "\nstate "
      << job.state.string() << "\nlogging " << job.logging.level << " " << job.logging.format
      << "\n";
  return out.str();
}

std::string Parse(const std::string& name) {
  const std::string text = ReadFile(Cases() / (name + ".yaml"));
  const Surroundings surroundings = SurroundingsOf(text);
  // A folder that is not there: nothing may depend on files beside the job.
  auto job = ParseJobText(text, "/jobs/" + name + ".yaml", TestSources(), TestDestinations(),
                          surroundings.overrides, EnvironmentOf(surroundings));
  if (job.ok()) return JobText(*job);
  EXPECT_EQ(ClassOf(job.status()), ErrorClass::kUser);
  std::string message = job.status().message() + "\n";
  for (size_t at = message.find("/jobs/"); at != std::string::npos; at = message.find("/jobs/")) {
    message.erase(at, 6);
  }
  return message;
}

class GoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, SaysWhatIsExpected) {
  const std::filesystem::path expected = Cases() / (GetParam() + ".expected");
  const std::string said = Parse(GetParam());
  if (UpdatesGolden()) std::ofstream(expected, std::ios::binary) << said;
  EXPECT_EQ(said, ReadFile(expected));
  const bool shows_secret = said.find("hunter2") != std::string::npos;
  EXPECT_TRUE(!shows_secret || GetParam().starts_with("valid_")) << "a secret is shown";
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenTest, testing::ValuesIn(CaseNames()),
                         [](const testing::TestParamInfo<std::string>& test) {
                           return test.param;
                         });

constexpr std::string_view kReferenceBegin =
    "<!-- reference: made from the parser's tables, checked by a test -->\n";
constexpr std::string_view kReferenceEnd = "<!-- end of reference -->\n";

TEST(JobFilePageTest, HoldsTheReference) {
  const std::filesystem::path page = SourceDir() / "docs/guide/job_file.md";
  std::string text = ReadFile(page);
  size_t begin = text.find(kReferenceBegin);
  ASSERT_NE(begin, std::string::npos) << page;
  begin += kReferenceBegin.size();
  const size_t end = text.find(kReferenceEnd, begin);
  ASSERT_NE(end, std::string::npos) << page;
  if (UpdatesGolden()) {
    text.replace(begin, end - begin, JobFileReference());
    std::ofstream(page, std::ios::binary) << text;
    return;
  }
  EXPECT_EQ(text.substr(begin, end - begin), JobFileReference());
}

TEST(JobFilePageTest, ItsFirstExampleIsAJob) {
  constexpr std::string_view kFence = "```";
  const std::string page = ReadFile(SourceDir() / "docs/guide/job_file.md");
  const size_t begin = page.find("name: ", page.find("```yaml"));
  ASSERT_NE(begin, std::string::npos);
  const std::string example = page.substr(begin, page.find(kFence, begin) - begin);
  const Surroundings surroundings = {.files = {{"/run/secrets/shop", "secret"}}};
  const auto job = ParseJobText(example, "/jobs/shop.yaml", TestSources(), TestDestinations(), {},
                                EnvironmentOf(surroundings));
  ASSERT_TRUE(job.ok()) << job.status().message();
  EXPECT_EQ(job->tables.size(), 3U);
}

}  // namespace
}  // namespace headrace
