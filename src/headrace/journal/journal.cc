#include "headrace/journal/journal.h"

#include <system_error>

#include "headrace/journal/sqlite_journal.h"

namespace headrace {

arrow::Result<std::unique_ptr<Journal>> Journal::Open(const std::filesystem::path& state) {
  std::error_code error;
  std::filesystem::create_directories(state, error);
  if (error) {
    return UserError("cannot make the state folder " + state.string() + ": " + error.message() +
                     "; name another one with `state:`");
  }
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<SqliteJournal> journal,
                        SqliteJournal::Open(state / "journal.db"));
  return std::unique_ptr<Journal>(std::move(journal));
}

arrow::Result<std::unique_ptr<Journal>> Journal::OpenInMemory() {
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<SqliteJournal> journal, SqliteJournal::Open(":memory:"));
  return std::unique_ptr<Journal>(std::move(journal));
}

}  // namespace headrace
