#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"
#include "headrace/model/table_plan.h"
#include "headrace/source/postgres/copy_decoder.h"
#include "headrace/source/postgres/pg_type.h"
#include "headrace/source/postgres/unit_query.h"

namespace headrace {

/// How the rows of one table are asked for and decoded; used for each of its units.
struct TableReading {
  std::string plan_id;
  std::string select_list;
  std::vector<PgTypePtr> types;  ///< Of the plan's columns, as the table has them.
  std::unique_ptr<CopyDecoder> decoder;
  bool raw_text = false;  ///< The server vouches for no encoding: the decoder checks each text.
};

/// The plan's columns as the table has them.
std::string PlainSelectList(const TablePlan& plan);

/// Asks the server for the types of the plan's columns, and whether the plan's filter, and with it
/// `condition` (ConditionOf), is one SQL condition and nothing around or behind it. `connection`
/// must hold a lock on `target`; the answer holds as long as it does. Error kSnapshotLostCode where
/// a column has another type than in the plan's description.
arrow::Result<TableReading> ReadTable(PgConnection& connection, const TablePlan& plan,
                                      const ReadTarget& target, const std::string& condition,
                                      const std::stop_token& stop);

/// Has the server plan what a unit of `target` with `condition` reads: it finds the job's SQL wrong
/// or a right missing, and reads no row.
arrow::Status TryReading(PgConnection& connection, const TablePlan& plan, const ReadTarget& target,
                         const std::string& condition, const std::stop_token& stop);

}  // namespace headrace
