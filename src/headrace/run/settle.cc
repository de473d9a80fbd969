#include "headrace/run/settle.h"

#include <utility>

#include "headrace/run/backoff.h"

namespace headrace {
namespace {

/// Commits where nothing became of the intent; where something did, the same call finds it done and
/// returns its record.
arrow::Result<std::string> SettleIntent(const CommitIntent& intent, Destination& destination,
                                        Journal& journal) {
  ARROW_ASSIGN_OR_RAISE(const SettleOutcome outcome, destination.Settle(intent));
  ARROW_ASSIGN_OR_RAISE(const CommitRecord record, destination.Commit(intent));
  ARROW_RETURN_NOT_OK(journal.AddRecord(record));
  if (outcome == SettleOutcome::kCommitted) {
    return "table " + intent.label + ": the commit of run " + intent.run +
           " had succeeded; its record is now in the journal";
  }
  return "table " + intent.label + ": the interrupted commit of run " + intent.run +
         " was finished (" + std::to_string(intent.rows) + " rows)";
}

arrow::Result<CommitRecord> CommitWithRetries(const CommitIntent& intent, int retries,
                                              Destination& destination,
                                              const std::stop_token& stop) {
  for (int attempt = 1;; ++attempt) {
    auto record = destination.Commit(intent);
    if (record.ok() || ClassOf(record.status()) != ErrorClass::kTransient || attempt > retries) {
      return record;
    }
    if (!WaitFor(BackoffDelay(attempt + 1), stop)) return record;
  }
}

}  // namespace

arrow::Result<std::vector<std::string>> SettleOpenIntents(const std::string& run,
                                                          Destination& destination,
                                                          Journal& journal) {
  std::vector<std::string> done;
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, journal.Tables(run));
  for (const JournalTable& table : tables) {
    if (!table.has_open_intent()) continue;
    auto sentence = SettleIntent(*table.intent, destination, journal);
    if (!sentence.ok()) {
      return WithContext(sentence.status(), "cannot settle the open commit of table " +
                                                table.label + " (run " + run + ")");
    }
    done.push_back(std::move(*sentence));
  }
  return done;
}

arrow::Result<CommitRecord> CommitTable(const TableTarget& target,
                                        const std::vector<Receipt>& receipts, int64_t sequence,
                                        int retries, Destination& destination, Journal& journal,
                                        std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const CommitIntent intent, destination.Intend(target, receipts, sequence));
  ARROW_RETURN_NOT_OK(journal.AddIntent(intent));
  ARROW_ASSIGN_OR_RAISE(CommitRecord record, CommitWithRetries(intent, retries, destination, stop));
  ARROW_RETURN_NOT_OK(journal.AddRecord(record));
  return record;
}

}  // namespace headrace
