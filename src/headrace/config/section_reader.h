#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/config/option.h"
#include "headrace/config/problems.h"
#include "headrace/config/reference.h"
#include "headrace/config/section.h"
#include "headrace/config/yaml_tree.h"

namespace headrace {

/// What one mapping of a job file says, checked against its Section key by key: typed values with
/// defaults, references resolved. Whether the keys agree with each other is not looked at.
struct SectionValues {
  std::string_view key;  ///< Of the Section; the entries of a list share it.
  std::string path;      ///< As messages name it, e.g. `tables[0].partition`.
  Location location;
  OptionValues values;  ///< Keys that were wrong are absent.
  std::map<std::string, Location, std::less<>>
      places;                               ///< Of every key that was written, also of wrong ones.
  std::vector<SectionValues> sections;      ///< Without those of lists.
  std::vector<SectionValues> list_entries;  ///< Of all its lists.

  bool Wrote(std::string_view option) const { return places.contains(option); }
  /// The place of a written key, else of the section.
  const Location& PlaceOf(std::string_view option) const;
  std::string PathOf(std::string_view option) const;

  /// The section called `child`: there, perhaps with defaults alone, for every section that is no
  /// list.
  const SectionValues& Child(std::string_view child) const;
  /// The entries of the list called `list`.
  std::vector<const SectionValues*> Entries(std::string_view list) const;
};

/// Which values of a job a command wants, by their paths; none: all. The `${…}` of the others need
/// not stand for anything: such a value is absent, and no problem.
using WantedValues = std::optional<std::span<const std::string_view>>;

/// Reads the whole job. `root` has no short forms any more (ExpandShortForms). `folder`: where
/// relative paths start.
SectionValues ReadSections(const Section& job, const YamlNode& root, const Environment& environment,
                           const std::filesystem::path& folder, WantedValues wanted,
                           Problems& problems);

}  // namespace headrace
