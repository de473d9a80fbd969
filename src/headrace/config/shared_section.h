#pragma once

#include <string_view>

#include "headrace/config/section.h"

/// Keys and sections that stand both in the job and in its tables.
namespace headrace {

/// Refuses what belongs to incremental loads, and to merges.
inline constexpr std::string_view kNoIncremental =
    "incremental loads come with a later version of headrace; use 'mode: catalog', which copies "
    "the whole table";
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
