#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "headrace/config/job_words.h"

namespace headrace {

/// Whether a report ends with what can be done: not that of a run which is given up.
enum class NextStepsShown { kAll, kNone };

/// A run's report for people. Takes the JSON form, which `headrace run` makes and the journal
/// keeps, so that a run and a later look at it say the same. Keys that are missing count as empty.
/// `job`: as the command line named it, for the commands that are proposed.
std::string ReportText(const nlohmann::json& report, size_t width, const JobWords& job = {},
                       NextStepsShown next = NextStepsShown::kAll);

/// The report of `headrace verify` for people.
std::string VerificationText(const nlohmann::json& report, size_t width);

}  // namespace headrace
