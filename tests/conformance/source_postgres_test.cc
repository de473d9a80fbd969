#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>

#include "conformance/source_suite.h"
#include "headrace/client/postgres/connection.h"
#include "headrace/source/postgres/postgres_source.h"

namespace headrace {
namespace {

/// The URI of a running server, from the file that HEADRACE_TEST_POSTGRES names.
arrow::Result<std::string> ServerUri() {
  const char* file = std::getenv("HEADRACE_TEST_POSTGRES");
  if (file == nullptr) {
    return UserError("HEADRACE_TEST_POSTGRES must name a file with the URI of a PostgreSQL server");
  }
  std::ifstream stream(file);
  std::string uri;
  std::getline(stream, uri);
  if (uri.empty()) return UserError(std::string(file) + ": no URI");
  return uri;
}

/// A schema of its own on the server.
class LivePostgres final : public LiveSource {
 public:
  static arrow::Result<std::unique_ptr<LiveSource>> Open() {
    static std::atomic<int> count = 0;
    ARROW_ASSIGN_OR_RAISE(const std::string uri, ServerUri());
    ARROW_ASSIGN_OR_RAISE(const PgConnectSettings settings, ParsePgUri(uri));
    ARROW_ASSIGN_OR_RAISE(PgConnection writer, PgConnection::Connect(settings, {}));
    auto live = std::make_unique<LivePostgres>(
        std::move(writer),
        "conformance_" + std::to_string(getpid()) + "_" + std::to_string(count++));
    ARROW_RETURN_NOT_OK(live->Execute("CREATE SCHEMA " + live->schema_ + "; SET search_path = " +
                                      live->schema_ + "; SET lock_timeout = '2s'"));
    OptionValues options;
    options.Set("uri", uri);
    ARROW_ASSIGN_OR_RAISE(live->source_, MakePostgresSource(options));
    return live;
  }

  LivePostgres(PgConnection writer, std::string schema)
      : writer_(std::move(writer)), schema_(std::move(schema)) {}

  ~LivePostgres() override {
    source_.reset();
    (void)writer_.Execute("SET client_min_messages = error; DROP SCHEMA IF EXISTS " + schema_ +
                          " CASCADE");
  }

  Source& source() override { return *source_; }

  TableRef Table(const std::string& name) const override {
    return {.schema = schema_, .name = name, .query = {}, .alias = {}};
  }

  arrow::Status Execute(const std::string& sql) override { return writer_.Execute(sql); }

  arrow::Result<TextRows> Query(const std::string& sql) override {
    ARROW_ASSIGN_OR_RAISE(const PgResult result, writer_.Query(sql));
    TextRows rows;
    for (int row = 0; row < result.rows(); ++row) {
      std::vector<std::string>& values = rows.emplace_back();
      for (int i = 0; i < result.columns(); ++i) {
        values.emplace_back(result.IsNull(row, i) ? "null" : result.Text(row, i));
      }
    }
    return rows;
  }

  /// Block ranges can be read without a scan from version 14 on.
  std::vector<Strategy> strategies() const override {
    std::vector<Strategy> all = {Strategy::kPages,     Strategy::kIdRange, Strategy::kKeyRange,
                                 Strategy::kDateRange, Strategy::kHash,    Strategy::kNone};
    if (writer_.server_version() < 140'000) all.erase(all.begin());
    return all;
  }

 private:
  PgConnection writer_;
  std::string schema_;
  std::unique_ptr<Source> source_;
};

SourceQuirks PostgresQuirks() {
  SourceQuirks quirks;
  quirks.name = "server";
  quirks.open = [] { return LivePostgres::Open(); };
  quirks.bytes_type = "BYTEA";
  quirks.bytes_ab = "'\\x4142'";
  quirks.most_columns = 1'600;
  quirks.overflow = {.type = "DATE",
                     .fitting = "'2024-02-29'",
                     .fitting_read = "2024-02-29",
                     .fitting_text = "2024-02-29",
                     .unfit = "'infinity'",
                     .unfit_text = "infinity"};
  quirks.writing_setup =
      "CREATE FUNCTION add_row() RETURNS bigint LANGUAGE sql AS 'INSERT INTO t VALUES (2) "
      "RETURNING a'";
  quirks.writing_queries = {"DELETE FROM t RETURNING a", "SELECT add_row() AS a",
                            "SELECT 1 AS a) TO STDOUT; DELETE FROM t; --",
                            "SELECT 1 AS a) q; COMMIT; DELETE FROM t; --",
                            "SELECT 1 AS a) q LIMIT 0; COMMIT; DELETE FROM t; --"};
  return quirks;
}

INSTANTIATE_TEST_SUITE_P(Postgres, SourceConformance, testing::Values(PostgresQuirks()),
                         [](const auto& quirks) { return quirks.param.name; });

}  // namespace
}  // namespace headrace
