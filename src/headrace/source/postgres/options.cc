#include <algorithm>
#include <iterator>
#include <vector>

#include "headrace/source/postgres/postgres_source.h"
#include "headrace/source/postgres/settings.h"

namespace headrace {
namespace {

std::vector<OptionSpec> ConnectionOptions() {
  return {
      {.key = "uri",
       .type = OptionType::kSecret,
       .doc = "Connection URI, `postgresql://user@host:port/database`, with libpq's parameters "
              "behind `?`. The keys below win over what it says.",
       .example = "postgresql://etl@127.0.0.1:5432/shop"},
      {.key = "host", .doc = "Host name, or the folder of a unix socket."},
      {.key = "hostaddr", .doc = "IP address, where the host's name must not be looked up."},
      {.key = "port",
       .type = OptionType::kInteger,
       .doc = "Port; 5432 where nothing says otherwise.",
       .minimum = 1,
       .maximum = 65535,
       .example = "5432"},
      {.key = "database", .doc = "Database; by default the one named like the user."},
      {.key = "user", .doc = "Role to log in as; it needs SELECT on the tables and nothing else."},
      {.key = "password",
       .type = OptionType::kSecret,
       .doc = "Password, best given as `${ENV}` or `${file:/path}`; libpq also reads ~/.pgpass.",
       .example = "${SHOP_PASSWORD}"},
      {.key = "passfile",
       .type = OptionType::kPath,
       .doc = "Password file instead of ~/.pgpass.",
       .changes_rows = false},
      {.key = "service", .doc = "Name of a section of libpq's service file (pg_service.conf)."},
      {.key = "application_name",
       .default_text = "headrace",
       .doc = "Name that the server shows in pg_stat_activity and in its log, unless the URI or a "
              "service file gives another.",
       .changes_rows = false},
      {.key = "target_session_attrs",
       .type = OptionType::kEnum,
       .doc = "Which of several hosts will do, e.g. `prefer-standby` to spare the primary.",
       .choices = {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}},
      {.key = "connect_timeout",
       .type = OptionType::kDuration,
       .default_text = "30s",
       .doc =
           "How long connecting and logging in may take at each host and each address of a name, "
           "before the next one has its turn; 0: for ever. libpq's parameter of that name (in "
           "the URI or a service file, in seconds) counts where the key is not given.",
       .maximum = kLongestTimeout,
       .changes_rows = false},
  };
}

std::vector<OptionSpec> EncryptionOptions() {
  return {
      {.key = "sslmode",
       .type = OptionType::kEnum,
       .doc = "Encryption: libpq's mode. Only verify-full proves that the server is the right "
              "one.",
       .choices = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"},
       .changes_rows = false},
      {.key = "sslrootcert",
       .type = OptionType::kPath,
       .doc = "File of the certificate authorities that the server's certificate is checked "
              "against.",
       .changes_rows = false},
      {.key = "sslcert",
       .type = OptionType::kPath,
       .doc = "File of the client's certificate.",
       .changes_rows = false},
      {.key = "sslkey",
       .type = OptionType::kPath,
       .doc = "File of the client certificate's key.",
       .changes_rows = false},
      {.key = "sslcrl",
       .type = OptionType::kPath,
       .doc = "File of revoked certificates.",
       .changes_rows = false},
      {.key = "channel_binding",
       .type = OptionType::kEnum,
       .doc = "Whether SCRAM must be bound to the encrypted channel.",
       .choices = {"disable", "prefer", "require"},
       .changes_rows = false},
      {.key = "gssencmode",
       .type = OptionType::kEnum,
       .doc = "Whether GSSAPI encryption is used.",
       .choices = {"disable", "prefer", "require"},
       .changes_rows = false},
  };
}

std::vector<OptionSpec> ReadingOptions() {
  return {
      {.key = "snapshot",
       .type = OptionType::kEnum,
       .default_text = "require",
       .doc = "One snapshot for all tables and workers: `require` it, `prefer` it and go on "
              "without where the server cannot export one, or `off`: each unit reads what is there "
              "at its moment.",
       .choices = {"require", "prefer", "off"}},
      {.key = "row_security",
       .type = OptionType::kEnum,
       .default_text = "error",
       .doc = "What to do where policies of row security decide which rows the role sees, of a "
              "table or of what a view, query or condition reads: `error` reads nothing of it, "
              "`accept` loads the rows that they show.",
       .choices = {"error", "accept"}},
      {.key = "lock_timeout",
       .type = OptionType::kDuration,
       .default_text = "30s",
       .doc = "How long to wait for the ACCESS SHARE lock of a table that somebody is "
              "altering; 0: for ever.",
       .maximum = kLongestTimeout,
       .changes_rows = false},
      {.key = "statement_timeout",
       .type = OptionType::kDuration,
       .default_text = "0s",
       .doc = "Longest time of one statement, a unit's COPY included; 0: none.",
       .maximum = kLongestTimeout,
       .changes_rows = false},
      {.key = "direct_socket",
       .type = OptionType::kEnum,
       .default_text = "auto",
       .doc = "`auto` reads rows straight from the socket where the connection is not "
              "encrypted, which costs less CPU; `off` always reads through libpq.",
       .choices = {"auto", "off"},
       .changes_rows = false},
  };
}

PluginOptions AllOptions() {
  PluginOptions all{.type = "postgresql",
                    .doc = "PostgreSQL 12 and later, read with COPY under one exported snapshot.",
                    .options = ConnectionOptions(),
                    .faults = PgOptionFaults};
  for (auto group : {EncryptionOptions(), ReadingOptions()}) {
    std::ranges::move(group, std::back_inserter(all.options));
  }
  return all;
}

}  // namespace

const PluginOptions& PostgresOptions() {
  static const PluginOptions kOptions = AllOptions();
  return kOptions;
}

}  // namespace headrace
