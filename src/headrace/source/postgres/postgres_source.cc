#include "headrace/source/postgres/postgres_source.h"

#include <utility>

#include "headrace/source/postgres/catalog.h"
#include "headrace/source/postgres/leader.h"
#include "headrace/source/postgres/settings.h"
#include "headrace/source/postgres/snapshot.h"
#include "headrace/source/postgres/transaction.h"

namespace headrace {
namespace {

/// Ranges of ctid are read without passing over the rest of the table since this version.
constexpr int kTidRangeScanServer = 140000;

class PostgresSource final : public Source {
 public:
  explicit PostgresSource(PgSourceSettings settings) : settings_(std::move(settings)) {}

  std::string endpoint() const override { return PgEndpoint(settings_.connect); }

  std::string place() const override { return PgPlaceText(settings_.connect); }

  arrow::Result<Capabilities> GetCapabilities(std::stop_token stop) override {
    const std::scoped_lock lock(mutex_);
    if (server_version_ == 0) {
      ARROW_ASSIGN_OR_RAISE(const PgConnection connection, Connect(stop));
      server_version_ = connection.server_version();
    }
    return CapabilitiesOf(server_version_);
  }

  arrow::Result<std::vector<ListedTable>> List(std::stop_token stop) override {
    return Ask(ListRelations, stop);
  }

  arrow::Result<std::vector<NamedRelation>> ListNames(std::stop_token stop) override {
    return Ask(ListRelationNames, stop);
  }

  arrow::Result<std::unique_ptr<Snapshot>> OpenSnapshot(std::span<const SnapshotTable> tables,
                                                        std::stop_token stop) override {
    auto leader = PgLeader::Open(settings_, tables, std::move(stop));
    if (!leader.ok()) return NameEndpoint(leader.status(), settings_.connect);
    const std::scoped_lock lock(mutex_);
    server_version_ = (*leader)->server_version();
    return std::make_unique<PgSnapshot>(*std::move(leader));
  }

 private:
  arrow::Result<PgConnection> Connect(const std::stop_token& stop) const {
    auto connection = PgConnection::Connect(settings_.connect, stop);
    if (!connection.ok()) return NameEndpoint(connection.status(), settings_.connect);
    return connection;
  }

  /// What `list` says in a transaction and on a connection of its own.
  template <typename List>
  auto Ask(List list, const std::stop_token& stop) const
      -> decltype(list(std::declval<PgConnection&>(), stop)) {
    ARROW_ASSIGN_OR_RAISE(PgConnection connection, Connect(stop));
    const StatementScope scope =
        BoundedTransactionScope(BeginStatements(settings_, connection.server_version()));
    return InScope(connection, scope, [&] { return list(connection, stop); }, stop);
  }

  Capabilities CapabilitiesOf(int server_version) const {
    Capabilities capabilities;
    if (server_version >= kTidRangeScanServer) capabilities.strategies.push_back(Strategy::kPages);
    for (const Strategy strategy : {Strategy::kIdRange, Strategy::kKeyRange, Strategy::kDateRange,
                                    Strategy::kHash, Strategy::kNone}) {
      capabilities.strategies.push_back(strategy);
    }
    capabilities.snapshot =
        settings_.snapshot == SnapshotMode::kOff ? SnapshotKind::kNone : SnapshotKind::kTransaction;
    return capabilities;
  }

  const PgSourceSettings settings_;
  std::mutex mutex_;
  int server_version_ = 0;  ///< Guarded by mutex_; 0: not connected yet.
};

}  // namespace

arrow::Result<std::unique_ptr<Source>> MakePostgresSource(const OptionValues& values,
                                                          SourceUse use) {
  ARROW_ASSIGN_OR_RAISE(PgSourceSettings settings, ReadPgSettings(values, use));
  return std::make_unique<PostgresSource>(std::move(settings));
}

}  // namespace headrace
