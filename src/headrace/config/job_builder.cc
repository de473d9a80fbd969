#include "headrace/config/job_builder.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "headrace/config/enum_name.h"
#include "headrace/config/table_builder.h"

namespace headrace {
namespace {

constexpr std::array<std::string_view, 3> kEngineTypeNames = {"auto", "local", "sequential"};
constexpr std::array<std::string_view, 4> kVerifyLevelNames = {"off", "counts", "source",
                                                               "checksum"};

std::string_view EngineTypeName(EngineType type) {
  return kEngineTypeNames.at(static_cast<size_t>(type));
}
std::string_view VerifyLevelName(VerifyLevel level) {
  return kVerifyLevelNames.at(static_cast<size_t>(level));
}

PluginSettings BuildPlugin(const SectionValues& section) {
  return {.type = section.values.String("type").value_or(""), .values = section.values};
}

int IntegerOf(const OptionValues& values, std::string_view key, int otherwise) {
  return static_cast<int>(values.Integer(key).value_or(otherwise));
}

/// A bound that is written moves a default that is not.
WorkerSettings BuildWorkers(const SectionValues& workers, Problems& problems) {
  WorkerSettings settings;
  const bool initial = workers.values.WasWritten("initial");
  const bool max = workers.values.WasWritten("max");
  settings.initial = IntegerOf(workers.values, "initial", settings.initial);
  settings.max = IntegerOf(workers.values, "max", settings.max);
  settings.max_written = max;
  if (initial && max && settings.initial > settings.max) {
    problems.Add(workers.PlaceOf("initial"), workers.PathOf("initial"),
                 "more than 'max' (" + std::to_string(settings.max) + ")");
  }
  if (initial && !max) settings.max = std::max(settings.max, settings.initial);
  settings.initial = std::min(settings.initial, settings.max);
  return settings;
}

void BuildEngine(const SectionValues& engine, Problems& problems, Job& job) {
  job.engine = EnumByName(engine.values.String("type"), EngineTypeName, EngineType::kSequential)
                   .value_or(EngineType::kAuto);
  const SectionValues& workers = engine.Child("workers");
  job.workers = BuildWorkers(workers, problems);
  if (job.engine != EngineType::kSequential) return;
  if ((workers.values.WasWritten("initial") || workers.values.WasWritten("max")) &&
      job.workers.max > 1) {
    problems.Add(engine.PlaceOf("workers"), engine.PathOf("workers"),
                 "the engine 'sequential' has one worker; leave 'workers' out, or use 'local'");
  }
  job.workers = {.initial = 1, .max = 1, .max_written = true};
}

void BuildLimits(const OptionValues& limits, Job& job) {
  job.worker_memory = limits.Integer("worker_memory").value_or(job.worker_memory);
  job.retries = IntegerOf(limits, "retries", job.retries);
  if (const auto connections = limits.Integer("connections")) {
    job.connections = static_cast<int>(*connections);
    job.workers.max = std::min(job.workers.max, *job.connections - 1);  // one holds the snapshot
    job.workers.initial = std::min(job.workers.initial, job.workers.max);
  }
}

/// A URL would be taken for a folder of that name; it is not repeated, it may hold a secret.
std::string BuildState(const SectionValues& root, Problems& problems) {
  const std::string state = root.values.String("state").value_or("");
  if (state.find("://") != std::string::npos) {
    problems.Add(root.PlaceOf("state"), root.PathOf("state"),
                 "is a URL; journal and locks lie on a local disk: give a path");
  }
  return state;
}

}  // namespace

Job BuildPlaceOfRuns(const SectionValues& root, Problems& problems) {
  Job job;
  job.name = root.values.String("name").value_or("");
  job.state = BuildState(root, problems);
  return job;
}

Job BuildJob(const SectionValues& root, Problems& problems) {
  Job job = BuildPlaceOfRuns(root, problems);
  job.source = BuildPlugin(root.Child("source"));
  job.destination = BuildPlugin(root.Child("destination"));
  BuildTables(root, problems, job);
  CheckPartition(root.Child("partition"), root.Child("partition"), problems);
  BuildEngine(root.Child("engine"), problems, job);
  BuildLimits(root.Child("limits").values, job);
  job.verify = EnumByName(root.values.String("verify"), VerifyLevelName, VerifyLevel::kChecksum)
                   .value_or(VerifyLevel::kCounts);
  const OptionValues& logging = root.Child("logging").values;
  job.logging.level = logging.String("level").value_or(job.logging.level);
  job.logging.format = logging.String("format").value_or(job.logging.format);
  return job;
}

}  // namespace headrace
