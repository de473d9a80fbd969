#include "headrace/run/choice_text.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "headrace/observe/shell_word.h"
#include "headrace/run/backfill.h"
#include "headrace/run/run_id.h"

namespace headrace {
namespace {

constexpr std::string_view kWhatMakesAJob = "its file, --set, or what a ${…} in it stands for";

/// `a`, `a and b`, `a, b and c`.
std::string Enumerated(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 < names.size() ? ", " : " and ") + names[i];
  }
  return text;
}

/// The parameters of `job` that had another value when `run` began, each once.
std::vector<std::string> ChangedNames(const Job& job, const JournalRun& run) {
  std::vector<std::string> names;
  if (!run.parameters) return names;
  for (const JobParameter& parameter : ChangedParameters(*run.parameters, job.parameters)) {
    if (std::ranges::find(names, parameter.name) == names.end()) names.push_back(parameter.name);
  }
  return names;
}

/// What must be as it was for `run` to be what is meant, between commas; empty: it is.
std::string AsItWas(const Job& job, const JournalRun& run) {
  if (run.text_digest == job.text_digest) return {};
  const std::vector<std::string> names = ChangedNames(job, run);
  if (names.empty()) return ", with the job as it was,";
  return ", with " + Enumerated(names) + (names.size() == 1 ? " as it was," : " as they were,");
}

/// Whether `run` is a backfill, and this call is not of it.
bool IsOfOtherRange(const Job& job, const JournalRun& run) {
  return IsBackfill(run) && run.text_digest != job.text_digest;
}

/// The range that the rest of `run` is of: what this call has, where it is of the same. The journal
/// knows no values of another one.
std::string RangeOf(const Job& job, const JournalRun& run) {
  if (IsOfOtherRange(job, run)) return " --from … --to …";
  return IsBackfill(run) ? job.words.range : "";
}

/// How to load what an abandoned run has left, of which the job may have some no more. `as_it_was`:
/// with what it was for.
std::string LoadTheRest(const Job& job, const JournalRun& run, const std::vector<std::string>& left,
                        const std::string& as_it_was) {
  std::string only;
  std::vector<std::string> gone;
  std::unordered_set<std::string> labels;
  for (const TableJob& table : job.tables) labels.insert(table.table.label());
  for (const std::string& table : left) {
    if (labels.contains(table)) {
      only += " --only " + ShellWord(table);
    } else {
      gone.push_back(table);
    }
  }
  std::string text = "; the next run loads every table of the job";
  if (!only.empty()) {
    text = " and load what is left of it" + as_it_was + " with `headrace run" +
           WordsOf(job, run).AsArgument() + RangeOf(job, run) + only + "`" +
           (IsOfOtherRange(job, run) ? ", whose range is that of the run that is given up" : "") +
           ": without --only, tables that are published would be loaded once more";
  }
  if (gone.empty()) return text;
  return text + ". " + Enumerated(gone) + ", which " + (gone.size() == 1 ? "was" : "were") +
         " left of it, " + (gone.size() == 1 ? "is no table" : "are no tables") +
         " of the job any more";
}

/// What a run was for, whose tables in the job are `inside`.
std::string ScopeText(const TableJobs& inside) {
  return inside.empty() ? "other tables" : LabelsOf(inside);
}

std::string AreLoaded(const TableJobs& outside) {
  return std::string(outside.size() == 1 ? " is" : " are") +
         " loaded under another --run-id, by --only";
}

}  // namespace

JobWords WordsOf(const Job& job, const JournalRun& run) {
  JobWords words = job.words;
  for (const JobParameter& parameter : run.parameters.value_or(JobParameters())) {
    const auto key = SetKeyOf(parameter);
    const bool is_same = std::ranges::find(job.parameters, parameter) != job.parameters.end();
    if (key && !is_same) words = words.WithUnknownSet(*key);
  }
  return words;
}

arrow::Status RunAbandoned(const JournalRun& run, const std::vector<std::string>& left) {
  std::string text = "run " + run.run + " was abandoned; choose another --run-id";
  for (const std::string& table : left) {
    text += (&table == left.data() ? ", with --only " : " --only ") + ShellWord(table);
  }
  return UserError(text + (left.empty() ? ": its tables are all published"
                                        : ": the others of it are published"));
}

arrow::Status JobChanged(const Job& job, const JournalRun& run,
                         const std::vector<std::string>& left) {
  const std::vector<std::string> names = ChangedNames(job, run);
  const std::string change = names.empty()
                                 ? "the job has changed since run " + run.run + " began (" +
                                       std::string(kWhatMakesAJob) + ", or --from and --to)"
                                 : ChangeSince(job, run, {}) + " (run " + run.run + ")";
  // A job that was mended is meant for the rest as it is now; another value is for other rows.
  const std::string for_the_rest = names.empty() ? "" : AsItWas(job, run);
  return UserError(change + ", and that run has already loaded some of its tables. Restore " +
                   (names.empty() ? "the job" : "what it was") +
                   " and run again to finish it, or give it up with `" +
                   job.words.AbandonCommand(run.run) + "`" +
                   LoadTheRest(job, run, left, for_the_rest));
}

arrow::Status SourceChanged(const Job& job, const JournalRun& run, const std::string& place,
                            const std::vector<std::string>& left) {
  return UserError("run " + run.run + " has already loaded some of its tables from " + run.source +
                   ", and the source is " + place +
                   " now: the job leaves a part of that to the environment or to a service file. "
                   "The tables of one run come from one place, and one that has two names counts "
                   "as two. Restore that and run again to finish it, or give it up with `" +
                   job.words.AbandonCommand(run.run) + "`" + LoadTheRest(job, run, left, {}));
}

arrow::Status OtherRunUnfinished(const Job& job, const std::string& wanted, const JournalRun& other,
                                 const std::vector<std::string>& left) {
  return UserError("run " + other.run + " of this job is unfinished (" + Enumerated(left) +
                   (left.size() == 1 ? " is" : " are") + " left), so " + wanted +
                   " cannot start. Finish it" + AsItWas(job, other) + " with `headrace run" +
                   WordsOf(job, other).AsArgument() + " --resume`, or give it up with `" +
                   job.words.AbandonCommand(other.run) + "`");
}

std::string ChangeSince(const Job& job, const JournalRun& run, const std::string& place) {
  if (run.text_digest == job.text_digest) {
    return "the source is " + place + " now, where it was " + run.source;
  }
  const std::vector<std::string> names = ChangedNames(job, run);
  if (names.empty()) {
    return "the job has changed since it began (" + std::string(kWhatMakesAJob) +
           (IsBackfill(run) ? ", or --from and --to)" : ")");
  }
  return Enumerated(names) + (names.size() == 1 ? " has another value" : " have other values") +
         " than when it began";
}

arrow::Status OtherJobUnfinished(const Job& job, const std::string& wanted, const JournalRun& other,
                                 const std::string& place, const std::vector<std::string>& left) {
  return UserError("run " + other.run + " of this job is unfinished (" + Enumerated(left) +
                   (left.size() == 1 ? " is" : " are") + " left) and has published nothing, but " +
                   ChangeSince(job, other, place) + ": " + wanted +
                   " might not load what that was for, and cannot start. Repeat `--run-id " +
                   ShellWord(other.run) +
                   "`, called as it was, with the job as it was or, if that was wrong, as it is "
                   "meant to be, or give "
                   "the run up with `" +
                   job.words.AbandonCommand(other.run) + "`");
}

arrow::Status ResumeOfOtherJob(const Job& job, const JournalRun& run, const std::string& place) {
  return UserError("--resume only continues run " + run.run +
                   ", which has published nothing, but " + ChangeSince(job, run, place) +
                   ": leave --resume out, and a new run takes that over with the job as it is now");
}

arrow::Status SuccessorChanged(const Job& job, const std::string& asked,
                               const JournalRun& successor) {
  std::string text = "run " + asked + " was taken over by run " + successor.run +
                     ", which is of another job now than --run-id " + ShellWord(asked) +
                     " asks for (" + std::string(kWhatMakesAJob) +
                     ", or the place of its source). What is asked for, and is not loaded yet, is "
                     "loaded under another --run-id, by --only";
  if (successor.unfinished()) {
    text += ", when run " + successor.run + " is finished, by `--run-id " +
            ShellWord(successor.run) + "` with its own job, or given up with `" +
            job.words.AbandonCommand(successor.run) + "`";
  }
  return UserError(text);
}

arrow::Status BackfillUnfinished(const Job& job, const JournalRun& run,
                                 const std::vector<std::string>& left) {
  return UserError("run " + run.run + " of this job, a backfill, is unfinished (" +
                   Enumerated(left) + (left.size() == 1 ? " is" : " are") +
                   " left): repeat it with its --from and --to (and --only, where it had one), or "
                   "give it up with `" +
                   job.words.AbandonCommand(run.run) + "`");
}

std::string TakenOver(const JournalRun& run, const std::vector<std::string>& left) {
  return "run " + run.run + ", begun at " + run.started_at + ", has not loaded " +
         Enumerated(left) +
         ": a new run takes that over, so that the new rows of the others wait "
         "for nothing";
}

std::string TakenOverUnpublished(const JournalRun& run, const std::string& successor,
                                 const std::string& change) {
  return "run " + run.run + ", begun at " + run.started_at + ", has published nothing" +
         (change.empty() ? "" : ", and " + change) + ": run " + successor + " takes it over" +
         (change.empty() ? "" : " with the job as it is now") + ", and --run-id " +
         ShellWord(run.run) + " means that one from now on";
}

std::string TakenOverByOneForAll(const UnfinishedRun& other) {
  std::vector<std::string> tables;
  for (const UnfinishedTable& table : other.tables) {
    tables.push_back(table.label);
  }
  return ". It has published nothing: a new run that is for " + Enumerated(tables) +
         " takes it over, by another --run-id without --resume";
}

std::string OlderSnapshots(const std::vector<CommitRecord>& committed) {
  std::string text = "as of an earlier snapshot than what is loaded now:";
  for (const CommitRecord& record : committed) {
    text += std::string(&record == committed.data() ? " " : ", ") + record.intent.label +
            " (published at " + record.committed_at + ")";
  }
  return text;
}

arrow::Status NotPartOfRun(const JournalRun& run, const TableJobs& outside) {
  return UserError("--resume only continues run " + run.run + ", which does not include " +
                   NamedTables(outside) + "; leave --resume out to load that too");
}

arrow::Status NotPartOfDoneRun(const JournalRun& run, const TableJobs& inside,
                               const TableJobs& outside) {
  std::string text = "run " + run.run + " is done and was for " + ScopeText(inside) +
                     " only: " + NamedTables(outside) + ", which --only names," +
                     AreLoaded(outside);
  const std::string other = run.run + "-" + outside.front()->table.directory();
  if (outside.size() == 1 && CheckRunId(other).ok()) {
    text += ", e.g. --run-id " + ShellWord(other) + " --only " +
            ShellWord(outside.front()->table.label());
  }
  return UserError(text);
}

std::string ExtendedFor(const JournalRun& run, const TableJobs& inside, const TableJobs& outside) {
  return "run " + run.run + " was begun for " + ScopeText(inside) +
         (inside.empty() ? "" : " only") + ": it is for " + NamedTables(outside) +
         " too from now on";
}

std::string ChangedSinceDone() {
  return "the job has changed since (" + std::string(kWhatMakesAJob) +
         ", or the place that it reads): what is new in it is loaded under another --run-id, by "
         "--only";
}

std::string DoneRunWasFor(const JournalRun& run, const TableJobs& inside,
                          const TableJobs& outside) {
  return "run " + run.run + " was for " + ScopeText(inside) + " only: " + NamedTables(outside) +
         AreLoaded(outside);
}

}  // namespace headrace
