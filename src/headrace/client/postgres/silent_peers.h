#pragma once

#include <string>
#include <string_view>
#include <vector>

struct pg_conn;

namespace headrace {

/// A host that libpq tries, one of its addresses, a port.
struct PgPeer {
  std::string host;
  std::string address;  ///< Of a unix socket there is none.
  std::string port;

  /// The one that `connection` is trying, or tried last.
  static PgPeer Of(const pg_conn* connection);

  bool operator==(const PgPeer&) const = default;
};

/// Who has not answered in time while one connection was made. libpq goes to the next of its hosts
/// and addresses where it sees an error, but leaves the time to its caller, who has no call for
/// "the next one". So a silent peer is made to fail: as long as libpq waits for TCP alone, by a
/// reset of its socket, from which libpq goes on by itself. Who has accepted and is silent then
/// cannot be passed any more: the caller begins again, with this list, and passes it when its turn
/// comes.
class PgSilentPeers {
 public:
  bool Contains(const PgPeer& peer) const;
  void Add(PgPeer peer) { peers_.push_back(std::move(peer)); }

  /// Ends the attempt at the present peer, so that the next PQconnectPoll goes on to the next one.
  /// False: it is too late for that.
  static bool Pass(const pg_conn* connection);

  /// libpq's text of all attempts, with the reason instead of the reset in those that were passed.
  std::string WithReason(std::string text) const;

 private:
  std::vector<PgPeer> peers_;
};

/// What is said of a peer that has not answered in time.
inline constexpr std::string_view kPgNoConnectionInTime = "no connection within connect_timeout";

}  // namespace headrace
