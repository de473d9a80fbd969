#include "headrace/run/choose_run.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <random>
#include <utility>

#include "headrace/run/settle.h"

namespace headrace {
namespace {

bool Contains(const std::vector<std::string>& list, const std::string& value) {
  return std::ranges::find(list, value) != list.end();
}

std::vector<std::string> DirectoriesOf(const std::vector<const TableJob*>& tables) {
  std::vector<std::string> directories;
  directories.reserve(tables.size());
  for (const TableJob* table : tables) directories.push_back(table->table.directory());
  return directories;
}

/// The run's commit records, from the journal and, where that lacks one, from the destination: a
/// journal that was lost must not make a run load a table twice.
arrow::Result<std::vector<CommitRecord>> CommittedTables(const RunParts& parts,
                                                         const std::string& run,
                                                         const std::vector<const TableJob*>& tables,
                                                         std::vector<std::string>& notes) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> journalled, parts.journal.Tables(run));
  std::vector<CommitRecord> committed;
  for (const TableJob* table : tables) {
    const auto known =
        std::ranges::find(journalled, table->table.directory(), &JournalTable::directory);
    if (known != journalled.end() && known->record.has_value()) {
      committed.push_back(*known->record);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto found,
                          parts.destination.FindCommit(parts.job.name, run, table->table));
    if (!found.has_value()) continue;
    ARROW_RETURN_NOT_OK(parts.journal.AddIntent(found->intent));
    ARROW_RETURN_NOT_OK(parts.journal.AddRecord(*found));
    notes.push_back("table " + found->intent.label + " was already loaded by run " + run +
                    ", as its commit record at the destination says");
    committed.push_back(std::move(*found));
  }
  return committed;
}

/// Fills in what is there and what is left of `scope`, of which this process wants `wanted`.
arrow::Status DivideTables(const RunParts& parts, const std::vector<const TableJob*>& wanted,
                           ChosenRun& chosen) {
  ARROW_ASSIGN_OR_RAISE(chosen.committed, CommittedTables(parts, chosen.run, wanted, chosen.notes));
  for (const TableJob* table : wanted) {
    const std::string directory = table->table.directory();
    const bool there = std::ranges::any_of(chosen.committed, [&](const CommitRecord& record) {
      return record.intent.table == directory;
    });
    if (!there && Contains(chosen.scope, directory)) chosen.tables.push_back(table);
  }
  chosen.nothing_to_do = chosen.tables.empty();
  return arrow::Status::OK();
}

/// The latest unfinished run of the job. There is at most one: a new run starts only when none is
/// left.
arrow::Result<std::optional<JournalRun>> FindUnfinished(const RunParts& parts) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalRun> runs, parts.journal.Runs(parts.job.name));
  const auto found = std::ranges::find_if(runs, &JournalRun::unfinished);
  if (found == runs.end()) return std::nullopt;
  return *found;
}

arrow::Result<ChosenRun> StartRun(const RunParts& parts, const RunRequest& request,
                                  const std::string& started_at) {
  ChosenRun chosen;
  chosen.is_new = true;
  chosen.run = request.run_id.value_or(MakeRunId());
  ARROW_ASSIGN_OR_RAISE(const std::vector<const TableJob*> wanted,
                        SelectTables(parts.job, request.only));
  chosen.scope = DirectoriesOf(wanted);
  ARROW_RETURN_NOT_OK(parts.journal.BeginRun({.run = chosen.run,
                                              .job = parts.job.name,
                                              .text_digest = parts.job.text_digest,
                                              .state = RunState::kRunning,
                                              .started_at = started_at,
                                              .ended_at = {},
                                              .report = {},
                                              .scope = chosen.scope}));
  ARROW_RETURN_NOT_OK(DivideTables(parts, wanted, chosen));
  return chosen;
}

arrow::Status JobChanged(const JournalRun& run) {
  return UserError("the job file has changed since run " + run.run +
                   " began, and that run has already loaded some of its tables. Restore the job "
                   "file and run again to finish it, or "
                   "give it up with `headrace abandon " +
                   run.run + "`");
}

arrow::Result<bool> HasCommittedTable(const RunParts& parts, const JournalRun& run) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts.journal.Tables(run.run));
  return std::ranges::any_of(tables,
                             [](const JournalTable& table) { return table.record.has_value(); });
}

arrow::Result<ChosenRun> ContinueRun(const RunParts& parts, const RunRequest& request,
                                     const JournalRun& run, std::vector<std::string> notes) {
  ChosenRun chosen;
  chosen.run = run.run;
  chosen.notes = std::move(notes);
  chosen.scope = run.scope;
  ARROW_ASSIGN_OR_RAISE(const std::vector<const TableJob*> wanted,
                        SelectTables(parts.job, request.only));
  if (run.text_digest != parts.job.text_digest) {
    ARROW_ASSIGN_OR_RAISE(const bool has_committed, HasCommittedTable(parts, run));
    if (has_committed) return JobChanged(run);
    chosen.scope = DirectoriesOf(wanted);
  }
  ARROW_RETURN_NOT_OK(DivideTables(parts, wanted, chosen));
  if (!chosen.nothing_to_do) {
    chosen.notes.push_back("continuing run " + run.run + ", begun at " + run.started_at);
  }
  ARROW_RETURN_NOT_OK(parts.journal.ResumeRun(run.run, parts.job.text_digest, chosen.scope));
  return chosen;
}

/// A run that is over: done, failed in verification, or given up.
arrow::Result<ChosenRun> RepeatEndedRun(const RunParts& parts, const JournalRun& run) {
  if (run.state == RunState::kAbandoned) {
    return UserError("run " + run.run + " was abandoned; choose another --run-id");
  }
  ChosenRun chosen;
  chosen.run = run.run;
  chosen.scope = run.scope;
  chosen.nothing_to_do = true;
  chosen.verification_failed = run.state == RunState::kVerifyFailed;
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts.journal.Tables(run.run));
  for (const JournalTable& table : tables) {
    if (table.record.has_value()) chosen.committed.push_back(*table.record);
  }
  chosen.notes.push_back("run " + run.run + " was done at " + run.ended_at + "; nothing to do");
  return chosen;
}

arrow::Status OtherRunUnfinished(const std::string& wanted, const JournalRun& other) {
  return UserError("run " + other.run + " of this job is unfinished, so run " + wanted +
                   " cannot start. Finish it with `headrace run --resume`, or give it up with "
                   "`headrace abandon " +
                   other.run + "`");
}

/// True if every table of the run's scope is committed: settling was all that it needed.
arrow::Result<bool> IsComplete(const RunParts& parts, const JournalRun& run) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<JournalTable> tables, parts.journal.Tables(run.run));
  return std::ranges::all_of(run.scope, [&](const std::string& directory) {
    const auto table = std::ranges::find(tables, directory, &JournalTable::directory);
    return table != tables.end() && table->record.has_value();
  });
}

arrow::Result<ChosenRun> ChooseByRunId(const RunParts& parts, const RunRequest& request,
                                       const std::optional<JournalRun>& unfinished,
                                       std::vector<std::string> notes,
                                       const std::string& started_at) {
  if (unfinished.has_value() && unfinished->run == *request.run_id) {
    return ContinueRun(parts, request, *unfinished, std::move(notes));
  }
  ARROW_ASSIGN_OR_RAISE(const auto known, parts.journal.FindRun(*request.run_id));
  if (known.has_value() && known->job != parts.job.name) {
    return UserError("run " + known->run + " belongs to job \"" + known->job +
                     "\"; choose another --run-id");
  }
  if (known.has_value()) return RepeatEndedRun(parts, *known);
  if (unfinished.has_value()) {
    ARROW_ASSIGN_OR_RAISE(const bool complete, IsComplete(parts, *unfinished));
    if (!complete) return OtherRunUnfinished(*request.run_id, *unfinished);
    ARROW_RETURN_NOT_OK(parts.journal.EndRun(unfinished->run, RunState::kDone, unfinished->report));
  }
  ARROW_ASSIGN_OR_RAISE(ChosenRun chosen, StartRun(parts, request, started_at));
  chosen.notes.insert(chosen.notes.begin(), notes.begin(), notes.end());
  return chosen;
}

}  // namespace

std::string MakeRunId() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  constexpr uint32_t kRandomMask = 0xFFFFFF;
  std::random_device random;
  std::array<char, 32> text{};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  const size_t length = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%S-", &utc);
  std::array<char, 8> suffix{};
  std::snprintf(suffix.data(), suffix.size(), "%06x", random() & kRandomMask);
  return std::string(text.data(), length) + suffix.data();
}

arrow::Result<std::vector<const TableJob*>> SelectTables(const Job& job,
                                                         const std::vector<std::string>& only) {
  std::vector<const TableJob*> selected;
  for (const TableJob& table : job.tables) {
    if (only.empty() || Contains(only, table.table.label()) ||
        Contains(only, table.table.directory())) {
      selected.push_back(&table);
    }
  }
  for (const std::string& name : only) {
    const bool found = std::ranges::any_of(job.tables, [&](const TableJob& table) {
      return table.table.label() == name || table.table.directory() == name;
    });
    if (!found) return UserError("--only: the job has no table \"" + name + "\"");
  }
  return selected;
}

arrow::Result<ChosenRun> ChooseRun(const RunParts& parts, const RunRequest& request,
                                   const std::string& started_at) {
  ARROW_ASSIGN_OR_RAISE(const auto unfinished, FindUnfinished(parts));
  std::vector<std::string> notes;
  if (unfinished.has_value()) {
    ARROW_ASSIGN_OR_RAISE(notes,
                          SettleOpenIntents(unfinished->run, parts.destination, parts.journal));
  }
  if (request.run_id.has_value()) {
    return ChooseByRunId(parts, request, unfinished, std::move(notes), started_at);
  }
  if (unfinished.has_value()) return ContinueRun(parts, request, *unfinished, std::move(notes));
  if (request.resume) {
    ChosenRun chosen;
    chosen.nothing_to_do = true;
    chosen.notes.emplace_back("no run of this job is unfinished; nothing to resume");
    return chosen;
  }
  return StartRun(parts, request, started_at);
}

}  // namespace headrace
