#pragma once

#include <string>
#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// Longest run id, percent-encoded: it is part of file names (`part-<run>-….parquet`), of which
/// Linux allows 255 bytes.
inline constexpr size_t kMostRunIdBytes = 200;

/// A new run id, `20260131T235958-4f2a9c`: sorts by time (UTC); the random part tells apart runs of
/// one second.
std::string MakeRunId();

/// What commands take for the last run that was begun.
inline constexpr std::string_view kLatestRun = "latest";

/// Class user, unless `run` can name a run: UTF-8 of visible characters and blanks, not empty, not
/// kLatestRun, and no longer than kMostRunIdBytes once it is percent-encoded.
arrow::Status CheckRunId(std::string_view run);

}  // namespace headrace
