#include "headrace/registry/builtin.h"

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <string>
#include <utility>

#include "headrace/destination/bigquery/bigquery_destination.h"
#include "headrace/destination/parquet/parquet_destination.h"
#include "headrace/engine/local/local_engine.h"
#include "headrace/source/postgres/postgres_source.h"
#include "headrace/source/sqlite/sqlite_source.h"

namespace headrace {
namespace {

/// A source: its options, how to make it, and the URI schemes that name it.
struct BuiltinSource {
  const PluginOptions& (*options)();
  arrow::Result<std::unique_ptr<Source>> (*make)(const OptionValues&, SourceUse);
  std::vector<std::string_view> schemes;
};

struct BuiltinDestination {
  const PluginOptions& (*options)();
  arrow::Result<std::unique_ptr<Destination>> (*make)(const OptionValues&, const DestinationHost&);
};

std::vector<BuiltinSource> Sources() {
  return {{PostgresOptions, MakePostgresSource, {"postgresql://", "postgres://"}},
          {SqliteOptions, MakeSqliteSource, {"sqlite://"}}};
}

std::vector<BuiltinDestination> Destinations() {
  return {{ParquetOptions, MakeParquetDestination}, {BigQueryOptions, MakeBigQueryDestination}};
}

template <typename Builtins>
std::vector<PluginOptions> OptionsOfAll(const Builtins& builtins) {
  std::vector<PluginOptions> options;
  for (const auto& builtin : builtins) options.push_back(builtin.options());
  return options;
}

/// Makes the plug-in that `settings` names. The parser has checked the name against the same table.
template <typename Result, typename Builtins, typename... Host>
Result MakeByType(const Builtins& builtins, const PluginSettings& settings, const Host&... host) {
  for (const auto& builtin : builtins) {
    if (builtin.options().type == settings.type) return builtin.make(settings.values, host...);
  }
  return BugError("no plug-in is called \"" + settings.type + "\"");
}

}  // namespace

std::vector<PluginOptions> SourceOptions() { return OptionsOfAll(Sources()); }
std::vector<PluginOptions> DestinationOptions() { return OptionsOfAll(Destinations()); }

arrow::Result<std::unique_ptr<Source>> MakeSource(const PluginSettings& settings, SourceUse use) {
  return MakeByType<arrow::Result<std::unique_ptr<Source>>>(Sources(), settings, use);
}

arrow::Result<std::unique_ptr<Destination>> MakeDestination(const PluginSettings& settings,
                                                            const DestinationHost& host) {
  return MakeByType<arrow::Result<std::unique_ptr<Destination>>>(Destinations(), settings, host);
}

arrow::Result<std::unique_ptr<Engine>> MakeEngine(const Job& /*job*/) {
  return std::make_unique<LocalEngine>();
}

arrow::Result<PluginSettings> SettingsOfUri(std::string_view uri) {
  std::string known;
  for (const BuiltinSource& source : Sources()) {
    for (const std::string_view scheme : source.schemes) {
      known += (known.empty() ? "" : ", ") + std::string(scheme);
      if (!uri.starts_with(scheme)) continue;
      PluginSettings settings{.type = std::string(source.options().type), .values = {}};
      settings.values.Set("uri", std::string(uri));
      return settings;
    }
  }
  return UserError("the URI must begin with one of " + known);
}

}  // namespace headrace
