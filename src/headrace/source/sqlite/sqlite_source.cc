#include "headrace/source/sqlite/sqlite_source.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/config/password_text.h"
#include "headrace/model/percent_coding.h"
#include "headrace/model/utf8.h"
#include "headrace/source/sqlite/catalog.h"
#include "headrace/source/sqlite/estimate.h"
#include "headrace/source/sqlite/read_point.h"
#include "headrace/source/sqlite/snapshot.h"

namespace headrace {
namespace sqlite {
namespace {

constexpr std::string_view kScheme = "sqlite:";
constexpr std::string_view kUriKey = "uri";
constexpr std::string_view kPathKey = "path";

class SqliteSource final : public Source {
 public:
  explicit SqliteSource(ReadPointSettings settings) : settings_(std::move(settings)) {}

  std::string endpoint() const override {
    return "sqlite://" + std::filesystem::absolute(settings_.path).lexically_normal().string();
  }

  arrow::Result<Capabilities> GetCapabilities(std::stop_token stop) override {
    if (stop.stop_requested()) return InterruptedError();
    if (!opened_) ARROW_RETURN_NOT_OK(OpenAlone(stop).status());
    return Capabilities{
        .strategies = {Strategy::kIdRange, Strategy::kKeyRange, Strategy::kDateRange,
                       Strategy::kNone},
        .snapshot = settings_.shared ? SnapshotKind::kTransaction : SnapshotKind::kNone};
  }

  arrow::Result<std::vector<ListedTable>> List(std::stop_token stop) override {
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ReadPoint> point, OpenAlone(stop));
    ARROW_ASSIGN_OR_RAISE(ReadPoint::Leader leader, point->leader());
    ARROW_ASSIGN_OR_RAISE(const std::vector<CatalogEntry> entries, ListCatalog(*leader));
    std::vector<ListedTable> tables;
    for (const CatalogEntry& entry : entries) {
      if (stop.stop_requested()) return InterruptedError();
      tables.push_back(ListEntry(*leader, entry));
    }
    return tables;
  }

  arrow::Result<std::vector<NamedRelation>> ListNames(std::stop_token stop) override {
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ReadPoint> point, OpenAlone(stop));
    ARROW_ASSIGN_OR_RAISE(ReadPoint::Leader leader, point->leader());
    ARROW_ASSIGN_OR_RAISE(const std::vector<CatalogEntry> entries, ListCatalog(*leader));
    std::vector<NamedRelation> names;
    names.reserve(entries.size());
    for (const CatalogEntry& entry : entries) {
      names.push_back({.table = {.schema = "main", .name = entry.name, .query = {}, .alias = {}},
                       .kind = entry.is_virtual ? RelationKind::kForeign : entry.kind,
                       .found_without_schema = true,
                       .parents = {}});
    }
    return names;
  }

  arrow::Result<std::unique_ptr<Snapshot>> OpenSnapshot(std::span<const SnapshotTable>,
                                                        std::stop_token stop) override {
    if (stop.stop_requested()) return InterruptedError();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<ReadPoint> point, Open(settings_));
    return std::make_unique<SqliteSnapshot>(
        std::move(point), settings_.use == SourceUse::kLook ? SampleEffort{} : kTypeSampleEffort);
  }

 private:
  /// One connection without a transaction.
  arrow::Result<std::shared_ptr<ReadPoint>> OpenAlone(const std::stop_token& stop) {
    if (stop.stop_requested()) return InterruptedError();
    ReadPointSettings alone = settings_;
    alone.shared = false;
    return Open(alone);
  }

  arrow::Result<std::shared_ptr<ReadPoint>> Open(const ReadPointSettings& settings) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<ReadPoint> point, ReadPoint::Open(settings));
    opened_ = true;
    return point;
  }

  /// A view that is broken has no estimate, and is listed all the same.
  static ListedTable ListEntry(SqliteDatabase& database, const CatalogEntry& entry) {
    ListedTable listed;
    listed.table.name = entry.name;
    listed.kind = entry.kind;
    Description description;
    description.table = listed.table;
    description.kind = entry.kind;
    const auto statistics = EstimateRows(database, description);
    if (statistics.ok()) listed.rows = static_cast<double>(statistics->rows);
    return listed;
  }

  const ReadPointSettings settings_;
  std::atomic<bool> opened_ = false;  ///< The file could be read once.
};

/// `sqlite:///var/shop.db`, `sqlite:/var/shop.db` and `sqlite:shop.db`: a file and nothing else.
/// What a server's URI has besides (host, user, password, parameters) would be taken for a part of
/// the file's name, which is shown.
bool NamesFile(std::string_view uri) {
  if (!uri.starts_with(kScheme) || WithoutPassword(uri) != uri) return false;
  const std::string_view rest = uri.substr(kScheme.size());
  if (rest.empty() || rest.find('?') != std::string_view::npos) return false;
  if (rest.starts_with("//")) return rest.starts_with("///");
  return rest.substr(0, rest.find('/')).find('@') == std::string_view::npos;
}

/// What follows the scheme and its two slashes.
std::string PathOfUri(std::string_view uri) {
  uri.remove_prefix(kScheme.size());
  if (uri.starts_with("//")) uri.remove_prefix(2);
  return PercentDecode(uri);
}

/// Repeats no URI, which may be one of another kind.
std::vector<OptionFault> Faults(const OptionValues& options) {
  if (options.String(kPathKey).value_or("").find("://") != std::string::npos) {
    return {{kPathKey, "is a URI; that is what the key `uri` is for"}};
  }
  const std::string uri = options.String(kUriKey).value_or("");
  if (uri.empty()) return {};
  if (!options.String(kPathKey).value_or("").empty()) {
    return {{kUriKey, "names the file that `path` names too; give one of them"}};
  }
  if (!NamesFile(uri)) {
    return {{kUriKey,
             "expected sqlite:///path/to/file, without host, user or query (its text is not "
             "repeated, it may hold a password)"}};
  }
  if (!IsUtf8(PathOfUri(uri))) return {{kUriKey, "the path it stands for is not UTF-8"}};
  return {};
}

arrow::Result<std::string> PathOf(const OptionValues& options) {
  const std::string path = options.String(kPathKey).value_or("");
  const std::string uri = options.String(kUriKey).value_or("");
  if (path.empty() && uri.empty()) {
    return UserError("source: a SQLite source needs path, the database file");
  }
  for (const OptionFault& fault : Faults(options)) {
    return UserError(std::string(fault.key) + ": " + fault.message);
  }
  return path.empty() ? PathOfUri(uri) : path;
}

}  // namespace
}  // namespace sqlite

const PluginOptions& SqliteOptions() {
  static const PluginOptions kOptions = {
      .type = "sqlite",
      .doc = "A SQLite database file.",
      .options =
          {
              {.key = "path",
               .type = OptionType::kPath,
               .doc = "The database file.",
               .example = "./shop.db"},
              {.key = "uri",
               .type = OptionType::kString,
               .doc = "Instead of path: sqlite:///absolute/path/to/file."},
              {.key = "snapshot",
               .type = OptionType::kEnum,
               .default_text = "require",
               .doc = "Whether all units must see the same rows; prefer is the same as require, "
                      "since a file always can; off lets writers of a rollback-journal database "
                      "work.",
               .choices = {"require", "prefer", "off"}},
              {.key = "busy_timeout",
               .type = OptionType::kDuration,
               .default_text = "5s",
               .doc = "How long to wait for a lock that another process holds on the file.",
               .maximum = kLongestTimeout,
               .changes_rows = false},
              {.key = "sessions",
               .type = OptionType::kInteger,
               .default_text = "16",
               .doc =
                   "Connections that join the snapshot at once; give at least engine.workers.max.",
               .minimum = 1,
               .maximum = 1'000,
               .changes_rows = false},
          },
      .example_table = "orders",
      .faults = sqlite::Faults};
  return kOptions;
}

arrow::Result<std::unique_ptr<Source>> MakeSqliteSource(const OptionValues& options,
                                                        SourceUse use) {
  sqlite::ReadPointSettings settings;
  ARROW_ASSIGN_OR_RAISE(settings.path, sqlite::PathOf(options));
  settings.shared = options.String("snapshot").value_or("require") != "off";
  settings.busy_timeout = std::chrono::milliseconds(
      options.Integer("busy_timeout").value_or(settings.busy_timeout.count()));
  const int64_t sessions = options.Integer("sessions").value_or(settings.sessions);
  if (sessions < 1 || sessions > 1'000) {
    return UserError("source.sessions: expected 1 to 1000, not " + std::to_string(sessions));
  }
  settings.sessions = static_cast<int>(sessions);
  settings.use = use;
  return std::make_unique<sqlite::SqliteSource>(std::move(settings));
}

}  // namespace headrace
