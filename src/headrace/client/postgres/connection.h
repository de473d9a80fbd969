#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/client/postgres/result.h"
#include "headrace/model/error.h"

struct pg_conn;

/// libpq with owners, stop tokens and classed errors. No policy: nothing here retries or decides
/// what is read.
namespace headrace {

class PgSilentPeers;
class PgSocketChannel;

/// How long an attempt at one host or address may take where nothing says otherwise.
inline constexpr std::chrono::milliseconds kPgConnectTimeout{30'000};

/// What libpq is given to connect: its own keywords (`host`, `user`, `sslmode` …).
struct PgConnectSettings {
  std::vector<std::pair<std::string, std::string>> parameters;  ///< Each keyword once: see Set.
  /// Of connecting and logging in at each host, and each address of a name, as libpq has it; and of
  /// ExecuteFirst. Zero: no limit. Without it, what libpq's own `connect_timeout` says (the
  /// parameter, a service file, PGCONNECT_TIMEOUT), else kPgConnectTimeout.
  std::optional<std::chrono::milliseconds> connect_timeout;

  /// The value of `keyword`, or empty.
  std::string_view Find(std::string_view keyword) const;

  /// Replaces the value that there was.
  void Set(std::string keyword, std::string value);
};

/// The keywords of a `postgresql://` URI or a `key=value` string. Errors of class user do not
/// repeat the text: it may hold a password.
arrow::Result<PgConnectSettings> ParsePgUri(const std::string& uri);

/// A server and a database on it.
struct PgPlace {
  std::string host;  ///< A name, an address or the folder of a socket; a list as libpq takes it.
  std::string port;
  std::string database;
};

/// What libpq would connect to: it takes what `settings` do not say from a service file, from the
/// environment and from what it was built with. Asks no server. Nothing where libpq refuses the
/// settings, which PgConnection::Connect tells.
std::optional<PgPlace> PgPlaceOf(const PgConnectSettings& settings);

/// One connection. Used by one thread at a time; Cancel may come from any thread. Server notices
/// are dropped. Every wait polls the stop token given to it, and what is done after a stop is
/// bounded in time. Two waits are libpq's own and are not: looking up the host's name in Connect,
/// and sending a statement that is longer than the buffers of the socket to a server that takes
/// none of it.
class PgConnection {
 public:
  /// Connects and logs in, at the first of several hosts and addresses that will do: one that has
  /// not answered within connect_timeout is passed. (Not behind a unix socket that accepts and is
  /// silent then: there is no way to pass it.) Errors: transient where the server cannot be reached
  /// or has no room (kPushBackCode), user for what it refuses. Never contains the password.
  static arrow::Result<PgConnection> Connect(const PgConnectSettings& settings,
                                             std::stop_token stop);

  PgConnection(PgConnection&&) noexcept;
  PgConnection& operator=(PgConnection&&) noexcept;
  ~PgConnection();

  /// Runs one or more statements in one message; the result of the last one that gives rows. The
  /// first error counts, and those that stand behind it do not run. A stop cancels the statement
  /// and gives kInterruptedCode.
  arrow::Result<PgResult> Query(const std::string& sql, std::stop_token stop = {});

  /// Query for its effect.
  arrow::Status Execute(const std::string& sql, std::stop_token stop = {});

  /// Execute for what begins, ends or takes back a transaction or savepoint: a stop neither keeps
  /// it from being sent nor cancels it. From the stop on the server has a second; then the
  /// connection is broken: kInterruptedCode.
  arrow::Status ExecuteToEnd(const std::string& sql, const std::stop_token& stop);

  /// Execute for the first statement of a session, which a pooler lets wait until it has a server
  /// for it. Without an answer within the time that an attempt to connect has, the connection is
  /// given up: kPushBackCode.
  arrow::Status ExecuteFirst(const std::string& sql, const std::stop_token& stop);

  /// The columns that `sql`, one statement, would give; it is parsed by the server and not run.
  arrow::Result<PgResult> DescribeStatement(const std::string& sql,
                                            const std::stop_token& stop = {});

  /// Where in its text the last statement failed, in characters from 1; 0: it did not, or the
  /// server did not say.
  int error_position() const { return error_position_; }

  /// Asks the server to cancel what the connection is running. Thread-safe; opens a connection of
  /// its own for the request. False where that got no answer within two seconds: the server hangs,
  /// or what is before it, and the connection is not worth waiting for.
  bool Cancel() const;

  /// Ends the session at once; the connection is broken from then on.
  void Close();

  /// Close, after ROLLBACK where a transaction is open: a pooler then keeps its session for others,
  /// and the server has let go. One that does not answer within a second is cut off.
  void RollBackAndClose();

  /// `settings`, with which this connection was made, for more of them to where it led: its host of
  /// several, and that host's address. The name stays, for certificates and passwords.
  PgConnectSettings ToSameAddress(PgConnectSettings settings) const;

  /// A transaction was begun and has not ended.
  bool in_transaction() const;

  /// The connection is lost or in an unknown state; only destruction is left.
  bool broken() const;
  void MarkBroken() { broken_ = true; }

  int server_version() const;                           ///< E.g. 150004 for 15.4.
  std::string ParameterStatus(const char* name) const;  ///< E.g. `server_encoding`; or empty.

  /// Neither TLS nor GSS encryption lies between the socket and the protocol.
  bool plain_socket() const;
  int socket() const;

  /// Buffer of direct reads, kept from one COPY to the next; for CopyStream.
  PgSocketChannel& channel();

  /// For CopyStream; owned by this object.
  pg_conn* handle() const { return connection_.get(); }

  /// Waits until libpq has a whole result (or the connection ended). After a stop the statement is
  /// cancelled and the wait goes on, for a bounded time; `interrupted` is then set, and tells the
  /// next call not to cancel again.
  arrow::Status WaitForResult(const std::stop_token& stop, bool& interrupted);

  /// Waits for more input, at most until it is time to look at a stop token again.
  arrow::Status WaitForInput();

  /// The error that libpq last noted on this connection.
  arrow::Status LastError();

 private:
  struct Finisher {
    void operator()(pg_conn* connection) const;
  };

  enum class OnStop { kCancel, kLetEnd };

  explicit PgConnection(pg_conn* connection);
  arrow::Result<bool> LogIn(const PgConnectSettings& settings, PgSilentPeers& silent,
                            const std::stop_token& stop);
  arrow::Result<PgResult> CollectResults(const std::stop_token& stop,
                                         OnStop on_stop = OnStop::kCancel);
  arrow::Status WaitWithin(const std::stop_token& stop, std::chrono::milliseconds patience);

  std::unique_ptr<pg_conn, Finisher> connection_;
  std::unique_ptr<PgSocketChannel> channel_;
  std::optional<std::chrono::milliseconds> connect_timeout_;  ///< In use; nothing: for ever.
  bool broken_ = false;
  int error_position_ = 0;
};

/// `name` as an SQL identifier: in double quotes, quotes within doubled.
std::string PgQuoteIdentifier(std::string_view name);

/// `text` as an SQL literal, whatever `standard_conforming_strings` says.
std::string PgQuoteLiteral(std::string_view text);

}  // namespace headrace
