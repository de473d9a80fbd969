#pragma once

#include <span>
#include <string>

#include "headrace/config/yaml_tree.h"

namespace headrace {

/// Applies `--set` assignments in their order: `engine.workers.max=4`, `tables[0].where="id > 5"`,
/// `tables.public.events.write=append` (an entry of a list by its number, or by its `name` or
/// `as`). The right side is YAML: a scalar or a flow value. Mappings that are not there yet are
/// made; whether a key is valid is found out by the reader. What cannot be applied goes to
/// `problems`. `root` has no short forms.
void ApplyOverrides(std::span<const std::string> assignments, YamlNode& root, Problems& problems);

}  // namespace headrace
