#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/run/job_plan.h"
#include "headrace/source/source.h"

/// What every source must do. A source joins with one file that describes its quirks and
/// instantiates SourceConformance; the tests are in source_*_test.cc and know no source by name.
namespace headrace {

/// Rows as text: what SELECT prints, `null` for NULL.
using TextRows = std::vector<std::vector<std::string>>;

/// An empty database of its own for one test, and a writer that is not the source.
class LiveSource {
 public:
  virtual ~LiveSource() = default;

  virtual Source& source() = 0;

  /// How a job names the table that SQL of the writer calls `name`.
  virtual TableRef Table(const std::string& name) const = 0;

  /// Runs statements as the writer; does not wait for ever for locks of the source.
  virtual arrow::Status Execute(const std::string& sql) = 0;

  virtual arrow::Result<TextRows> Query(const std::string& sql) = 0;

  /// What GetCapabilities must name.
  virtual std::vector<Strategy> strategies() const = 0;
};

/// A column whose values do not all fit, for `on_overflow`.
struct OverflowCase {
  std::string type;     ///< As declared.
  std::string fitting;  ///< SQL of a value that fits, and what is read.
  std::string fitting_read;
  std::string fitting_text;  ///< What is read of it as text.
  std::string unfit;         ///< SQL of one that does not.
  std::string unfit_text;
};

/// How sources differ where the suite must know.
struct SourceQuirks {
  std::string name;  ///< Of the instantiation.
  std::function<arrow::Result<std::unique_ptr<LiveSource>>()> open;
  SnapshotKind snapshot = SnapshotKind::kTransaction;
  /// A snapshot keeps writers waiting until it is gone: what they try meanwhile fails, and changes
  /// nothing. Where this is false, a write beside a snapshot has to succeed, or its test shows
  /// nothing.
  bool writers_wait = false;
  std::string bytes_type;
  std::string bytes_ab;  ///< SQL of the two bytes "AB" in that type.
  int most_columns = 0;  ///< Of a table; all of them INTEGER.
  OverflowCase overflow;
  /// SELECTs that try to write to table t (a BIGINT); each is refused somewhere before it yields
  /// rows.
  std::vector<std::string> writing_queries;
  std::string writing_setup;  ///< SQL that they need.
};

/// Names the instantiation's tests.
std::ostream& operator<<(std::ostream& out, const SourceQuirks& quirks);

class SourceConformance : public testing::TestWithParam<SourceQuirks> {
 protected:
  void SetUp() override;

  const SourceQuirks& quirks() const { return GetParam(); }
  Source& source() { return live_->source(); }

  /// Runs SQL as the writer; a failure fails the test.
  void Make(const std::string& sql);

  /// Runs SQL as the writer, beside a snapshot; fails the test unless it succeeds or, where
  /// `writers_wait`, fails.
  void WriteBesideSnapshot(const std::string& sql);

  /// Fills `table` by the expressions `values` over i = 1 … count.
  void Fill(const std::string& table, int count, const std::string& values);

  TextRows Select(const std::string& sql);

  TableJob JobOf(const std::string& table) const;

  /// `name` in the text of a query that the source runs.
  std::string Qualified(const std::string& name) const;

  static TableJob QueryJob(const std::string& sql);

  std::unique_ptr<Snapshot> OpenSnapshot(const std::vector<TableRef>& tables);

  /// The plan that a run would make; a failure is in `status`.
  PlannedTable Plan(Snapshot& snapshot, const TableJob& job);

  /// The same under a snapshot of its own; it may fail.
  PlannedTable PlanAlone(const TableJob& job);

  /// Plans, attaches one session and reads every unit.
  TextRows ReadJob(const TableJob& job);

  std::unique_ptr<LiveSource> live_;
};

/// Reads a unit from its serialised form, as a worker elsewhere would.
arrow::Result<TextRows> ReadUnitRows(Session& session, const TablePlan& plan, const WorkUnit& unit,
                                     const ReadLimits& limits = {}, std::stop_token stop = {});

/// All units, one after the other; fails the test where one fails.
TextRows ReadPlan(Session& session, const PlannedTable& planned);

/// Reads on to the end.
arrow::Result<TextRows> ReadRemaining(UnitReader& reader);

/// `rows` in an order of their own, to compare sets of rows.
TextRows Sorted(TextRows rows);

}  // namespace headrace
