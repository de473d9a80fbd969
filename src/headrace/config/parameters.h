#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "headrace/config/reference.h"
#include "headrace/config/section.h"
#include "headrace/config/yaml_tree.h"
#include "headrace/model/job_parameter.h"

namespace headrace {

/// Each `${…}` of the values that count in JobDigest, with what it stands for, and each `--set` of
/// one. What is a secret, or a password within a URI, is no parameter. `root` has no short forms,
/// and `assignments` applied.
JobParameters FindParameters(const Section& job, const YamlNode& root,
                             std::span<const std::string> assignments,
                             const Environment& environment, const std::filesystem::path& folder);

}  // namespace headrace
