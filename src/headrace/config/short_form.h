#pragma once

#include "headrace/config/section.h"
#include "headrace/config/yaml_tree.h"

namespace headrace {

/// Writes out the short forms in `node`, a job file: `engine: local` becomes `engine: {type:
/// local}`, a bare name in `tables` or `columns` becomes `{name: …}` (Section::short_key). What
/// does not fit the sections stays as it is.
void ExpandShortForms(const Section& section, YamlNode& node);

}  // namespace headrace
