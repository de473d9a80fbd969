// tests/data/postgres_types/*.txt: literals, what the server prints for them, and what is read.

#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "headrace/source/postgres/test_database.h"

namespace headrace {
namespace {

constexpr std::string_view kOverflow = "overflow";

struct TypeCase {
  std::string literal;
  std::string server_text;
  std::string read;  ///< As CellText gives it, or kOverflow.
};

/// The cases of one column type.
struct TypeSection {
  std::string type;
  std::string arrow_type;
  std::string setup;
  int since = 0;  ///< First server version, e.g. 14.
  std::vector<TypeCase> cases;
};

std::string Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

std::vector<std::string> SplitCells(const std::string& line) {
  std::vector<std::string> cells;
  size_t begin = 0;
  for (size_t at = line.find(" | "); at != std::string::npos; at = line.find(" | ", begin)) {
    cells.push_back(Trimmed(std::string_view(line).substr(begin, at - begin)));
    begin = at + 3;
  }
  cells.push_back(Trimmed(std::string_view(line).substr(begin)));
  return cells;
}

/// `[` and `]` around a cell keep blanks at its ends: only where the section's type is text.
std::string Unbracketed(const std::string& cell) {
  return cell.starts_with("«") && cell.ends_with("»") ? cell.substr(2, cell.size() - 4) : cell;
}

TypeCase ParseCase(const std::string& line) {
  const std::vector<std::string> cells = SplitCells(line);
  TypeCase parsed{.literal = cells.at(0), .server_text = Unbracketed(cells.at(1)), .read = {}};
  parsed.read = cells.size() > 2 ? Unbracketed(cells.at(2)) : parsed.server_text;
  return parsed;
}

/// Lines: `type T = A`, then what belongs to it: `setup SQL`, `since N`, and `literal | server's
/// text [| read]`.
std::vector<TypeSection> ParseSections(const std::filesystem::path& path) {
  std::vector<TypeSection> sections;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("type ")) {
      const size_t equals = line.find(" = ");
      sections.push_back(
          {.type = line.substr(5, equals - 5), .arrow_type = line.substr(equals + 3)});
    } else if (line.starts_with("setup ")) {
      sections.back().setup += line.substr(6) + ";";
    } else if (line.starts_with("since ")) {
      sections.back().since = std::stoi(line.substr(6));
    } else {
      sections.back().cases.push_back(ParseCase(line));
    }
  }
  return sections;
}

std::filesystem::path CasesFolder() {
  return std::filesystem::path(HEADRACE_SOURCE_DIR) / "tests/data/postgres_types";
}

std::vector<std::string> CaseFiles() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(CasesFolder())) {
    names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

class TypeCases : public PostgresDatabaseTest, public testing::WithParamInterface<std::string> {
 protected:
  void CheckSection(const TypeSection& section, int number);
  void CheckServerText(const TypeSection& section, const TableRef& table);
  void CheckErrors(Snapshot& snapshot, const TypeSection& section, const TableRef& table);
  std::vector<std::string> Read(Snapshot& snapshot, const TableRef& table, OverflowPolicy policy);
};

/// One table per section: a row per case, then one with NULL.
void TypeCases::CheckSection(const TypeSection& section, int number) {
  SCOPED_TRACE("type " + section.type);
  if (writer_->server_version() / 10000 < section.since) return;
  ASSERT_FALSE(section.cases.empty());
  if (!section.setup.empty()) Run(section.setup);
  const TableRef table = Table("cases" + std::to_string(number));
  Run("CREATE TABLE " + table.name + " (n int PRIMARY KEY, v " + section.type + ")");
  int row = 0;
  for (const TypeCase& one : section.cases) {
    Run("INSERT INTO " + table.name + " VALUES (" + std::to_string(row++) + ", " + one.literal +
        ")");
  }
  Run("INSERT INTO " + table.name + " VALUES (" + std::to_string(row) + ", NULL)");
  CheckServerText(section, table);

  const auto snapshot = OpenSnapshot({table});
  const Description description = snapshot->Describe(table, {}).ValueOrDie();
  const Column& column = description.columns.at(1);
  EXPECT_EQ(column.type->ToString(), section.arrow_type);
  const bool overflows =
      std::ranges::any_of(section.cases, [](const TypeCase& one) { return one.read == kOverflow; });
  if (overflows) EXPECT_TRUE(column.may_overflow);

  const std::vector<std::string> read =
      Read(*snapshot, table, overflows ? OverflowPolicy::kNull : OverflowPolicy::kError);
  ASSERT_EQ(read.size(), section.cases.size() + 1);
  EXPECT_EQ(read.back(), "NULL");
  for (size_t i = 0; i < section.cases.size(); ++i) {
    const TypeCase& one = section.cases[i];
    EXPECT_EQ(read[i], one.read == kOverflow ? "NULL" : one.read) << one.literal;
  }
  CheckErrors(*snapshot, section, table);
  if (!column.may_overflow) return;
  const std::vector<std::string> texts = Read(*snapshot, table, OverflowPolicy::kString);
  for (size_t i = 0; i < section.cases.size(); ++i) {
    EXPECT_EQ(texts.at(i), section.cases[i].server_text) << section.cases[i].literal;
  }
}

/// The file says what the server says: asked by COPY in text format, which calls the output
/// function.
void TypeCases::CheckServerText(const TypeSection& section, const TableRef& table) {
  for (size_t i = 0; i < section.cases.size(); ++i) {
    const std::string text =
        Value("SELECT v FROM " + table.name + " WHERE n = " + std::to_string(i));
    EXPECT_EQ(text, section.cases[i].server_text) << section.cases[i].literal;
  }
}

/// Under the policy `error` each value that does not fit fails by itself, named by its key.
void TypeCases::CheckErrors(Snapshot& snapshot, const TypeSection& section, const TableRef& table) {
  const TablePlan plan = PlanOf(snapshot.Describe(table, {}).ValueOrDie());
  const auto session = snapshot.Attach({}).ValueOrDie();
  for (size_t i = 0; i < section.cases.size(); ++i) {
    if (section.cases[i].read != kOverflow) continue;
    const auto n = static_cast<int64_t>(i);
    const auto read = ReadUnit(*session, plan, IdRange{.column = "n", .lower = n, .upper = n + 1});
    ASSERT_FALSE(read.ok()) << section.cases[i].literal;
    EXPECT_EQ(ClassOf(read.status()), ErrorClass::kPermanent) << read.status();
    EXPECT_NE(read.status().message().find("\"v\""), std::string::npos) << read.status();
    EXPECT_NE(read.status().message().find("n = " + std::to_string(i)), std::string::npos)
        << read.status();
  }
}

std::vector<std::string> TypeCases::Read(Snapshot& snapshot, const TableRef& table,
                                         OverflowPolicy policy) {
  const auto read = ReadWhole(snapshot, table, policy);
  EXPECT_TRUE(read.ok()) << read.status();
  std::vector<std::string> values;
  if (!read.ok()) return values;
  for (const auto& row : TableText(**read)) values.push_back(row.at(1));
  return values;
}

TEST_P(TypeCases, ReadAsTheFileSays) {
  const std::vector<TypeSection> sections = ParseSections(CasesFolder() / (GetParam() + ".txt"));
  ASSERT_FALSE(sections.empty());
  int number = 0;
  for (const TypeSection& section : sections) CheckSection(section, number++);
}

INSTANTIATE_TEST_SUITE_P(Postgres, TypeCases, testing::ValuesIn(CaseFiles()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace headrace
