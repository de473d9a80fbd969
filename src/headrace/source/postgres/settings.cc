#include "headrace/source/postgres/settings.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "headrace/client/postgres/error.h"
#include "headrace/config/option_type.h"
#include "headrace/model/ascii.h"
#include "headrace/model/percent_coding.h"
#include "headrace/model/table_ref.h"
#include "headrace/source/postgres/postgres_source.h"
#include "headrace/source/source.h"

namespace headrace {
namespace {

/// Options that are passed on to libpq under the same name.
constexpr std::array<std::string_view, 16> kLibpqOptions = {"host",        "port",
                                                            "user",        "password",
                                                            "service",     "sslmode",
                                                            "sslrootcert", "sslcert",
                                                            "sslkey",      "sslcrl",
                                                            "gssencmode",  "channel_binding",
                                                            "passfile",    "application_name",
                                                            "hostaddr",    "target_session_attrs"};

/// A dead peer is noticed within two minutes: by keep-alives where nothing is under way, as the
/// leader may have nothing to say for hours; by the time for what it has not acknowledged where
/// something is, since the kernel sends no keep-alive meanwhile. The name is the fallback: URI,
/// service file and environment win over it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kConnectDefaults = {{
    {"fallback_application_name", "headrace"},
    {"client_encoding", "UTF8"},
    {"keepalives_idle", "30"},
    {"keepalives_interval", "15"},
    {"keepalives_count", "6"},
    {"tcp_user_timeout", "120000"},
}};

struct SessionSetting {
  std::string_view name;
  std::string_view value;
  int since = 0;  ///< First server version that has it.
};

/// What shapes the server's text, and what must not end a long read.
constexpr std::array kSessionSettings = {
    SessionSetting{"client_encoding", "'UTF8'"},
    SessionSetting{"datestyle", "'ISO, YMD'"},
    SessionSetting{"intervalstyle", "iso_8601"},
    SessionSetting{"timezone", "'UTC'"},
    SessionSetting{"extra_float_digits", "1"},
    SessionSetting{"bytea_output", "hex"},
    SessionSetting{"xmloption", "content"},
    SessionSetting{"array_nulls", "on"},
    SessionSetting{"standard_conforming_strings", "on"},
    SessionSetting{"quote_all_identifiers", "off"},
    SessionSetting{"jit", "off"},
    SessionSetting{"enable_tidscan", "on"},
    SessionSetting{"idle_in_transaction_session_timeout", "0"},
    SessionSetting{"transaction_timeout", "0", 170000},
};

std::string SetLocal(std::string_view name, std::string_view value) {
  return "SET LOCAL " + std::string(name) + " = " + std::string(value) + "; ";
}

std::optional<SnapshotMode> SnapshotModeOf(std::string_view text) {
  if (text == "require") return SnapshotMode::kRequire;
  if (text == "prefer") return SnapshotMode::kPrefer;
  if (text == "off") return SnapshotMode::kOff;
  return std::nullopt;
}

std::optional<RowSecurityMode> RowSecurityModeOf(std::string_view text) {
  if (text == "error") return RowSecurityMode::kError;
  if (text == "accept") return RowSecurityMode::kAccept;
  return std::nullopt;
}

std::string PercentEncodeUri(std::string_view text) {
  return text.find_first_of("/@:?# ") == std::string_view::npos ? std::string(text)
                                                                : PercentEncode(text);
}

bool IsWithin(std::string_view text, int64_t least, int64_t most) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= least &&
         number <= most;
}

constexpr std::string_view kUriKey = "uri";

/// Classes of SQLSTATE: the connection, the authorization, the database.
constexpr std::array<std::string_view, 3> kConnectionCodes = {"08", "28", "3D"};

/// Whether a user name or password holds an `@` that is not written %40: libpq ends them at the
/// first one, and what follows, a piece of a password, would be looked up as a host.
bool HasStrayAt(std::string_view uri) {
  constexpr std::string_view kScheme = "://";
  const size_t begin = uri.find(kScheme);
  if (begin == std::string_view::npos) return false;
  const std::string_view rest = uri.substr(begin + kScheme.size());
  return std::ranges::count(rest.substr(0, rest.find_first_of("/?")), '@') > 1;
}

bool ArePorts(std::string_view ports) {
  while (!ports.empty()) {
    const std::string_view port = ports.substr(0, ports.find(','));
    ports.remove_prefix(std::min(ports.size(), port.size() + 1));
    if (!port.empty() && !IsWithin(port, 1, 65535)) return false;
  }
  return true;
}

/// Parameters of the URI that are keys of a job, too, have the choices of those.
void CheckChoices(const PgConnectSettings& connect, std::vector<OptionFault>& faults) {
  for (const OptionSpec& option : PostgresOptions().options) {
    const std::string_view value = connect.Find(option.key);
    if (option.type != OptionType::kEnum || value.empty()) continue;
    if (std::ranges::find(option.choices, value) != option.choices.end()) continue;
    faults.push_back({kUriKey, std::string(option.key) + " is not " + ExpectedOf(option)});
  }
}

/// Whether `value` has a password in it, as what follows on another separator than libpq's.
bool HoldsPassword(std::string_view value) {
  const std::string lower = LowerAsciiText(value);
  return lower.find("password=") != std::string::npos || lower.find("pwd=") != std::string::npos;
}

/// Values of a connection string, and the characters that separate its parts and are in no name: a
/// part, perhaps the password, may have come into another one's place, which would be shown.
struct NameOfPlace {
  std::string_view keyword;  // libpq's.
  std::string_view key;      // The job's.
  std::string_view separators;
};

constexpr std::array kNamesOfPlaces = {NameOfPlace{"user", "user", ":;&=?/,|"},
                                       NameOfPlace{"host", "host", "@;&=?"},
                                       NameOfPlace{"dbname", "database", ":;&=?/"}};

/// `[2001:db8::1]`, `fe80::1%eth0`: RFC 4291 and RFC 4007, section 11.
bool IsIpv6(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string address(host.substr(0, host.find('%')));
  in6_addr parsed{};
  return inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

/// A folder of sockets, or an abstract socket.
bool IsSocket(std::string_view host) { return host.starts_with('/') || host.starts_with('@'); }

/// Whether any host of a list has one of `characters` in it that belongs to no address, nor to a
/// socket.
bool AnyHostHolds(std::string_view hosts, std::string_view characters) {
  while (!hosts.empty()) {
    const std::string_view host = hosts.substr(0, hosts.find(','));
    hosts.remove_prefix(std::min(host.size() + 1, hosts.size()));
    const bool holds =
        !host.starts_with('/') &&
        host.find_first_of(characters, IsSocket(host) ? 1 : 0) != std::string_view::npos;
    if (holds && !IsIpv6(host)) return true;
  }
  return false;
}

/// A `:` is right in addresses of IPv6 alone.
bool HoldsStrayColon(std::string_view hosts) { return AnyHostHolds(hosts, ":"); }

bool IsMisplaced(const NameOfPlace& name, std::string_view value) {
  if (name.keyword == "host") return AnyHostHolds(value, name.separators);
  // In front an @ names an abstract socket.
  return value.find_first_of(name.separators, value.starts_with('@') ? 1 : 0) !=
         std::string_view::npos;
}

/// Finds a part that is in another one's place; nothing of it is repeated.
std::optional<OptionFault> MisplacedPart(const PgConnectSettings& connect) {
  if (HoldsStrayColon(connect.Find("host"))) {
    return OptionFault{
        kUriKey,
        "its host holds a `:`, which stands between the parts of a connection string (nothing is "
        "repeated, it may be the password): the port is port=5432, or behind the host of "
        "postgresql://user:password@host:port/database?name=value"};
  }
  for (const NameOfPlace& name : kNamesOfPlaces) {
    if (!IsMisplaced(name, connect.Find(name.keyword))) continue;
    return OptionFault{
        kUriKey, "its " + std::string(name.key) + " holds one of " + std::string(name.separators) +
                     ", which separate the parts of a connection string: a part is in another "
                     "one's place (nothing is repeated, it may be the password). Expected "
                     "postgresql://user:password@host:port/database?name=value; where the name is "
                     "right, give it as the key `" +
                     std::string(name.key) + "`"};
  }
  // As of postgresql://user/password@host, of which libpq makes a host and a database.
  const bool has_user = !connect.Find("user").empty();
  if (!has_user && connect.Find("dbname").find('@') != std::string_view::npos) {
    return OptionFault{kUriKey,
                       "its database holds an @, and there is no user in front of the host: "
                       "expected postgresql://user:password@host:port/database"};
  }
  for (const auto& [keyword, value] : connect.parameters) {
    if (keyword == "password" || !HoldsPassword(value)) continue;
    return OptionFault{kUriKey, keyword + " holds a password, which is a part of its own"};
  }
  return std::nullopt;
}

/// A URI, or the front of one, in a key of another kind: it would be shown, password and all.
std::vector<OptionFault> MisplacedUris(const OptionValues& values) {
  std::vector<OptionFault> faults;
  for (const std::string_view key : {"database", "host", "hostaddr", "user", "service"}) {
    const std::string value = values.String(key).value_or("");
    if (value.find("://") != std::string::npos) {
      faults.push_back({key, "is a URI; that is what the key `uri` is for"});
    }
  }
  const std::string host = values.String("host").value_or("");
  for (const std::string_view key : {"database", "host", "hostaddr", "user", "service"}) {
    if (HoldsPassword(values.String(key).value_or(""))) {
      faults.push_back({key, "holds a password, which has a key of its own"});
    }
  }
  // In front it names an abstract socket.
  if (faults.empty() && !host.starts_with('/') && host.find('@', 1) != std::string::npos) {
    faults.push_back({"host", "holds an @; user and password have keys of their own"});
  }
  if (faults.empty() && !host.starts_with('/') && HoldsStrayColon(host)) {
    faults.push_back(
        {"host", "holds a `:`; port, database, user and password have keys of their own"});
  }
  return faults;
}

arrow::Status ReadConnect(const OptionValues& values, PgConnectSettings& connect) {
  for (const OptionFault& fault : PgOptionFaults(values)) {
    return UserError(std::string(fault.key) + ": " + fault.message);
  }
  if (const auto uri = values.String(kUriKey)) {
    ARROW_ASSIGN_OR_RAISE(connect, ParsePgUri(*uri));
  }
  for (const auto& [keyword, value] : kConnectDefaults) {
    if (connect.Find(keyword).empty()) connect.Set(std::string(keyword), std::string(value));
  }
  for (const std::string_view option : kLibpqOptions) {
    // A default of the option table must not win over what the URI or a service file says.
    if (!values.WasWritten(option)) continue;
    if (const auto text = values.String(option)) connect.Set(std::string(option), *text);
    if (const auto number = values.Integer(option)) {
      connect.Set(std::string(option), std::to_string(*number));
    }
  }
  if (const auto database = values.String("database")) connect.Set("dbname", *database);
  if (values.WasWritten("connect_timeout")) {
    const auto timeout = values.Integer("connect_timeout");
    if (timeout) connect.connect_timeout = std::chrono::milliseconds(*timeout);
  }
  return arrow::Status::OK();
}

arrow::Status NameLockTimeout(const arrow::Status& status, const PgSourceSettings& settings) {
  std::string told = " (";
  if (settings.use != SourceUse::kLook) {
    told += "source.lock_timeout is " + DurationText(settings.lock_timeout) + "; ";
  }
  return status.WithMessage(status.message() + told +
                            "somebody else holds the table or waits for it, see pg_locks)");
}

}  // namespace

std::vector<OptionFault> PgOptionFaults(const OptionValues& values) {
  std::vector<OptionFault> misplaced = MisplacedUris(values);
  if (!misplaced.empty()) return misplaced;
  const auto uri = values.String(kUriKey);
  if (!uri.has_value()) return {};
  const auto connect = ParsePgUri(*uri);
  if (!connect.ok()) return {{kUriKey, connect.status().message()}};
  std::vector<OptionFault> faults;
  if (HasStrayAt(*uri)) {
    return {{kUriKey,
             "there is more than one @ before the host; in a user name or a password, @ "
             "must be written %40"}};
  }
  if (auto misplaced_part = MisplacedPart(*connect)) return {*std::move(misplaced_part)};
  if (!ArePorts(connect->Find("port"))) {
    faults.push_back({kUriKey, "the port is no number from 1 to 65535"});
  }
  CheckChoices(*connect, faults);
  const std::string_view timeout = connect->Find("connect_timeout");
  if (!timeout.empty() && !IsWithin(timeout, 0, std::numeric_limits<int32_t>::max())) {
    faults.push_back({kUriKey, "connect_timeout is no number of seconds"});
  }
  return faults;
}

arrow::Result<PgSourceSettings> ReadPgSettings(const OptionValues& values, SourceUse use) {
  PgSourceSettings settings;
  ARROW_RETURN_NOT_OK(ReadConnect(values, settings.connect));
  if (const auto text = values.String("snapshot")) {
    const auto mode = SnapshotModeOf(*text);
    if (!mode) return UserError("snapshot: expected require, prefer or off");
    settings.snapshot = *mode;
  }
  if (const auto text = values.String("row_security")) {
    const auto mode = RowSecurityModeOf(*text);
    if (!mode) return UserError("row_security: expected error or accept");
    settings.row_security = *mode;
  }
  if (const auto timeout = values.Integer("statement_timeout")) {
    settings.statement_timeout = std::chrono::milliseconds(*timeout);
  }
  if (const auto timeout = values.Integer("lock_timeout")) {
    settings.lock_timeout = std::chrono::milliseconds(*timeout);
  }
  settings.use = use;
  if (use == SourceUse::kLook) {  // No row is read, so that none is left out.
    settings.lock_timeout = std::chrono::seconds(1);
    settings.row_security = RowSecurityMode::kAccept;
  }
  if (values.String("direct_socket") == "off") settings.transport = CopyTransport::kLibpq;
  return settings;
}

std::string PgEndpoint(const PgConnectSettings& connect) {
  std::string endpoint = "postgresql://";
  const auto part = [&](std::string_view prefix, std::string_view keyword) {
    const std::string_view value = connect.Find(keyword);
    if (!value.empty()) endpoint += std::string(prefix) + PercentEncodeUri(value);
  };
  part("", "user");
  if (!connect.Find("user").empty()) endpoint += '@';
  part("", "host");
  part(":", "port");
  part("/", "dbname");
  if (!connect.Find("service").empty()) part("?service=", "service");
  return endpoint;
}

std::string PgPlaceText(const PgConnectSettings& connect) {
  const auto place = PgPlaceOf(connect);
  if (!place.has_value()) return {};
  const std::string port = place->port.empty() ? "" : ":" + place->port;
  return "postgresql://" + PercentEncodeUri(place->host) + port + "/" +
         PercentEncodeUri(place->database);
}

arrow::Status NameEndpoint(const arrow::Status& status, const PgConnectSettings& connect) {
  const std::string_view code = CodeOf(status);
  const bool about_connection = std::ranges::any_of(
      kConnectionCodes, [&](std::string_view known) { return code.starts_with(known); });
  const std::string_view host = connect.Find("host");
  const bool named = !host.empty() && status.message().find(host) != std::string::npos;
  if (!about_connection || named) return status;
  return status.WithMessage(status.message() + " (at " + PgEndpoint(connect) + ")");
}

std::string SessionSettings(const PgSourceSettings& settings, int server_version) {
  std::string sql;
  for (const SessionSetting& setting : kSessionSettings) {
    if (server_version >= setting.since) sql += SetLocal(setting.name, setting.value);
  }
  const bool refuses = settings.row_security == RowSecurityMode::kError;
  sql += SetLocal("row_security", refuses ? "off" : "on");
  sql += SetLocal("statement_timeout", std::to_string(settings.statement_timeout.count()));
  sql += SetLocal("lock_timeout", std::to_string(settings.lock_timeout.count()));
  return sql;
}

std::string BeginStatements(const PgSourceSettings& settings, int server_version) {
  return std::string(kBeginReadOnly) + SessionSettings(settings, server_version);
}

std::string DurationText(std::chrono::milliseconds duration) {
  constexpr int64_t kSecond = 1000;
  const int64_t count = duration.count();
  return count % kSecond == 0 ? std::to_string(count / kSecond) + "s"
                              : std::to_string(count) + "ms";
}

arrow::Status NameTimeout(const arrow::Status& status, const PgSourceSettings& settings) {
  if (CodeOf(status) == kPgLockNotAvailable) return NameLockTimeout(status, settings);
  // Somebody who cancels the statement gets the same code: the time is told, not blamed.
  if (CodeOf(status) == kPgQueryCanceled && settings.statement_timeout.count() > 0) {
    return status.WithMessage(status.message() + " (source.statement_timeout is " +
                              DurationText(settings.statement_timeout) + ")");
  }
  return status;
}

}  // namespace headrace
