#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "headrace/client/postgres/connection.h"
#include "headrace/model/error.h"
#include "headrace/source/postgres/transaction.h"
#include "headrace/source/source.h"

/// How far a cursor may be read so that a row which is written now and committed later is not lost.
///
/// A transaction has the value of now(), or the number of a sequence, long before others see its
/// row. So the bound is found before the snapshot is taken:
///
/// * times: the least of the server's clock, the start of the oldest transaction that runs and that
///   of the oldest statement that is worked on, less a second for those between the two. Where the
///   role may not see the start of a transaction (or it is prepared), it is waited for. A standby
///   shows nothing of what was committed after the last commit that it has replayed.
/// * integers: the greatest value that is visible; then all that runs is waited for. What begins
///   later gets greater numbers from the sequence.
///
/// The clock is read first, then what runs (RunningTransactions): what ended between the two is in
/// the snapshot.
namespace headrace {

/// A table's bound, or why there is none, and what it was found for.
struct PgCursorBound {
  arrow::Result<CursorBound> bound;
  std::string column;
  std::shared_ptr<arrow::DataType> type;
  uint64_t oid = 0;  ///< Of the relation; 0: a query.
};

/// By TableRef::directory().
using PgCursorBounds = std::map<std::string, PgCursorBound>;

/// The bounds of those of `tables` that ask for one, read in transactions of their own; `scope`
/// begins and ends each. Waits for running transactions as long as the requests say. Errors of the
/// connection, and kInterruptedCode; those of one table are in its bound.
arrow::Result<PgCursorBounds> ReadCursorBounds(PgConnection& connection,
                                               const StatementScope& scope,
                                               std::span<const SnapshotTable> tables,
                                               const std::stop_token& stop);

}  // namespace headrace
