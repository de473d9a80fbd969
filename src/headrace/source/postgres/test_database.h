#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/config/option.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/work_unit.h"
#include "headrace/source/source.h"

namespace headrace {

/// Cells as text; "NULL" where there is none.
using TextTable = std::vector<std::vector<std::string>>;

/// The URI in the file that HEADRACE_TEST_POSTGRES names.
std::string TestServerUri();

/// A test with a schema of its own on the test server; `connection` writes, the source reads. The
/// schema is the first one on the writer's search_path.
class PostgresDatabaseTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// Runs statements as the writer; a failure fails the test.
  void Run(const std::string& sql);

  /// One value, as text.
  std::string Value(const std::string& sql);

  TableRef Table(const std::string& name) const;

  /// A source with the server's URI and `options`.
  std::unique_ptr<Source> MakeSource(OptionValues options = {}) const;

  /// Opens a snapshot of `tables`; a failure fails the test.
  std::unique_ptr<Snapshot> OpenSnapshot(const std::vector<TableRef>& tables,
                                         OptionValues options = {});

  std::unique_ptr<PgConnection> writer_;
  std::string schema_;
};

/// A plan of all columns of `description` under `policy`, as one would be made by a run.
TablePlan PlanOf(const Description& description, OverflowPolicy policy = OverflowPolicy::kError);

WorkUnit UnitOf(Split split);

/// Reads a whole unit; batches are validated.
arrow::Result<std::shared_ptr<arrow::Table>> ReadUnit(Session& session, const TablePlan& plan,
                                                      const Split& split,
                                                      const ReadLimits& limits = {});

/// Describes, plans and reads all of `table` with one session.
arrow::Result<std::shared_ptr<arrow::Table>> ReadWhole(
    Snapshot& snapshot, const TableRef& table, OverflowPolicy policy = OverflowPolicy::kError);

/// Cells in the server's spelling: `t`, `2024-02-29`, `1e+20`; lists as `[1, NULL]`, structs as
/// `{a: 1}`, bytes as `\x…`.
std::string CellText(const arrow::Array& array, int64_t row);
TextTable TableText(const arrow::Table& table);

}  // namespace headrace
