#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/model/error.h"
#include "headrace/source/sqlite/test_database.h"

namespace headrace::sqlite {

inline std::string Trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// A table of cases that people read: one a line, its fields between `|`, empty ones as well.
inline std::vector<std::vector<std::string>> ParseCases(std::string_view table, size_t fields) {
  std::vector<std::vector<std::string>> cases;
  std::istringstream lines{std::string(table)};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    std::istringstream rest(line);
    std::vector<std::string> parsed(fields);
    for (std::string& field : parsed) {
      std::getline(rest, field, '|');
      field = Trimmed(field);
    }
    cases.push_back(std::move(parsed));
  }
  return cases;
}

/// Of a table of one row, (41, v): its v, or with `-` that it does not fit, and where it lies.
inline void ExpectValueOrError(const arrow::Result<Rows>& rows, const std::string& expected) {
  if (expected != "-") {
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(rows->at(0).at(1), expected);
    return;
  }
  ASSERT_FALSE(rows.ok()) << rows->at(0).at(1);
  EXPECT_EQ(ClassOf(rows.status()), ErrorClass::kPermanent);
  EXPECT_NE(rows.status().message().find("column \"v\", rowid 41: "), std::string::npos)
      << rows.status();
}

}  // namespace headrace::sqlite
