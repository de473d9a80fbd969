#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "headrace/config/option.h"
#include "headrace/model/error.h"

/// What is made of the job file's tables (section.h) beside the parser.
namespace headrace {

/// The JSON Schema (draft 2020-12) of the job file, for editors. It accepts more than the parser:
/// keys that contradict each other; sizes and durations as texts whatever their bounds (`1MiB` as
/// `worker_memory`, `25d` as `lock_timeout`); and texts that are refused for what they say, as a
/// path that begins with `~/`, an empty `where` or an offset as `cursor_timezone`. Keys and values
/// of later versions are in neither.
nlohmann::ordered_json JsonSchema(std::span<const PluginOptions> sources,
                                  std::span<const PluginOptions> destinations);

/// A commented job to start from, for the source `source_type` and the first destination: what must
/// be said is written with an example, everything else stands in comments with its default. Errors
/// of class user where there is no such source.
arrow::Result<std::string> StarterJob(std::string_view source_type,
                                      std::span<const PluginOptions> sources,
                                      std::span<const PluginOptions> destinations);

/// The keys of the job file as Markdown: the reference part of docs/guide/job_file.md. Options of
/// plug-ins are left out.
std::string JobFileReference();

/// A Markdown table of options, for the guide page of a plug-in.
std::string OptionTable(std::span<const OptionSpec> options);

}  // namespace headrace
