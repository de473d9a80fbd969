#pragma once

#include <memory>

#include "headrace/config/option.h"
#include "headrace/model/error.h"
#include "headrace/source/source.h"

/// PostgreSQL 12 and later as a source.
///
/// A run has one *leader* connection: it locks the tables (ACCESS SHARE), then takes and exports a
/// snapshot. Each worker's session imports it and reads its units with COPY (FORMAT binary),
/// decoded straight into Arrow memory. Nothing is written, no setting outlives a transaction, and
/// every session ends with the run.
namespace headrace {

/// The options of `source: {type: postgresql}`.
const PluginOptions& PostgresOptions();

/// Makes the source; connects on first use. Errors of class user where the options contradict each
/// other.
arrow::Result<std::unique_ptr<Source>> MakePostgresSource(const OptionValues& values,
                                                          SourceUse use = SourceUse::kCopy);

}  // namespace headrace
