#include "headrace/destination/bigquery/bigquery_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <span>

#include "headrace/model/ascii.h"

namespace headrace {
namespace {

constexpr std::string_view kUploadRefused =
    "uploads without a bucket come with a later version of headrace; give the destination a "
    "`staging:` bucket";

/// In the order of SchemaChangePolicy.
constexpr std::array<std::string_view, 4> kSchemaChangeNames = {"error", "evolve", "freeze",
                                                                "discard_columns"};

/// cloud.google.com/bigquery/docs/clustered-tables#limitations
constexpr size_t kMostClusterColumns = 4;

/// cloud.google.com/bigquery/docs/labels-intro#requirements
constexpr size_t kMostLabels = 64;
constexpr size_t kMostLabelCharacters = 63;

bool IsLabelCharacter(char c) {
  return IsAsciiDigit(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

bool IsLabelText(std::string_view text) {
  return text.size() <= kMostLabelCharacters && std::ranges::all_of(text, IsLabelCharacter);
}

arrow::Result<std::pair<std::string, std::string>> ParseLabel(std::string_view text) {
  const size_t equals = text.find('=');
  const std::string_view key = text.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : text.substr(equals + 1);
  const bool begins_well = !key.empty() && key.front() >= 'a' && key.front() <= 'z';
  if (equals == std::string_view::npos || !begins_well || !IsLabelText(key) ||
      !IsLabelText(value)) {
    return UserError("'" + std::string(text) +
                     "' is no label: expected key=value of small letters, digits, _ and -, at most "
                     "63 each, the key beginning with a letter");
  }
  return std::pair(std::string(key), std::string(value));
}

using Labels = std::vector<std::pair<std::string, std::string>>;

arrow::Result<Labels> ParseLabels(const std::vector<std::string>& texts) {
  Labels labels;
  for (const std::string& text : texts) {
    ARROW_ASSIGN_OR_RAISE(auto label, ParseLabel(text));
    if (std::ranges::find(labels, label.first, &Labels::value_type::first) != labels.end()) {
      return UserError("label '" + label.first + "' is given twice");
    }
    labels.push_back(std::move(label));
  }
  if (labels.size() > kMostLabels) return UserError("a table has 64 labels at most");
  return labels;
}

/// `gs://bucket/prefix`.
arrow::Result<BucketPrefix> ParseBucket(std::string_view text) {
  constexpr std::string_view kScheme = "gs://";
  std::string_view rest = text;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const bool is_path = !rest.empty() && !rest.starts_with('/') &&
                       rest.find("//") == std::string_view::npos &&
                       rest.find_first_of("*?[]#") == std::string_view::npos;
  if (!text.starts_with(kScheme) || !is_path) {
    return UserError("expected gs://bucket/prefix, without //, *, ?, # and [ in it, found '" +
                     std::string(text) + "'");
  }
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return BucketPrefix{std::string(rest), {}};
  return BucketPrefix{std::string(rest.substr(0, slash)), std::string(rest.substr(slash + 1))};
}

/// `start:end:interval`.
arrow::Result<TableLayout::Range> ParseRange(std::string_view text) {
  TableLayout::Range range;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  const auto read = [&](int64_t& number, bool is_last) {
    const auto [next, error] = std::from_chars(at, end, number);
    const bool ends_well = is_last ? next == end : next != end && *next == ':';
    at = ends_well && !is_last ? next + 1 : next;
    return error == std::errc() && ends_well;
  };
  const bool is_range =
      read(range.start, false) && read(range.end, false) && read(range.interval, true);
  if (is_range && range.start < range.end && range.interval > 0) return range;
  return UserError("expected start:end:interval, e.g. 0:1000000:10000, found '" +
                   std::string(text) + "'");
}

arrow::Status ReadLayout(const OptionValues& options, TableLayout& layout) {
  if (auto column = options.String("partition_by")) layout.partition_by = *column;
  if (auto type = options.String("partition_type")) layout.partition_type = UpperAsciiText(*type);
  if (const auto range = options.String("partition_range")) {
    layout.range.reset();  // A table may do without the job's.
    if (!range->empty()) {
      ARROW_ASSIGN_OR_RAISE(layout.range, ParseRange(*range));
    }
  }
  if (const auto expires = options.Integer("partition_expiration")) {
    layout.partition_expiration_ms = expires;
  }
  layout.require_partition_filter =
      options.Boolean("require_partition_filter").value_or(layout.require_partition_filter);
  if (options.Find("cluster_by") != nullptr) layout.cluster_by = options.StringList("cluster_by");
  if (const auto expires = options.Integer("expiration")) layout.table_expiration_ms = expires;
  return arrow::Status::OK();
}

/// What contradicts itself: the key, and why.
std::vector<OptionFault> LayoutFaults(const TableLayout& layout) {
  std::vector<OptionFault> faults;
  const bool is_range = layout.partition_type == "RANGE";
  if (is_range != layout.range.has_value()) {
    faults.push_back({"partition_range", is_range ? "partition_type: range needs it"
                                                  : "is for partition_type: range alone"});
  }
  if (layout.partition_by.empty() && (is_range || layout.range)) {
    faults.push_back({"partition_by", "name the column that partition_type: range is about"});
  }
  if (layout.partition_by.empty() && layout.require_partition_filter) {
    faults.push_back({"require_partition_filter", "needs partition_by"});
  }
  if (layout.partition_expiration_ms && (layout.partition_by.empty() || is_range)) {
    faults.push_back(
        {"partition_expiration", "is for tables that are partitioned by a date or a time"});
  }
  if (layout.cluster_by.size() > kMostClusterColumns) {
    faults.push_back({"cluster_by", "BigQuery clusters by four columns at most"});
  }
  return faults;
}

/// Every fault, in the order of the keys.
std::vector<OptionFault> BigQueryFaults(const OptionValues& options) {
  std::vector<OptionFault> faults;
  const auto add = [&](std::string_view key, const arrow::Status& status) {
    if (!status.ok()) faults.push_back({key, status.message()});
  };
  if (const auto staging = options.String("staging")) {
    add("staging", ParseBucket(*staging).status());
  }
  add("labels", ParseLabels(options.StringList("labels")).status());
  TableLayout layout;
  const arrow::Status read = ReadLayout(options, layout);
  add("partition_range", read);
  if (read.ok()) std::ranges::move(LayoutFaults(layout), std::back_inserter(faults));
  return faults;
}

arrow::Status FaultOf(std::span<const OptionFault> faults) {
  if (faults.empty()) return arrow::Status::OK();
  return UserError("destination." + std::string(faults.front().key) + ": " +
                   faults.front().message);
}

/// Where tables are, and how rows come there.
std::vector<OptionSpec> PlaceOptions() {
  return {
      {.key = "project",
       .type = OptionType::kString,
       .doc = "The project that the tables are in, and that runs the jobs.",
       .required = true,
       .example = "my-project"},
      {.key = "dataset",
       .type = OptionType::kString,
       .doc = "The dataset of the tables. Made if it is not there.",
       .required = true,
       .example = "shop"},
      {.key = "table",
       .type = OptionType::kString,
       .default_text = "{table}",
       .doc = "The name of a table there; {schema} and {table} are those of the source. "
              "What BigQuery does not take in a name becomes _."},
      {.key = "location",
       .type = OptionType::kString,
       .doc = "Where a dataset that is made lies, as US, EU or europe-west3. Default: US; "
              "of one that is there, its own."},
      {.key = "staging",
       .type = OptionType::kString,
       .doc = "A bucket, and where in it files lie until they are loaded, and commit "
              "records stay: gs://bucket/prefix.",
       .example = "gs://my-bucket/headrace"},
      {.key = "method",
       .type = OptionType::kEnum,
       .default_text = "auto",
       .doc = "load_job: files in the bucket, and one load job per table. auto: load_job.",
       .choices = {"auto", "load_job", "upload"},
       .refused_choices = {{"upload", kUploadRefused}}},
      {.key = "create",
       .type = OptionType::kEnum,
       .default_text = "if_needed",
       .doc = "Whether a dataset and tables that are not there are made.",
       .choices = {"if_needed", "never"}},
  };
}

/// How tables are laid out that are made.
std::vector<OptionSpec> LayoutOptions() {
  return {
      {.key = "partition_by",
       .type = OptionType::kString,
       .doc = "A column, as it is called in BigQuery, that tables which are made are "
              "partitioned by.",
       .per_table = true},
      {.key = "partition_type",
       .type = OptionType::kEnum,
       .default_text = "day",
       .doc = "By which part of a date or time, or by ranges of an integer.",
       .choices = {"hour", "day", "month", "year", "range"},
       .per_table = true},
      {.key = "partition_range",
       .type = OptionType::kString,
       .doc = "Of partition_type: range, start:end:interval.",
       .example = "0:1000000:10000",
       .per_table = true},
      {.key = "partition_expiration",
       .type = OptionType::kDuration,
       .doc = "How long a partition is kept.",
       .minimum = 1,
       .per_table = true},
      {.key = "require_partition_filter",
       .type = OptionType::kBoolean,
       .default_text = "false",
       .doc = "Refuse queries that do not choose partitions.",
       .per_table = true},
      {.key = "cluster_by",
       .type = OptionType::kStringList,
       .doc = "Up to four columns, as they are called in BigQuery, that tables which are "
              "made are clustered by.",
       .per_table = true},
      {.key = "expiration",
       .type = OptionType::kDuration,
       .doc = "How long a table that is made is kept.",
       .minimum = 1,
       .per_table = true},
  };
}

/// The rest.
std::vector<OptionSpec> LoadOptions() {
  return {
      {.key = "labels",
       .type = OptionType::kStringList,
       .doc = "Labels of tables that are made, and of jobs: key=value.",
       .example = "[team=shop]",
       .changes_rows = false},
      {.key = "on_schema_change",
       .type = OptionType::kEnum,
       .default_text = "error",
       .doc = "Where a table has other columns than the run, and is not replaced: error; "
              "evolve adds columns, and REQUIRED ones become NULLABLE; freeze leaves the "
              "table as it is, so that new columns are an error; discard_columns leaves "
              "those out.",
       .choices = {std::begin(kSchemaChangeNames), std::end(kSchemaChangeNames)},
       .per_table = true},
      {.key = "credentials",
       .type = OptionType::kPath,
       .doc = "A credentials file of Google Cloud. Default: Application Default "
              "Credentials.",
       .changes_rows = false},
      {.key = "target_file_size",
       .type = OptionType::kBytes,
       .default_text = "256MiB",
       .doc = "A staged file is closed once it is so large.",
       .minimum = 1,
       .per_table = true},
      {.key = "compression",
       .type = OptionType::kEnum,
       .default_text = "auto",
       .doc = "Of staged files. auto: snappy for the columns that it makes smaller; or one "
              "codec for all.",
       .choices = {"auto", "none", "snappy", "zstd"},
       .per_table = true},
  };
}

std::vector<OptionSpec> AllOptions() {
  std::vector<OptionSpec> options = PlaceOptions();
  std::ranges::move(LayoutOptions(), std::back_inserter(options));
  std::ranges::move(LoadOptions(), std::back_inserter(options));
  return options;
}

}  // namespace

const PluginOptions& BigQueryOptions() {
  static const PluginOptions kOptions{
      .type = "bigquery",
      .doc =
          "Tables of BigQuery: Parquet files in a bucket of Cloud Storage, and one load job per "
          "table and run.",
      .options = AllOptions(),
      .faults = BigQueryFaults};
  return kOptions;
}

arrow::Result<TableSettings> ReadTableSettings(const OptionValues& options,
                                               TableSettings settings) {
  const arrow::Status read = ReadLayout(options, settings.layout);
  if (!read.ok()) return WithContext(read, "destination.partition_range");
  ARROW_RETURN_NOT_OK(FaultOf(LayoutFaults(settings.layout)));
  if (const auto policy = options.String("on_schema_change")) {
    const auto* found = std::ranges::find(kSchemaChangeNames, *policy);
    if (found == kSchemaChangeNames.end()) {
      return UserError("destination.on_schema_change: unknown policy " + *policy);
    }
    settings.on_schema_change = static_cast<SchemaChangePolicy>(found - kSchemaChangeNames.begin());
  }
  if (const auto compression = options.String("compression")) {
    const auto* found = std::ranges::find(kCompressionNames, *compression);
    if (found == std::end(kCompressionNames)) {
      return UserError("destination.compression: unknown codec " + *compression);
    }
    settings.compression = static_cast<Compression>(found - std::begin(kCompressionNames));
  }
  settings.target_file_size =
      options.Integer("target_file_size").value_or(settings.target_file_size);
  return settings;
}

arrow::Result<BigQuerySettings> ReadBigQuerySettings(const OptionValues& options) {
  BigQuerySettings settings;
  settings.project = options.String("project").value_or("");
  settings.dataset = options.String("dataset").value_or("");
  settings.table_template = options.String("table").value_or("{table}");
  if (settings.project.empty()) return UserError("destination.project is missing");
  if (settings.dataset.empty()) return UserError("destination.dataset is missing");
  if (settings.table_template.empty()) return UserError("destination.table is empty");
  ARROW_RETURN_NOT_OK(FaultOf(BigQueryFaults(options)));
  settings.location = options.String("location").value_or("");
  if (const auto staging = options.String("staging"); staging && !staging->empty()) {
    ARROW_ASSIGN_OR_RAISE(settings.staging, ParseBucket(*staging));
  }
  settings.create =
      options.String("create") == "never" ? CreatePolicy::kNever : CreatePolicy::kIfNeeded;
  ARROW_ASSIGN_OR_RAISE(settings.labels, ParseLabels(options.StringList("labels")));
  settings.credentials_file = options.String("credentials");
  if (options.String("method") == "upload") {
    return UserError("destination.method: " + std::string(kUploadRefused));
  }
  if (!settings.staging) {
    return UserError("destination.staging is missing: " + std::string(kUploadRefused));
  }
  ARROW_ASSIGN_OR_RAISE(settings.table, ReadTableSettings(options, std::move(settings.table)));
  return settings;
}

}  // namespace headrace
