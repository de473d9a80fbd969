#pragma once

#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/config/option.h"
#include "headrace/config/reference.h"
#include "headrace/model/error.h"

/// A job file on its way to a Job:
///
///   text ─ParseYaml─► YamlNode ─ExpandShortForms, ApplyOverrides─► YamlNode ─ReadSections─►
///   SectionValues ─BuildJob─► Job
///                                                       │             types, defaults, ${…}
///                                                       inheritance, contradictions └─JobDigest
///
/// Each step reports what it finds to one Problems, and the next goes on with what is left, so that
/// a person sees all of it at once.
namespace headrace {

/// `--set` assignments, e.g. `engine.workers.max=4`, `tables[0].where="id > 5"`,
/// `tables.public.events.write=append`. The right side is YAML: a scalar or a flow value. Applied
/// in order, before anything is checked.
using JobOverrides = std::vector<std::string>;

/// What a command wants of a job.
enum class JobUse {
  kAll,
  kRuns,  ///< Where its runs are, `name` and `state`, and `words`: what `${…}` elsewhere stand for
          ///< need not be known. Nothing else of such a Job means anything.
};

/// Reads the job file `file`. `sources`, `destinations`: the plug-ins that a job may name. One
/// error of class user holds everything that is wrong, one line per problem in the order of the
/// file (`FILE:LINE:COLUMN: KEY: what`); no secret is in it. kInterruptedCode where `stop` ends the
/// wait for a file that is a pipe.
arrow::Result<Job> ParseJobFile(const std::filesystem::path& file,
                                std::span<const PluginOptions> sources,
                                std::span<const PluginOptions> destinations,
                                const JobOverrides& overrides = {},
                                const std::stop_token& stop = {}, JobUse use = JobUse::kAll);

/// The same for a text that was read from `file`, with an environment of the caller's.
arrow::Result<Job> ParseJobText(std::string_view text, const std::filesystem::path& file,
                                std::span<const PluginOptions> sources,
                                std::span<const PluginOptions> destinations,
                                const JobOverrides& overrides, const Environment& environment,
                                JobUse use = JobUse::kAll);

}  // namespace headrace
