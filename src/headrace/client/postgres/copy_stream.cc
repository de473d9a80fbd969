#include "headrace/client/postgres/copy_stream.h"

#include "headrace/client/postgres/error.h"
#include "headrace/client/postgres/libpq_copy_stream.h"
#include "headrace/client/postgres/socket_copy_stream.h"

namespace headrace {

arrow::Result<std::unique_ptr<CopyStream>> StartCopy(PgConnection& connection,
                                                     const std::string& sql,
                                                     CopyTransport transport,
                                                     const std::stop_token& stop) {
  if (connection.broken()) {
    return TransientError("the connection was lost before", std::string(kPgConnectionFailure));
  }
  if (transport == CopyTransport::kAuto && connection.plain_socket()) {
    return SocketCopyStream::Start(connection.channel(), sql, stop, &connection);
  }
  return LibpqCopyStream::Start(connection, sql, stop);
}

}  // namespace headrace
