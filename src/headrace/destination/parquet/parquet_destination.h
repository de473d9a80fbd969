#pragma once

#include <memory>

#include "headrace/client/store/durable_fs.h"
#include "headrace/config/option.h"
#include "headrace/destination/destination.h"

namespace headrace {

/// The keys of `destination:` for `type: parquet`.
const PluginOptions& ParquetOptions();

/// A directory of Parquet files, one directory per table, that readers glob as
/// `<path>/<table>/**/*.parquet`. Errors of class user for options that contradict each other or
/// `host`, or a store that is not built.
arrow::Result<std::unique_ptr<Destination>> MakeParquetDestination(
    const OptionValues& options, const DestinationHost& host = {});

/// The same on a file system of the caller's, which tests use to fail and die at will.
arrow::Result<std::unique_ptr<Destination>> MakeParquetDestination(
    const OptionValues& options, std::shared_ptr<DurableFs> fs, const DestinationHost& host = {});

}  // namespace headrace
