#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

#include "headrace/client/store/durable_fs.h"

/// From staging headrace removes whole folders, so it must know which are its own: a marker file
/// lies in the staging folder and in the folder of each run, before anything else does
/// (docs/format/staging.md). A folder without one is somebody else's, whatever its name, unless it
/// is empty.
namespace headrace {

inline constexpr std::string_view kStagingMarker = ".headrace-staging.json";
inline constexpr std::string_view kRunMarker = ".headrace-run.json";

/// Locks `staging`, made and marked where it is not; waits for other holders as DurableFs::Lock
/// does. The other errors are those of CheckStaging.
arrow::Result<DirectoryLock> LockStaging(DurableFs& fs, const std::filesystem::path& staging,
                                         const std::stop_token& stop);

/// Class user, with what is found there, if `staging` holds anything and is not marked. Only looks.
arrow::Status CheckStaging(const DurableFs& fs, const std::filesystem::path& staging);

/// The first name in `staging` if it is not marked; empty if it is, or has nothing in it.
arrow::Result<std::string> ForeignInStaging(const DurableFs& fs,
                                            const std::filesystem::path& staging);

/// If nothing lies in `staging` but its marker, and nobody holds it (who locked it is about to use
/// it), leaves it as it was found: removes the marker, and the folder if headrace made it and may.
arrow::Status RemoveStagingIfUnused(DurableFs& fs, const std::filesystem::path& staging);

/// Marks `directory`, in which a run is staged. Class user if it holds what headrace did not put
/// there.
arrow::Status MarkRun(DurableFs& fs, const std::filesystem::path& directory);

/// Whether `directory` is marked as the directory of a run, under its present name.
arrow::Result<bool> IsRun(const DurableFs& fs, const std::filesystem::path& directory);

/// Removes a run's directory, its marker last: what a process leaves that dies meanwhile is still
/// headrace's.
arrow::Status RemoveRun(DurableFs& fs, const std::filesystem::path& directory);

/// Removes a run's directory if nothing lies in it but its marker.
arrow::Status RemoveRunIfUnused(DurableFs& fs, const std::filesystem::path& directory);

}  // namespace headrace
