#include "headrace/client/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <future>
#include <system_error>
#include <thread>

#include "headrace/client/postgres/error.h"
#include "headrace/client/postgres/silent_peers.h"
#include "headrace/client/postgres/socket_channel.h"

namespace headrace {
namespace {

using Clock = std::chrono::steady_clock;

/// How often a wait looks at its stop token.
constexpr std::chrono::milliseconds kStopPoll{100};

/// How long a request to cancel may take.
constexpr std::chrono::seconds kRequestPatience{2};

/// How long a cancelled statement may take to say that it has ended.
constexpr std::chrono::seconds kCancelPatience{5};

/// How long a session may take to end its transaction before it is closed.
constexpr std::chrono::seconds kClosePatience{1};

/// libpq's words for a row, or a buffer, that it could not allocate.
bool IsWithoutMemory(std::string_view message) {
  return message.starts_with("out of memory") ||
         message.find("cannot allocate memory for input buffer") != std::string_view::npos;
}

using CancelRequest = std::unique_ptr<PGcancel, decltype(&PQfreeCancel)>;

/// Sends the request from a thread of its own, because PQcancel waits for the server without a
/// bound, for its connection and for its answer. A thread that is not done in time is left to
/// itself: it owns the request and touches nothing else, so that the program may end meanwhile.
/// False where it was left.
bool SendWithin(CancelRequest request, std::chrono::milliseconds patience) {
  std::promise<void> done;
  const std::future<void> answered = done.get_future();
  try {
    std::thread([request = std::move(request), done = std::move(done)]() mutable {
      std::array<char, 256> error{};
      PQcancel(request.get(), error.data(), static_cast<int>(error.size()));
      request.reset();
      done.set_value();
    }).detach();
  } catch (const std::system_error&) {  // No room for a thread.
    return false;
  }
  return answered.wait_for(patience) == std::future_status::ready;
}

void IgnoreNotice(void* /*unused*/, const PGresult* /*notice*/) {}

/// Waits until `fd` is ready or kStopPoll is over.
void WaitForSocket(int fd, short events) {
  pollfd entry{.fd = fd, .events = events, .revents = 0};
  poll(&entry, 1, static_cast<int>(kStopPoll.count()));
}

/// Waits until the server is ready for the next statement, which is after its last result.
void AwaitEnd(PGconn* connection, Clock::time_point deadline) {
  while (Clock::now() < deadline) {
    if (PQisBusy(connection) != 0) {
      WaitForSocket(PQsocket(connection), POLLIN);
      if (PQconsumeInput(connection) == 0) return;
      continue;
    }
    const PgResult result(PQgetResult(connection));
    if (result.handle() == nullptr) return;
  }
}

std::string WithoutSecret(std::string text, std::string_view secret) {
  if (secret.empty()) return text;
  for (size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
    text.replace(at, secret.size(), "***");
  }
  return text;
}

std::vector<const char*> Pointers(const PgConnectSettings& settings, bool values) {
  std::vector<const char*> pointers;
  for (const auto& [keyword, value] : settings.parameters) {
    pointers.push_back(values ? value.c_str() : keyword.c_str());
  }
  pointers.push_back(nullptr);
  return pointers;
}

/// Where libpq says nothing, of a peer that cannot be passed.
arrow::Status NoConnectionInTime() {
  return TransientError(std::string(kPgNoConnectionInTime), std::string(kPgConnectionFailure));
}

arrow::Status CheckedConnectError(const PGconn* connection, const PgConnectSettings& settings,
                                  const PgSilentPeers& silent) {
  if (PQconnectionNeedsPassword(connection) != 0) {
    return UserError("the server asks for a password and none was given", "28P01");
  }
  std::string text = silent.WithReason(PQerrorMessage(connection));
  return PgConnectError(WithoutSecret(std::move(text), settings.Find("password")));
}

std::string_view TextOf(const char* known) { return known == nullptr ? "" : known; }

/// What libpq uses for `keyword`, from wherever it has it; empty: nothing.
std::string ParameterInUse(PGconn* connection, std::string_view keyword) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfo(connection),
                                                                             PQconninfoFree);
  for (const PQconninfoOption* option = options.get();
       option != nullptr && option->keyword != nullptr; ++option) {
    if (option->keyword == keyword && option->val != nullptr) return option->val;
  }
  return {};
}

/// How long an attempt may take; nothing: for ever. libpq counts whole seconds, at least two, and
/// takes zero and less for "never"; it leaves that to the caller of its polling interface.
std::optional<std::chrono::milliseconds> TimeoutInUse(PGconn* connection,
                                                      const PgConnectSettings& settings) {
  if (settings.connect_timeout) {
    return settings.connect_timeout->count() > 0 ? settings.connect_timeout : std::nullopt;
  }
  const std::string text = ParameterInUse(connection, "connect_timeout");
  int seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || parsed.ec != std::errc()) return kPgConnectTimeout;
  if (seconds <= 0) return std::nullopt;
  return std::chrono::seconds(std::max(seconds, 2));
}

Clock::time_point DeadlineOf(std::optional<std::chrono::milliseconds> timeout) {
  return timeout ? Clock::now() + *timeout : Clock::time_point::max();
}

/// The time of the peer that libpq is trying; it begins anew with each.
class PeerTime {
 public:
  PeerTime(PGconn* connection, std::optional<std::chrono::milliseconds> timeout)
      : connection_(connection), timeout_(timeout) {}

  const PgPeer& Present() {
    if (PgPeer present = PgPeer::Of(connection_); !peer_ || *peer_ != present) {
      peer_ = std::move(present);
      deadline_ = DeadlineOf(timeout_);
    }
    return *peer_;
  }

  bool IsUp() const { return Clock::now() > deadline_; }

 private:
  PGconn* connection_;
  std::optional<std::chrono::milliseconds> timeout_;
  std::optional<PgPeer> peer_;
  Clock::time_point deadline_;
};

/// What is wrong with a URI, of which libpq says `error`. Nothing of either is repeated: a part of
/// a password may be taken for anything.
std::string UriFault(std::string_view error) {
  constexpr std::string_view kUnknownParameter = "invalid URI query parameter";
  const std::string hidden = " (its text is not repeated, it may hold a password)";
  if (error.starts_with(kUnknownParameter)) {
    return "a parameter behind the `?` of the PostgreSQL connection string is none that libpq "
           "knows, e.g. sslmode, connect_timeout, application_name" +
           hidden;
  }
  return "not a PostgreSQL connection string, expected postgresql://user@host:port/database" +
         hidden;
}

}  // namespace

std::string_view PgConnectSettings::Find(std::string_view keyword) const {
  const auto found = std::ranges::find_if(
      parameters, [&](const auto& parameter) { return parameter.first == keyword; });
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

void PgConnectSettings::Set(std::string keyword, std::string value) {
  std::erase_if(parameters, [&](const auto& parameter) { return parameter.first == keyword; });
  parameters.emplace_back(std::move(keyword), std::move(value));
}

arrow::Result<PgConnectSettings> ParsePgUri(const std::string& uri) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(uri.c_str(), &error), PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> told(error, PQfreemem);
  if (options == nullptr) return UserError(UriFault(told == nullptr ? "" : told.get()));
  PgConnectSettings settings;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) settings.Set(option->keyword, option->val);
  }
  return settings;
}

std::optional<PgPlace> PgPlaceOf(const PgConnectSettings& settings) {
  PgConnectSettings refused = settings;
  // libpq has looked everything up when it comes to this, and connects to nothing.
  refused.Set("sslmode", "none, this only asks");
  refused.Set("password", "none");  // Else it looks into the password file.
  const auto keywords = Pointers(refused, false);
  const auto values = Pointers(refused, true);
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(
      PQconnectStartParams(keywords.data(), values.data(), 0), PQfinish);
  if (connection == nullptr) return std::nullopt;
  PgPlace place{.host = ParameterInUse(connection.get(), "hostaddr"),
                .port = ParameterInUse(connection.get(), "port"),
                .database = std::string(TextOf(PQdb(connection.get())))};
  if (place.host.empty()) place.host = ParameterInUse(connection.get(), "host");
  if (place.host.empty()) place.host = TextOf(PQhost(connection.get()));
  if (place.port.empty()) place.port = TextOf(PQport(connection.get()));
  if (place.host.empty() || place.database.empty()) return std::nullopt;
  return place;
}

void PgConnection::Finisher::operator()(pg_conn* connection) const { PQfinish(connection); }

PgConnection::PgConnection(pg_conn* connection) : connection_(connection) {}
PgConnection::PgConnection(PgConnection&&) noexcept = default;
PgConnection& PgConnection::operator=(PgConnection&&) noexcept = default;
PgConnection::~PgConnection() = default;

arrow::Result<PgConnection> PgConnection::Connect(const PgConnectSettings& settings,
                                                  std::stop_token stop) {
  const auto keywords = Pointers(settings, false);
  const auto values = Pointers(settings, true);
  PgSilentPeers silent;
  while (true) {  // Once more for each peer that accepts and is silent then.
    PgConnection connection(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (connection.connection_ == nullptr) return PermanentError("no memory for a connection");
    ARROW_ASSIGN_OR_RAISE(const bool logged_in, connection.LogIn(settings, silent, stop));
    if (logged_in) return connection;
  }
}

/// False: a peer was added to `silent` that can be passed in a new attempt only.
arrow::Result<bool> PgConnection::LogIn(const PgConnectSettings& settings, PgSilentPeers& silent,
                                        const std::stop_token& stop) {
  PGconn* connection = connection_.get();
  PQsetNoticeReceiver(connection, IgnoreNotice, nullptr);
  // Only the verbose text tells the SQLSTATE of a refused connection.
  PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
  if (PQstatus(connection) == CONNECTION_BAD) {
    return CheckedConnectError(connection, settings, silent);
  }
  connect_timeout_ = TimeoutInUse(connection, settings);
  PeerTime time(connection, connect_timeout_);
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED) return CheckedConnectError(connection, settings, silent);
    if (stop.stop_requested()) return InterruptedError();
    const PgPeer& peer = time.Present();
    const bool known = silent.Contains(peer);
    if (!known && time.IsUp()) silent.Add(peer);
    if ((known || time.IsUp()) && !PgSilentPeers::Pass(connection)) {
      if (known) return NoConnectionInTime();
      return false;
    }
    const short events = state == PGRES_POLLING_WRITING ? POLLOUT : POLLIN;
    pollfd entry{.fd = PQsocket(connection), .events = events, .revents = 0};
    if (poll(&entry, 1, static_cast<int>(kStopPoll.count())) != 0) {
      state = PQconnectPoll(connection);
    }
  }
  PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
  return true;
}

arrow::Result<PgResult> PgConnection::Query(const std::string& sql, std::stop_token stop) {
  error_position_ = 0;
  if (stop.stop_requested()) return InterruptedError();
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return LastError();
  return CollectResults(stop);
}

arrow::Status PgConnection::Execute(const std::string& sql, std::stop_token stop) {
  return Query(sql, std::move(stop)).status();
}

arrow::Status PgConnection::ExecuteToEnd(const std::string& sql, const std::stop_token& stop) {
  error_position_ = 0;
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return LastError();
  return CollectResults(stop, OnStop::kLetEnd).status();
}

arrow::Status PgConnection::ExecuteFirst(const std::string& sql, const std::stop_token& stop) {
  error_position_ = 0;
  if (stop.stop_requested()) return InterruptedError();
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) return LastError();
  const auto deadline = DeadlineOf(connect_timeout_);
  while (PQisBusy(connection_.get()) != 0 && !stop.stop_requested()) {
    if (Clock::now() > deadline) {
      MarkBroken();
      return TransientError("connected, but no answer within connect_timeout: a pooler has no room",
                            std::string(kPushBackCode));
    }
    WaitForSocket(socket(), POLLIN);
    if (PQconsumeInput(connection_.get()) == 0) break;  // The result says what went wrong.
  }
  return CollectResults(stop).status();
}

arrow::Result<PgResult> PgConnection::DescribeStatement(const std::string& sql,
                                                        const std::stop_token& stop) {
  error_position_ = 0;
  if (stop.stop_requested()) return InterruptedError();
  if (PQsendPrepare(connection_.get(), "", sql.c_str(), 0, nullptr) == 0) return LastError();
  ARROW_RETURN_NOT_OK(CollectResults(stop));
  if (PQsendDescribePrepared(connection_.get(), "") == 0) return LastError();
  return CollectResults(stop);
}

/// Takes all results of what was sent. The last one that gives rows counts, or the first error.
arrow::Result<PgResult> PgConnection::CollectResults(const std::stop_token& stop, OnStop on_stop) {
  PgResult last;
  arrow::Status error;
  bool interrupted = false;
  while (true) {
    ARROW_RETURN_NOT_OK(on_stop == OnStop::kCancel ? WaitForResult(stop, interrupted)
                                                   : WaitWithin(stop, kClosePatience));
    PgResult result(PQgetResult(connection_.get()));
    if (result.handle() == nullptr) break;
    if (PQresultStatus(result.handle()) == PGRES_COPY_OUT) {
      MarkBroken();
      return BugError("COPY belongs to a CopyStream");
    }
    if (error.ok()) {
      error = result.status();
      if (!error.ok()) error_position_ = result.error_position();
    }
    if (result.columns() > 0 || last.columns() == 0) last = std::move(result);
  }
  if (interrupted) return InterruptedError();
  ARROW_RETURN_NOT_OK(error);
  return last;
}

arrow::Status PgConnection::WaitForResult(const std::stop_token& stop, bool& interrupted) {
  while (PQisBusy(connection_.get()) != 0 && !stop.stop_requested()) {
    WaitForSocket(PQsocket(connection_.get()), POLLIN);
    // What went wrong here is in the result that follows.
    if (PQconsumeInput(connection_.get()) == 0) return arrow::Status::OK();
  }
  if (PQisBusy(connection_.get()) == 0) return arrow::Status::OK();
  if (!interrupted && !Cancel()) {
    MarkBroken();
    return InterruptedError();
  }
  interrupted = true;
  return WaitWithin(stop, kCancelPatience);
}

/// Waits for a result, after a stop no longer than `patience`: then the connection is broken.
arrow::Status PgConnection::WaitWithin(const std::stop_token& stop,
                                       std::chrono::milliseconds patience) {
  auto deadline = Clock::time_point::max();
  while (PQisBusy(connection_.get()) != 0) {
    if (stop.stop_requested()) deadline = std::min(deadline, Clock::now() + patience);
    if (Clock::now() > deadline) {
      MarkBroken();
      return InterruptedError();
    }
    WaitForSocket(PQsocket(connection_.get()), POLLIN);
    if (PQconsumeInput(connection_.get()) == 0) break;
  }
  return arrow::Status::OK();
}

arrow::Status PgConnection::WaitForInput() {
  WaitForSocket(socket(), POLLIN);
  return PQconsumeInput(connection_.get()) == 0 ? LastError() : arrow::Status::OK();
}

arrow::Status PgConnection::LastError() {
  std::string message = PgMessageLine(PQerrorMessage(connection_.get()));
  if (IsWithoutMemory(message)) {
    MarkBroken();
    return PermanentError("no memory for what the server sends: " + message);
  }
  if (!broken()) return BugError(std::move(message));
  return PgError(kPgConnectionFailure, std::move(message));
}

bool PgConnection::Cancel() const {
  CancelRequest request(PQgetCancel(connection_.get()), PQfreeCancel);
  return request == nullptr || SendWithin(std::move(request), kRequestPatience);
}

void PgConnection::Close() {
  channel_.reset();
  connection_.reset();
}

void PgConnection::RollBackAndClose() {
  if (in_transaction() && !broken() && PQsendQuery(connection_.get(), "ROLLBACK") != 0) {
    AwaitEnd(connection_.get(), Clock::now() + kClosePatience);
  }
  Close();
}

/// An address that holds for one network interface is none without it, and libpq gives the number
/// alone. Of a socket's folder there is no address.
PgConnectSettings PgConnection::ToSameAddress(PgConnectSettings settings) const {
  PGconn* connection = connection_.get();
  constexpr std::string_view kLinkLocal = "fe80:";
  const std::string_view address = TextOf(PQhostaddr(connection));
  if (!ParameterInUse(connection, "host").empty()) {
    settings.Set("host", std::string(TextOf(PQhost(connection))));
  }
  if (!address.starts_with(kLinkLocal)) settings.Set("hostaddr", std::string(address));
  settings.Set("port", std::string(TextOf(PQport(connection))));
  return settings;
}

bool PgConnection::in_transaction() const {
  const PGTransactionStatusType state = PQtransactionStatus(connection_.get());
  return state == PQTRANS_INTRANS || state == PQTRANS_INERROR;
}

bool PgConnection::broken() const {
  return broken_ || PQstatus(connection_.get()) != CONNECTION_OK;
}

int PgConnection::server_version() const { return PQserverVersion(connection_.get()); }

std::string PgConnection::ParameterStatus(const char* name) const {
  const char* value = PQparameterStatus(connection_.get(), name);
  return value == nullptr ? std::string() : std::string(value);
}

bool PgConnection::plain_socket() const {
  return PQsslInUse(connection_.get()) == 0 && PQgssEncInUse(connection_.get()) == 0;
}

int PgConnection::socket() const { return PQsocket(connection_.get()); }

PgSocketChannel& PgConnection::channel() {
  if (channel_ == nullptr) channel_ = std::make_unique<PgSocketChannel>(socket());
  return *channel_;
}

}  // namespace headrace
