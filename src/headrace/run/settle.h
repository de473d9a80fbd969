#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "headrace/destination/destination.h"
#include "headrace/journal/journal.h"
#include "headrace/run/coordinator.h"

namespace headrace {

/// Carries out every open intent of `run`: asks the destination what became of it, commits it if
/// nothing did, and writes the record to the journal. One that can never be carried out becomes
/// void in the journal, and its staging is removed. Returns a sentence for each. An error leaves
/// the intent open: nothing else may be done for its table; with kGiveUp it makes it void instead.
/// Of kUnknownCommitCode it says how that is done.
arrow::Result<std::vector<std::string>> SettleOpenIntents(const RunParts& parts,
                                                          const std::string& run,
                                                          OnDoubt on_doubt = OnDoubt::kStop);

/// Decides, journals and publishes the commit of one table whose receipts cover its units. Repeats
/// what is transient, `retries` times at most. After an error past the intent the table has an open
/// intent: the next run settles it. Only kVoidIntentCode leaves none: the next run loads the table
/// anew.
arrow::Result<CommitRecord> CommitTable(const TableTarget& target,
                                        const std::vector<Receipt>& receipts, int64_t sequence,
                                        int retries, Destination& destination, Journal& journal,
                                        std::stop_token stop);

}  // namespace headrace
