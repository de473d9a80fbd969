#include "headrace/journal/journal.h"

#include <unistd.h>

#include <string_view>

#include "headrace/journal/sqlite_journal.h"
#include "headrace/journal/state_folder.h"

namespace headrace {
namespace {

constexpr std::string_view kJournalFile = "journal.db";

}  // namespace

arrow::Result<std::unique_ptr<Journal>> Journal::Open(const std::filesystem::path& state) {
  ARROW_RETURN_NOT_OK(MakeStateFolder(state));
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<SqliteJournal> journal,
                        SqliteJournal::Open(state / kJournalFile));
  return std::unique_ptr<Journal>(std::move(journal));
}

arrow::Result<std::unique_ptr<Journal>> Journal::OpenToRead(const std::filesystem::path& state) {
  const std::filesystem::path file = state / kJournalFile;
  const bool writable = access(state.c_str(), W_OK | X_OK) == 0 && access(file.c_str(), W_OK) == 0;
  if (writable) return Open(state);
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<SqliteJournal> journal, SqliteJournal::OpenToRead(file));
  return std::unique_ptr<Journal>(std::move(journal));
}

arrow::Result<std::unique_ptr<Journal>> Journal::OpenInMemory() {
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<SqliteJournal> journal, SqliteJournal::Open(":memory:"));
  return std::unique_ptr<Journal>(std::move(journal));
}

}  // namespace headrace
