#include "headrace/client/postgres/silent_peers.h"

#include <libpq-fe.h>
#include <sys/socket.h>

#include <algorithm>

namespace headrace {
namespace {

std::string TextOrNone(const char* text) { return text == nullptr ? "" : text; }

/// Whether libpq names `peer` in `place`, `… at "db" (10.0.0.1), port 5432`, or by its address in
/// quotes.
bool IsAt(std::string_view place, const PgPeer& peer) {
  const std::string port = ", port " + peer.port;
  if (!place.ends_with(port)) return false;
  place.remove_suffix(port.size());
  return place.ends_with("\"" + peer.address + "\"") || place.ends_with("(" + peer.address + ")");
}

}  // namespace

PgPeer PgPeer::Of(const pg_conn* connection) {
  return {.host = TextOrNone(PQhost(connection)),
          .address = TextOrNone(PQhostaddr(connection)),
          .port = TextOrNone(PQport(connection))};
}

bool PgSilentPeers::Contains(const PgPeer& peer) const {
  return std::ranges::find(peers_, peer) != peers_.end();
}

/// To connect a TCP socket to no address resets it (tcp(7), connect(2)), whether it was connecting
/// or connected; its error is then that of a reset.
bool PgSilentPeers::Pass(const pg_conn* connection) {
  if (PQstatus(connection) != CONNECTION_STARTED) return false;
  const sockaddr nowhere{.sa_family = AF_UNSPEC, .sa_data = {}};
  return connect(PQsocket(connection), &nowhere, sizeof(nowhere)) == 0;
}

std::string PgSilentPeers::WithReason(std::string text) const {
  constexpr std::string_view kHasFailed = " failed: ";
  constexpr std::string_view kNextPlace = "\nconnection to server ";
  for (size_t line = 0; line < text.size();) {
    const size_t end = std::min(text.find(kNextPlace, line), text.size());
    const size_t failed = text.find(kHasFailed, line);
    size_t next = end + 1;
    if (failed < end) {
      const std::string_view place = std::string_view(text).substr(line, failed - line);
      if (std::ranges::any_of(peers_, [&](const PgPeer& peer) { return IsAt(place, peer); })) {
        const size_t reason = failed + kHasFailed.size();
        text.replace(reason, end - reason, kPgNoConnectionInTime);
        next = reason + kPgNoConnectionInTime.size() + 1;
      }
    }
    line = next;
  }
  return text;
}

}  // namespace headrace
