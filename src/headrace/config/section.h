#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/config/option.h"

namespace headrace {

/// One mapping of the job file: its keys and the mappings in it. The tree of all sections is the
/// job file's one description: parser, JSON Schema, starter job and guide are made from it.
struct Section {
  std::string_view key;  ///< Empty: the job file itself.
  std::string_view doc;
  std::vector<OptionSpec> options = {};
  std::vector<Section> sections = {};
  /// `type` chooses one of these; its options join those of the section.
  std::vector<PluginOptions> plugins = {};
  /// The job's section whose `type` chooses the plug-in, where this section has no `type` of its
  /// own.
  std::string_view type_from = {};
  /// Exactly one of these sets of keys must be written.
  std::vector<std::vector<std::string_view>> one_of = {};
  bool required = false;
  bool is_list = false;   ///< A list of such mappings.
  bool inherits = false;  ///< Keys that are not written come from the job's section of this name:
                          ///< defaults do not apply.
  std::string_view short_key =
      {};  ///< A scalar instead of the mapping stands for {short_key: scalar}.
};

/// The job file, for these plug-ins. Refers to the literals of their tables.
Section JobSection(std::span<const PluginOptions> sources,
                   std::span<const PluginOptions> destinations);

/// The option called `key`, or null.
const OptionSpec* FindOption(std::span<const OptionSpec> options, std::string_view key);

/// The section called `key` directly in `section`, or null.
const Section* FindSection(const Section& section, std::string_view key);

/// The plug-in called `type`, or null.
const PluginOptions* FindPlugin(const Section& section, std::string_view type);

}  // namespace headrace
