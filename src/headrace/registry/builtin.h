#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "headrace/config/job.h"
#include "headrace/config/option.h"
#include "headrace/destination/destination.h"
#include "headrace/model/error.h"
#include "headrace/run/engine.h"
#include "headrace/source/source.h"

/// The one place that names concrete sources, destinations and engines.
namespace headrace {

/// Option tables of every source, and of every destination, for the parser, the schema and the
/// guide.
std::vector<PluginOptions> SourceOptions();
std::vector<PluginOptions> DestinationOptions();

arrow::Result<std::unique_ptr<Source>> MakeSource(const PluginSettings& settings, SourceUse use);
arrow::Result<std::unique_ptr<Destination>> MakeDestination(const PluginSettings& settings,
                                                            const DestinationHost& host);
arrow::Result<std::unique_ptr<Engine>> MakeEngine(const Job& job);

/// The source that a URI of the command line names (`headrace inspect URI`): by its scheme.
arrow::Result<PluginSettings> SettingsOfUri(std::string_view uri);

}  // namespace headrace
