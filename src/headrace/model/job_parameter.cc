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

}  // namespace headrace
