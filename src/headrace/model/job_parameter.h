#pragma once

#include <optional>
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

/// The key that `--set` assigns, of `--set tables[0].where`; nothing of another parameter. Lives as
/// long as `parameter`.
std::optional<std::string_view> SetKeyOf(const JobParameter& parameter);

/// Those of `now` that `then` has with another value. What only one of them has came with a change
/// of the job's text.
JobParameters ChangedParameters(const JobParameters& then, const JobParameters& now);

}  // namespace headrace
