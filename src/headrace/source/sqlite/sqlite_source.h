#pragma once

#include <memory>

#include "headrace/config/option.h"
#include "headrace/model/error.h"
#include "headrace/source/source.h"

/// SQLite databases as a source: one file, read in place.
///
/// **One consistent read across threads.** SQLite shares no snapshot between connections
/// (sqlite3_snapshot_open is not compiled in where distributions build it), so every session opens
/// a read transaction of its own, and OpenSnapshot makes sure that all of them begin in the same
/// committed state and then holds them, used or not, until the run lets go:
///
///   * *Rollback journal.* A read transaction holds a SHARED lock on the file, and a commit needs
///   an EXCLUSIVE one. While the leader's
///     transaction is open nothing is committed, so whoever begins to read behind the leader sees
///     what the leader sees. Writers wait; one that waits already keeps further readers out, which
///     is why the sessions are opened at once.
///   * *WAL.* Writers go on, and a new reader sees the last commit. A connection without a
///   transaction reads `PRAGMA data_version`
///     before and after the others begin: equal values say that nothing was committed in between,
///     so all began in one state; different ones, that they must begin again. From then on each
///     keeps its end mark in the log, and no checkpoint passes it.
///
/// Sessions are opened by name, which may lead to another file by then: each has to show that the
/// file it opened is the leader's (opened_file.h). While a snapshot begins, one that is not has all
/// of it begin again; later the snapshot is lost. So it is where a writer that asked for no lock
/// changed the size, time or change counter of a file without a log, which are looked at when the
/// last row of a unit is read; with a log, a checkpoint may change them.
///
/// A session that is given back keeps its transaction for the next Attach. When all are taken, one
/// more may still join as long as nobody has committed (WAL) or waits to (rollback journal);
/// otherwise Attach fails with kPushBackCode: fewer workers will do.
///
/// Connections are opened with SQLITE_OPEN_READONLY and `query_only`; nothing is ever written, no
/// lock but SHARED is taken.
namespace headrace {

/// The options of `type: sqlite`.
const PluginOptions& SqliteOptions();

/// Errors of class user where the options contradict each other; the file is first looked at when
/// it is used.
arrow::Result<std::unique_ptr<Source>> MakeSqliteSource(const OptionValues& options,
                                                        SourceUse use = SourceUse::kCopy);

}  // namespace headrace
