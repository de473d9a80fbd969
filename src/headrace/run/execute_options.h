#pragma once

#include "headrace/config/job.h"
#include "headrace/run/engine.h"

namespace headrace {

/// How hard a run of `job` works on a machine of `cores` cores. It begins with `workers.initial`
/// workers and may grow to `workers.max`; where nobody wrote `max`, to no more than cores + 1: the
/// server may be elsewhere, but decoding and encoding are here.
ExecuteOptions ExecuteOptionsOf(const Job& job, int cores);

}  // namespace headrace
