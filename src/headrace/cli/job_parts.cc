#include "headrace/cli/job_parts.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include "headrace/observe/shell_word.h"
#include "headrace/registry/builtin.h"
#include "headrace/run/backfill.h"
#include "headrace/run/run_id.h"

namespace headrace {
namespace {

constexpr std::string_view kDefaultJobFile = "job.yaml";
/// As journal/journal.h says.
constexpr std::string_view kJournalFile = "journal.db";

/// Nothing where `text` is no number above zero.
std::optional<int> PositiveNumber(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = error == std::errc() && end == text.data() + text.size() && value > 0;
  return good ? std::optional<int>(value) : std::nullopt;
}

/// `--workers N` or `N,MAX` as keys of the job: the parser knows their bounds.
arrow::Status AddWorkers(const std::string& workers, JobOverrides& overrides) {
  const size_t comma = workers.find(',');
  const std::string initial = workers.substr(0, comma);
  const std::string most = comma == std::string::npos ? initial : workers.substr(comma + 1);
  const std::optional<int> initial_number = PositiveNumber(initial);
  const std::optional<int> most_number = PositiveNumber(most);
  if (!initial_number.has_value() || !most_number.has_value()) {
    return UserError(
        "--workers is a number, or two with a comma (to begin with, and the most), not \"" +
        workers + "\"");
  }
  if (*most_number < *initial_number) {
    return UserError("--workers " + workers +
                     ": the most workers must not be fewer than those to begin with");
  }
  overrides.push_back("engine.workers.initial=" + initial);
  overrides.push_back("engine.workers.max=" + most);
  return arrow::Status::OK();
}

/// `by_option`: the command takes it by `--job`, not as its argument.
arrow::Result<std::filesystem::path> FindJobFile(const std::optional<std::string>& given,
                                                 bool by_option) {
  std::error_code error;
  if (given.has_value()) {
    if (given->find("://") == std::string::npos || std::filesystem::exists(*given, error)) {
      return std::filesystem::path(*given);
    }
    return UserError(
        "a job file is expected here, not a URI; `headrace inspect URI` looks at a source");
  }
  if (std::filesystem::exists(kDefaultJobFile, error)) {
    return std::filesystem::path(kDefaultJobFile);
  }
  return UserError("which job? There is no job.yaml in this folder: name the file" +
                   std::string(by_option ? " by --job FILE" : "") +
                   ", or let `headrace init` write one");
}

/// A folder that was named and is not there is a typing error; a job's own is made by its first
/// run.
arrow::Status ExpectFolder(const std::filesystem::path& state) {
  using std::filesystem::file_type;
  std::error_code error;
  const file_type type = std::filesystem::status(state, error).type();
  if (type == file_type::not_found && state.string().find("://") != std::string::npos) {
    return UserError("--state names a folder that runs have kept their journal in, not a URL");
  }
  if (type == file_type::not_found) {
    return UserError("there is no folder " + state.string() +
                     "; --state names one that runs have kept their journal in");
  }
  // What cannot be looked at is told by HasJournal.
  if (type == file_type::directory || error) return arrow::Status::OK();
  return UserError(state.string() +
                   " is no folder; --state names one that runs have kept their journal in");
}

arrow::Status ExpectJournal(const std::filesystem::path& state) {
  ARROW_ASSIGN_OR_RAISE(const bool has_journal, HasJournal(state));
  if (has_journal) return arrow::Status::OK();
  return UserError("there has been no run yet: " + state.string() + " holds no journal");
}

}  // namespace

arrow::Result<Job> LoadJob(const CommandLine& line, const std::optional<std::string>& given,
                           const std::stop_token& stop, JobUse use) {
  ARROW_ASSIGN_OR_RAISE(const std::filesystem::path file, FindJobFile(given, &given == &line.job));
  JobOverrides overrides = line.set;
  if (line.workers.has_value()) ARROW_RETURN_NOT_OK(AddWorkers(*line.workers, overrides));
  ARROW_ASSIGN_OR_RAISE(
      Job job, ParseJobFile(file, SourceOptions(), DestinationOptions(), overrides, stop, use));
  job.words.set.resize(line.set.size());  // --workers is of one run, not of the job.
  if (line.from.has_value() || line.to.has_value()) {
    ARROW_RETURN_NOT_OK(SetBackfill({.from = line.from, .to = line.to}, line.only, job));
  }
  return job;
}

arrow::Result<JobParts> MakeJobParts(Job job, const std::stop_token& stop) {
  JobParts parts{.job = std::move(job), .source = {}, .destination = {}, .engine = {}};
  ARROW_ASSIGN_OR_RAISE(parts.source, MakeSource(parts.job.source, SourceUse::kCopy));
  ARROW_ASSIGN_OR_RAISE(
      parts.destination,
      MakeDestination(parts.job.destination,
                      {.job = parts.job.name, .state = parts.job.state, .stop = stop}));
  ARROW_ASSIGN_OR_RAISE(parts.engine, MakeEngine(parts.job));
  return parts;
}

arrow::Result<RunScope> FindRunScope(const CommandLine& line, const std::stop_token& stop) {
  if (line.state.has_value()) {
    ARROW_RETURN_NOT_OK(ExpectFolder(*line.state));
    return RunScope{.state = *line.state,
                    .job = {},
                    .options = " --state " + ShellWord(*line.state),
                    .words = {.file = "FILE", .set = {}}};
  }
  ARROW_ASSIGN_OR_RAISE(Job job, LoadJob(line, line.job, stop, JobUse::kRuns));
  return RunScope{.state = std::move(job.state),
                  .job = std::move(job.name),
                  .options = job.words.AsOption(),
                  .words = std::move(job.words)};
}

arrow::Result<bool> HasJournal(const std::filesystem::path& state) {
  std::error_code error;
  const bool there = std::filesystem::exists(state / kJournalFile, error);
  if (!error || error == std::errc::not_a_directory) return there;
  return UserError("cannot look into the state folder " + state.string() + ": " + error.message());
}

arrow::Status CheckState(const std::filesystem::path& state) {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::absolute(state, error);
  while (!std::filesystem::exists(folder, error) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  if (!std::filesystem::is_directory(folder, error)) {
    return UserError("the state folder " + state.string() + " cannot be made: " + folder.string() +
                     " is no folder; check `state:`");
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    return UserError(
        "the state folder " + state.string() + " cannot be written: " + folder.string() + ": " +
        std::generic_category().message(errno) + "; check `state:` and the rights on that folder");
  }
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  if (!error && space.available == 0) {
    return PermanentError("the state folder " + state.string() +
                              " cannot be written: no space is left on the filesystem of " +
                              folder.string(),
                          "ENOSPC");
  }
  ARROW_ASSIGN_OR_RAISE(const bool has_journal, HasJournal(state));
  return has_journal ? Journal::Open(state).status() : arrow::Status::OK();
}

arrow::Result<std::unique_ptr<Journal>> OpenExistingJournal(const std::filesystem::path& state) {
  ARROW_RETURN_NOT_OK(ExpectJournal(state));
  return Journal::Open(state);
}

arrow::Result<std::unique_ptr<Journal>> OpenJournalToRead(const std::filesystem::path& state) {
  ARROW_RETURN_NOT_OK(ExpectJournal(state));
  return Journal::OpenToRead(state);
}

arrow::Result<JournalRun> FindRun(Journal& journal, const std::string& name, const std::string& job,
                                  const std::string& options) {
  if (name == kLatestRun) {
    ARROW_ASSIGN_OR_RAISE(std::vector<JournalRun> runs, journal.Runs(job));
    if (!runs.empty()) return std::move(runs.front());
    return UserError("there has been no run " + (job.empty() ? "" : "of job " + job + " ") + "yet");
  }
  ARROW_ASSIGN_OR_RAISE(auto run, journal.FindRun(name));
  if (!run.has_value()) {
    return UserError(
        "there is no run \"" + name + "\"; `headrace runs" + options +
        "` lists those that are known" +
        std::string(name.ends_with(".yaml") ? ", and a job file is named by --job FILE" : ""));
  }
  if (job.empty() || run->job == job) return std::move(*run);
  return UserError("run " + name + " is of job " + run->job + ", not of job " + job +
                   ": name the file of job " + run->job + " by --job");
}

}  // namespace headrace
