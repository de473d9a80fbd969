#include "headrace/run/table_history.h"

namespace headrace {

arrow::Result<std::optional<CommitRecord>> LastCursorOf(const Job& job, const TableJob& table,
                                                        Destination& destination) {
  if (!table.load.is_transactional()) return std::nullopt;
  return destination.LastCursorCommit(table.table, job.name, table.load.cursor);
}

arrow::Result<TableHistory> HistoryOf(const arrow::Result<std::optional<CommitRecord>>& before,
                                      const Job& job, const TableJob& table,
                                      Destination& destination) {
  TableHistory history;
  if (!table.load.is_transactional()) return history;
  ARROW_ASSIGN_OR_RAISE(history.last_cursor_before, before);
  // In this order: the commit is refused if it is not the next one after `last`, so that no other
  // may come between `last_cursor`, where the window begins, and that.
  ARROW_ASSIGN_OR_RAISE(history.last, destination.LastCommit(table.table));
  ARROW_ASSIGN_OR_RAISE(history.last_cursor, LastCursorOf(job, table, destination));
  if (table.load.backfill) {
    ARROW_ASSIGN_OR_RAISE(history.all, destination.Commits(table.table));
  }
  return history;
}

}  // namespace headrace
