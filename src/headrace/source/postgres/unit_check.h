#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/description.h"
#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/model/work_unit.h"
#include "headrace/source/postgres/known_name.h"
#include "headrace/source/postgres/transaction.h"

namespace headrace {

/// The labels of these enums, as they are now.
arrow::Result<std::vector<LabelledType>> ReadLabels(PgConnection& connection,
                                                    std::span<const std::string> enums,
                                                    const std::stop_token& stop);

/// A question to the server behind a unit: whether what was read is what the plan was made for.
/// Nothing holds up whoever renames a schema or a label, whatever locks and snapshot there are, and
/// each unit looks names up anew, and sends labels as they are. To be asked on the connection that
/// read the unit, behind it: a server process knows the catalogue as of when it last heard of a
/// change, so that its answer is never older than its own look-ups for the unit.
struct UnitCheck {
  std::string label;  ///< Of the table, for people.
  std::string sql;    ///< Gives one row: whether it still is that relation; a name that is another
                      ///< one; a type whose labels are other ones.
};

/// Asks for the relation that holds the rows of `unit`, for `names`, and for the labels of the
/// plan's types.
UnitCheck CheckOf(const TablePlan& plan, const WorkUnit& unit, std::span<const KnownName> names);

/// Asks it in `scope`, in one message. Error kSnapshotLostCode where something has changed.
arrow::Status RunCheck(PgConnection& connection, const StatementScope& scope,
                       const UnitCheck& check, const std::stop_token& stop);

/// The error of a unit, or that of the check where something has changed: what the server says of
/// another relation that has the name by now is no error of the job.
arrow::Status NameChange(PgConnection& connection, const StatementScope& scope,
                         const UnitCheck& check, const arrow::Status& status,
                         const std::stop_token& stop);

}  // namespace headrace
