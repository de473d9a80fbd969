#include "headrace/config/parser.h"

#include <array>
#include <string_view>
#include <system_error>
#include <utility>

#include "headrace/config/digest.h"
#include "headrace/config/job_builder.h"
#include "headrace/config/override.h"
#include "headrace/config/parameters.h"
#include "headrace/config/problems.h"
#include "headrace/config/section.h"
#include "headrace/config/section_reader.h"
#include "headrace/config/short_form.h"
#include "headrace/config/yaml_tree.h"
#include "headrace/model/utf8.h"

namespace headrace {
namespace {

/// Commands find it without its name.
constexpr std::string_view kDefaultJobFile = "job.yaml";

/// The keys that say where the runs of a job are kept.
constexpr std::array<std::string_view, 2> kPlaceOfRuns = {"name", "state"};

/// `headrace run /dev/stdin`, `headrace run <(…)`: no folder of the user's.
bool IsPipedIn(const std::filesystem::path& absolute) {
  const std::string text = absolute.lexically_normal().string();
  const bool of_process = text.starts_with("/proc/") && text.find("/fd/") != std::string::npos;
  return text == "/dev/stdin" || text.starts_with("/dev/fd/") || of_process;
}

arrow::Result<std::filesystem::path> FolderOf(const std::filesystem::path& file) {
  std::error_code error;
  auto absolute = std::filesystem::absolute(file, error);
  if (!error && IsPipedIn(absolute)) absolute = std::filesystem::absolute("job", error);
  if (error) {
    return UserError("cannot find the folder of " + file.string() + ": " + error.message());
  }
  // State and lake lie below it, and their journals and records are JSON.
  if (!IsUtf8(absolute.string())) {
    return UserError(absolute.string() +
                     ": this path is not UTF-8: rename the folder or the file, or put the job "
                     "elsewhere");
  }
  return absolute.parent_path();
}

}  // namespace

arrow::Result<Job> ParseJobText(std::string_view text, const std::filesystem::path& file,
                                std::span<const PluginOptions> sources,
                                std::span<const PluginOptions> destinations,
                                const JobOverrides& overrides, const Environment& environment,
                                JobUse use) {
  ARROW_ASSIGN_OR_RAISE(const auto folder, FolderOf(file));
  const Environment remembered = Remembered(environment);
  const Section shape = JobSection(sources, destinations);
  Problems problems(file.string());
  auto root = ParseYaml(text, problems);
  if (!root.has_value()) return problems.ToStatus();
  if (root->is_null()) {
    problems.Add(root->location, "",
                 "the file is empty; 'headrace init' writes a job to start from");
    return problems.ToStatus();
  }
  ExpandShortForms(shape, *root);
  ApplyOverrides(overrides, *root, problems);
  ExpandShortForms(shape, *root);  // A value of --set may be short, too.
  const WantedValues wanted = use == JobUse::kRuns ? WantedValues(kPlaceOfRuns) : WantedValues();
  const SectionValues values = ReadSections(shape, *root, remembered, folder, wanted, problems);
  Job job = use == JobUse::kRuns ? BuildPlaceOfRuns(values, problems) : BuildJob(values, problems);
  ARROW_RETURN_NOT_OK(problems.ToStatus());
  job.file = file;
  job.words = {.file = file == kDefaultJobFile ? "" : file.string(),
               .set = ShownOverrides(overrides, shape)};
  if (use == JobUse::kRuns) return job;
  job.text_digest = JobDigest(shape, *root, remembered, folder);
  job.parameters = FindParameters(shape, *root, overrides, remembered, folder);
  return job;
}

arrow::Result<Job> ParseJobFile(const std::filesystem::path& file,
                                std::span<const PluginOptions> sources,
                                std::span<const PluginOptions> destinations,
                                const JobOverrides& overrides, const std::stop_token& stop,
                                JobUse use) {
  ARROW_ASSIGN_OR_RAISE(const std::string text, ReadSmallFile(file, stop));
  auto job =
      ParseJobText(text, file, sources, destinations, overrides, Environment::OfProcess(stop), use);
  // What could not be read for the stop is told like a fault of the job.
  if (!job.ok() && stop.stop_requested()) {
    return InterruptedError().WithMessage(job.status().message());
  }
  return job;
}

}  // namespace headrace
