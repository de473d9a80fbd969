#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headrace {

/// A value that a job does not have from its file, and that may be another one at the next call.
struct JobParameter {
  std::string name;             ///< As a person writes it: `${FROM}`, `--set tables[0].where`.
  std::string digest;           ///< XXH3-128 of its value, passwords left out.
  bool of_destination = false;  ///< It says where to something is copied.

  bool operator==(const JobParameter&) const = default;
};

using JobParameters = std::vector<JobParameter>;

/// Begins the names of those that `--set` assigns.
inline constexpr std::string_view kSetParameterPrefix = "--set ";

/// Those of `now` that `then` has with another value. What only one of them has came with a change
/// of the job's text.
JobParameters ChangedParameters(const JobParameters& then, const JobParameters& now);

}  // namespace headrace
