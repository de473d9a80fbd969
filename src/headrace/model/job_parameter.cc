#include "headrace/model/job_parameter.h"

#include <algorithm>
#include <iterator>

namespace headrace {

JobParameters ChangedParameters(const JobParameters& then, const JobParameters& now) {
  JobParameters changed;
  std::ranges::copy_if(now, std::back_inserter(changed), [&](const JobParameter& parameter) {
    return std::ranges::any_of(then, [&](const JobParameter& before) {
      return before.name == parameter.name && before.of_destination == parameter.of_destination &&
             before.digest != parameter.digest;
    });
  });
  return changed;
}

std::optional<std::string_view> SetKeyOf(const JobParameter& parameter) {
  constexpr std::string_view kSet = "--set ";
  if (!parameter.name.starts_with(kSet)) return std::nullopt;
  return std::string_view(parameter.name).substr(kSet.size());
}

}  // namespace headrace
