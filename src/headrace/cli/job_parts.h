#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "headrace/cli/command_line.h"
#include "headrace/config/job.h"
#include "headrace/config/parser.h"
#include "headrace/destination/destination.h"
#include "headrace/journal/journal.h"
#include "headrace/model/error.h"
#include "headrace/run/engine.h"
#include "headrace/source/source.h"

namespace headrace {

/// Reads the job file with `--set` and `--workers` applied. `given` is the line's argument or its
/// `job`, whichever the command takes; without a value it is job.yaml of the present folder.
arrow::Result<Job> LoadJob(const CommandLine& line, const std::optional<std::string>& given,
                           const std::stop_token& stop, JobUse use = JobUse::kAll);

/// A job and what it names, made but not yet connected.
struct JobParts {
  Job job;
  std::unique_ptr<Source> source;
  std::unique_ptr<Destination> destination;
  std::unique_ptr<Engine> engine;
};

/// `stop` ends waiting for other processes.
arrow::Result<JobParts> MakeJobParts(Job job, const std::stop_token& stop);

/// Whose runs a command is about.
struct RunScope {
  std::filesystem::path state;
  std::string job;      ///< Its runs alone; empty: those of every job of the folder.
  std::string options;  ///< ` --state DIR` or ` --job FILE …`, as the command line said.
  JobWords words;  ///< For proposed commands; of a folder alone, a placeholder for the job file.
};

/// The folder that `--state` names, with the runs of all its jobs; without it the job's runs. An
/// error of class user where the folder that was named is not there.
arrow::Result<RunScope> FindRunScope(const CommandLine& line, const std::stop_token& stop);

/// True if `state` holds a journal: some command has run there. Errors of class user where this
/// user may not look.
arrow::Result<bool> HasJournal(const std::filesystem::path& state);

/// Could a run keep its journal and lock in `state`? Only looks. Errors of class user.
arrow::Status CheckState(const std::filesystem::path& state);

/// Opens the journal in `state`; an error of class user where there is none, instead of making one.
arrow::Result<std::unique_ptr<Journal>> OpenExistingJournal(const std::filesystem::path& state);

/// The same for a command that only looks: also where this user may not write.
arrow::Result<std::unique_ptr<Journal>> OpenJournalToRead(const std::filesystem::path& state);

/// The run of `job` (of any, if empty) called `name`, where `latest` is the last one that was
/// begun. Errors of class user; `options` are those behind the `headrace runs` that they propose.
arrow::Result<JournalRun> FindRun(Journal& journal, const std::string& name, const std::string& job,
                                  const std::string& options);

}  // namespace headrace
