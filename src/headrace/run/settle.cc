#include "headrace/run/settle.h"

#include <utility>

#include "headrace/model/backoff.h"
#include "headrace/model/wait_for.h"
#include "headrace/observe/human.h"

namespace headrace {
namespace {

arrow::Result<std::string> MakeVoid(const CommitIntent& intent, const std::string& reason,
                                    Journal& journal) {
  ARROW_RETURN_NOT_OK(journal.MakeIntentVoid(intent, reason));
  return "table " + intent.label + ": the commit that run " + intent.run +
         " had decided can never be made and is given up: " + reason;
}

/// Nobody knows whether it was published, and the person who says so takes it upon himself.
arrow::Result<std::string> GiveUpIntent(const CommitIntent& intent, const arrow::Status& doubt,
                                        Journal& journal) {
  const std::string reason = "given up by --give-up-commit; it could not be settled: ";
  ARROW_RETURN_NOT_OK(journal.MakeIntentVoid(intent, reason + doubt.message()));
  return "table " + intent.label + ": the open commit of run " + intent.run +
         " is given up, and it is not known whether its " + HumanNumberOf(intent.rows, "row") +
         (intent.rows == 1 ? " was" : " were") + " published to " + intent.target +
         ": look before the table is loaded again";
}

/// Commits where nothing became of the intent; where something did, the same call finds it done and
/// returns its record.
arrow::Result<std::string> SettleIntent(const CommitIntent& intent, Destination& destination,
                                        Journal& journal) {
  ARROW_ASSIGN_OR_RAISE(const Settlement settled, destination.Settle(intent));
  if (settled.outcome == SettleOutcome::kVoid) {
    return MakeVoid(intent, settled.reason, journal);
  }
  const auto committed = destination.Commit(intent);
  if (CodeOf(committed.status()) == kVoidIntentCode) {
    return MakeVoid(intent, committed.status().message(), journal);
  }
  ARROW_ASSIGN_OR_RAISE(const CommitRecord record, committed);
  ARROW_RETURN_NOT_OK(journal.AddRecord(record));
  if (settled.outcome == SettleOutcome::kCommitted) {
    return "table " + intent.label + ": the commit of run " + intent.run +
           " had succeeded; its record is now in the journal";
  }
  return "table " + intent.label + ": the interrupted commit of run " + intent.run +
         " was finished (" + HumanNumberOf(intent.rows, "row") + ")";
}

arrow::Status DiscardIntent(const CommitIntent& intent, Destination& destination) {
  return destination.Discard(intent.run, intent.table, intent.epoch);
}

/// Also what an earlier process noted as void and could not remove any more.
arrow::Status DiscardVoidIntents(const std::string& run, Destination& destination,
                                 Journal& journal) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<VoidIntent> intents, journal.VoidIntents(run));
  for (const VoidIntent& entry : intents) {
    const arrow::Status status = DiscardIntent(entry.intent, destination);
    if (!status.ok()) {
      return WithContext(
          status, "table " + entry.intent.label + ", removing what run " + run + " staged in vain");
    }
  }
  return arrow::Status::OK();
}

arrow::Status CannotSettle(const RunParts& parts, const JournalTable& table, const std::string& run,
                           const arrow::Status& status) {
  const std::string text = "cannot settle the open commit of table " + table.label + " (run " +
                           run + "): " + status.message();
  const bool may_pass = ClassOf(status) == ErrorClass::kTransient;
  if (may_pass || CodeOf(status) == kInterruptedCode) return status.WithMessage(text);
  // Also what somebody can mend, files in the way, say, is no fault of the command line: tables of
  // the run may be published. Only of what nothing tells any more a commit can be given up: others
  // may be made already.
  const bool nobody_knows = CodeOf(status) == kUnknownCommitCode;
  return PermanentError(
      text + (nobody_knows ? "; `" + parts.job.words.AbandonCommand(run) +
                                 " --give-up-commit` gives the commit up"
                           : ". Mend that, and run again: the commit is finished"),
      std::string(CodeOf(status)));
}

arrow::Result<CommitRecord> CommitWithRetries(const CommitIntent& intent, int retries,
                                              Destination& destination,
                                              const std::stop_token& stop) {
  for (int attempt = 1;; ++attempt) {
    auto record = destination.Commit(intent);
    if (record.ok() || ClassOf(record.status()) != ErrorClass::kTransient || attempt > retries ||
        CodeOf(record.status()) == kVoidIntentCode || CodeOf(record.status()) == kInterruptedCode) {
      return record;
    }
    if (!WaitFor(BackoffDelay(attempt + 1), stop)) return record;
  }
}

}  // namespace

arrow::Result<std::vector<std::string>> SettleOpenIntents(const RunParts& parts,
                                                          const std::string& run,
                                                          OnDoubt on_doubt) {
  Journal& journal = parts.journal;
  std::vector<std::string> done;
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, journal.Tables(run));
  for (const JournalTable& table : tables) {
    if (!table.has_open_intent()) continue;
    auto sentence = SettleIntent(*table.intent, parts.destination, journal);
    const bool interrupted = CodeOf(sentence.status()) == kInterruptedCode;
    if (!sentence.ok() && !interrupted && on_doubt == OnDoubt::kGiveUp) {
      sentence = GiveUpIntent(*table.intent, sentence.status(), journal);
    }
    if (!sentence.ok()) {
      return CannotSettle(parts, table, run, sentence.status());
    }
    done.push_back(std::move(*sentence));
  }
  ARROW_RETURN_NOT_OK(DiscardVoidIntents(run, parts.destination, journal));
  return done;
}

arrow::Result<CommitRecord> CommitTable(const TableTarget& target,
                                        const std::vector<Receipt>& receipts, int64_t sequence,
                                        int retries, Destination& destination, Journal& journal,
                                        std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const CommitIntent intent, destination.Intend(target, receipts, sequence));
  ARROW_RETURN_NOT_OK(journal.AddIntent(intent));
  auto committed = CommitWithRetries(intent, retries, destination, stop);
  if (CodeOf(committed.status()) == kVoidIntentCode) {
    ARROW_RETURN_NOT_OK(journal.MakeIntentVoid(intent, committed.status().message()));
    ARROW_RETURN_NOT_OK(DiscardIntent(intent, destination));
  }
  ARROW_ASSIGN_OR_RAISE(CommitRecord record, std::move(committed));
  ARROW_RETURN_NOT_OK(journal.AddRecord(record));
  return record;
}

}  // namespace headrace
