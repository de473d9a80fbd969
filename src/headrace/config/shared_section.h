#pragma once

#include <string_view>

#include "headrace/config/section.h"

/// Keys and sections that stand both in the job and in its tables.
namespace headrace {

/// Refuses what belongs to merges.
inline constexpr std::string_view kNoLookback =
    "rows that are read again are doubled without 'write: merge', which a directory of Parquet "
    "files cannot do; leave it out";
inline constexpr std::string_view kNoMerge =
    "'write: merge' comes with a later version of headrace; use 'write: replace' or 'write: "
    "append'";

OptionSpec ModeOption();
OptionSpec WriteOption();
OptionSpec LineageOption();
OptionSpec OverflowOption();

/// A key of a later version, and the sentence that refuses it and says what to use today.
OptionSpec Refused(std::string_view key, std::string_view doc, std::string_view sentence);

Section LoadSection();
Section PartitionSection();

}  // namespace headrace
