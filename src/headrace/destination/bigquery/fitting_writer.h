#pragma once

#include <memory>

#include "headrace/destination/bigquery/fit_batch.h"
#include "headrace/staging/writer.h"

namespace headrace {

/// A Writer of the output's batches, which `fitter` gives the form that `staged` takes.
std::unique_ptr<Writer> MakeFittingWriter(BatchFitter fitter, std::unique_ptr<Writer> staged);

}  // namespace headrace
