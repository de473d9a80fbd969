#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "headrace/config/reference.h"
#include "headrace/config/section.h"
#include "headrace/config/yaml_tree.h"

namespace headrace {

/// The values of `root` that say what is copied, by key: without the sections and keys that
/// JobDigest leaves out, and with secrets that are not URIs emptied. References stand as they are
/// written.
YamlNode CountedValues(const Section& job, const YamlNode& root);

/// Whether the value of `path`, as `--set` names it, is among them.
bool IsCounted(const Section& job, std::string_view path);

/// Says whether a job has changed between two runs: XXH3-128, as 32 hexadecimal digits, over the
/// job's values with `--set` applied and references resolved: another database behind `${DB}` is
/// another job. Layout, comments, the order of keys and short forms do not count; neither do values
/// of secrets and passwords in URIs (they are not hashed), nor the sections that do not change what
/// is copied: engine, limits, logging, verify, state, nor the keys of plug-ins that do not
/// (OptionSpec::changes_rows). `root` has no short forms; a reference that
/// cannot be resolved counts as it is written.
std::string JobDigest(const Section& job, const YamlNode& root, const Environment& environment,
                      const std::filesystem::path& folder);

}  // namespace headrace
