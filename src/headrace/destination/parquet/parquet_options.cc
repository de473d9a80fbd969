#include "headrace/destination/parquet/parquet_options.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "headrace/client/store/store.h"
#include "headrace/destination/parquet/parquet_destination.h"

namespace headrace {
namespace {

constexpr std::string_view kCompactRefused =
    "compact (DELTA) encodings come with a later version of headrace; use 'compatible', which "
    "every engine reads";

/// `<dirname(path)>/.<basename>.headrace`: beside the lake, so on its filesystem, and outside every
/// glob below it.
std::filesystem::path DefaultStaging(const std::filesystem::path& path) {
  std::filesystem::path name(".");
  name += path.filename();
  name += ".headrace";
  return path.parent_path() / name;
}

bool IsWithin(const std::filesystem::path& path, const std::filesystem::path& folder) {
  return std::ranges::mismatch(folder, path).in1 == folder.end();
}

arrow::Result<LakeLayout> ReadLayout(const OptionValues& options) {
  const std::string path = options.String("path").value_or("");
  if (path.empty()) {
    return UserError("destination.path is missing: the directory of the lake, e.g. ./lake");
  }
  ARROW_ASSIGN_OR_RAISE(const StoreLocation lake, OpenStore(path));
  if (!lake.path.has_filename()) {
    return UserError("destination.path: " + path + " cannot be a lake: name a directory below it");
  }
  LakeLayout layout{lake.path, DefaultStaging(lake.path)};
  if (const auto staging = options.String("staging"); staging.has_value() && !staging->empty()) {
    ARROW_ASSIGN_OR_RAISE(const StoreLocation location, OpenStore(*staging));
    layout.staging = location.path;
  }
  return layout;
}

/// What is wrong with where staging lies; empty: nothing.
std::string StagingFault(const LakeLayout& layout) {
  if (!IsWithin(layout.staging, layout.path) && !IsWithin(layout.path, layout.staging)) return {};
  return layout.staging.string() + " must not lie in destination.path, nor around it: readers of " +
         layout.path.string() + " would find unfinished files";
}

std::vector<OptionFault> LayoutFaults(const OptionValues& options) {
  const auto layout = ReadLayout(options);
  const std::string fault = layout.ok() ? StagingFault(*layout) : std::string();
  if (fault.empty()) return {};
  return {{"staging", fault}};
}

/// The journal lies in a folder that nothing is removed from but by its user.
arrow::Status CheckApart(const std::filesystem::path& staging, const std::filesystem::path& state) {
  if (state.empty()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const StoreLocation location, OpenStore(state.string()));
  if (!IsWithin(location.path, staging)) return arrow::Status::OK();
  return UserError("destination.staging: " + staging.string() + " must not be the state folder " +
                   location.path.string() +
                   ", nor around it: headrace removes from staging what no run needs any more. Set "
                   "destination.staging, or `state:`, to another folder");
}

}  // namespace

const PluginOptions& ParquetOptions() {
  static const PluginOptions kOptions{
      .type = "parquet",
      .doc =
          "A directory of Parquet files: one directory per table, each run published whole by one "
          "rename.",
      .options =
          {
              {.key = "path",
               .type = OptionType::kPath,
               .default_text = "",
               .doc =
                   "The lake's directory; tables are directories in it. Made if it is not there.",
               .required = true,
               .example = "./lake"},
              {.key = "staging",
               .type = OptionType::kPath,
               .default_text = "",
               .doc = "Where files lie until they are published: a folder of its own, on the "
                      "filesystem of path. Default: .<name>.headrace beside path."},
              {.key = "target_file_size",
               .type = OptionType::kBytes,
               .default_text = "256MiB",
               .doc = "A file is closed once it is so large.",
               .minimum = 1,
               .per_table = true},
              {.key = "compression",
               .type = OptionType::kEnum,
               .default_text = "auto",
               .doc = "auto: snappy for the columns that have a dictionary or that it makes "
                      "smaller by a quarter, none for the others; or one codec for all.",
               .choices = {std::begin(kCompressionNames), std::end(kCompressionNames)},
               .per_table = true},
              {.key = "encodings",
               .type = OptionType::kEnum,
               .default_text = "compatible",
               .doc = "compatible: PLAIN and dictionary, which every engine reads. compact (DELTA "
                      "encodings) comes later.",
               .choices = {"compatible"},
               .refused_choices = {{"compact", kCompactRefused}},
               .per_table = true},
              {.key = "grace",
               .type = OptionType::kDuration,
               .default_text = "1h",
               .doc = "How long a replaced table is kept for readers that are still in it."},
          },
      .faults = LayoutFaults};
  return kOptions;
}

arrow::Result<FileSettings> ReadFileSettings(const OptionValues& options, FileSettings settings) {
  settings.target_size = options.Integer("target_file_size").value_or(settings.target_size);
  if (settings.target_size <= 0) return UserError("destination.target_file_size must be positive");
  if (const auto compression = options.String("compression")) {
    const auto name = std::ranges::find(kCompressionNames, *compression);
    if (name == std::end(kCompressionNames)) {
      return UserError("destination.compression: unknown codec " + *compression);
    }
    settings.compression = static_cast<Compression>(name - std::begin(kCompressionNames));
  }
  if (options.String("encodings") == "compact") {
    return UserError("destination.encodings: " + std::string(kCompactRefused));
  }
  return settings;
}

arrow::Result<ParquetSettings> ReadParquetSettings(const OptionValues& options,
                                                   const std::filesystem::path& state) {
  ParquetSettings settings;
  ARROW_ASSIGN_OR_RAISE(settings.layout, ReadLayout(options));
  if (const std::string fault = StagingFault(settings.layout); !fault.empty()) {
    return UserError("destination.staging: " + fault);
  }
  ARROW_RETURN_NOT_OK(CheckApart(settings.layout.staging, state));
  ARROW_ASSIGN_OR_RAISE(settings.files, ReadFileSettings(options, {}));
  const std::chrono::milliseconds grace(
      options.Integer("grace").value_or(std::chrono::milliseconds(std::chrono::hours(1)).count()));
  settings.grace = std::chrono::duration_cast<std::chrono::seconds>(grace);
  return settings;
}

}  // namespace headrace
