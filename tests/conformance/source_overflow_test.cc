#include <arrow/type.h>

#include "conformance/source_suite.h"

namespace headrace {
namespace {

/// A table t (id, v) of two rows, the second of which does not fit.
class OverflowTable {
 public:
  static std::string Create(const SourceQuirks& quirks) {
    const OverflowCase& values = quirks.overflow;
    return "CREATE TABLE t (id BIGINT PRIMARY KEY, v " + values.type +
           "); INSERT INTO t VALUES (1, " + values.fitting + "), (22, " + values.unfit + ")";
  }
};

TEST_P(SourceConformance, AValueThatDoesNotFitIsAnErrorThatNamesColumnAndRow) {
  Make(OverflowTable::Create(quirks()));
  const TableJob job = JobOf("t");
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  EXPECT_TRUE(planned.plan.description.FindColumn("v")->may_overflow);
  const auto session = snapshot->Attach({}).ValueOrDie();
  arrow::Status status;
  for (const WorkUnit& unit : planned.units) {
    status &= ReadUnitRows(*session, planned.plan, unit).status();
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ClassOf(status), ErrorClass::kPermanent) << status;
  EXPECT_NE(status.message().find("\"v\""), std::string::npos) << status;
  EXPECT_NE(status.message().find("22"), std::string::npos) << status;
}

TEST_P(SourceConformance, ThePolicyNullCountsWhatItTurnsToNull) {
  Make(OverflowTable::Create(quirks()));
  TableJob job = JobOf("t");
  job.on_overflow = OverflowPolicy::kNull;
  job.partition.strategy = Strategy::kNone;
  const auto snapshot = OpenSnapshot({job.table});
  const PlannedTable planned = Plan(*snapshot, job);
  const auto session = snapshot->Attach({}).ValueOrDie();
  const auto reader = session->Open(planned.plan, planned.units[0], {}, {}).ValueOrDie();
  EXPECT_EQ(Sorted(ReadRemaining(*reader).ValueOrDie()),
            (TextRows{{"1", quirks().overflow.fitting_read}, {"22", "null"}}));
  EXPECT_EQ(reader->nulled_values(), 1);
}

TEST_P(SourceConformance, ThePolicyStringReadsTheSourcesOwnText) {
  Make(OverflowTable::Create(quirks()));
  TableJob job = JobOf("t");
  job.columns = {{.name = "id"}, {.name = "v", .on_overflow = OverflowPolicy::kString}};
  EXPECT_EQ(Sorted(ReadJob(job)), (TextRows{{"1", quirks().overflow.fitting_text},
                                            {"22", quirks().overflow.unfit_text}}));
}

}  // namespace
}  // namespace headrace
