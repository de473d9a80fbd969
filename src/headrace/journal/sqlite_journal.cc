#include "headrace/journal/sqlite_journal.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "headrace/model/json_object.h"

namespace headrace {
namespace {

constexpr int kJournalVersion = 8;
constexpr int kFirstVersionWithVoidIntents = 2;
constexpr int kFirstVersionWithSource = 3;
constexpr int kFirstVersionWithLastingFaults = 4;
constexpr int kFirstVersionWithSuccessor = 5;
constexpr int kFirstVersionWithMatched = 6;
constexpr int kFirstVersionWithDivisions = 7;
constexpr int kFirstVersionWithParameters = 8;
constexpr std::chrono::seconds kBusyTimeout{30};

constexpr const char* kPragmas =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;";

constexpr const char* kTables = R"sql(
CREATE TABLE IF NOT EXISTS run (
  run TEXT PRIMARY KEY, job TEXT NOT NULL, text_digest TEXT NOT NULL, state TEXT NOT NULL, started_at TEXT NOT NULL,
  ended_at TEXT NOT NULL DEFAULT '', report TEXT NOT NULL DEFAULT '', scope TEXT NOT NULL,
  source TEXT NOT NULL DEFAULT '', successor TEXT NOT NULL DEFAULT '', matched TEXT NOT NULL DEFAULT '',
  parameters TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE IF NOT EXISTS run_table (
  run TEXT NOT NULL REFERENCES run, directory TEXT NOT NULL, label TEXT NOT NULL, epoch INTEGER NOT NULL, units INTEGER NOT NULL,
  plan TEXT NOT NULL, intent TEXT, record TEXT, PRIMARY KEY (run, directory)) STRICT;
CREATE TABLE IF NOT EXISTS receipt (
  run TEXT NOT NULL REFERENCES run, directory TEXT NOT NULL, epoch INTEGER NOT NULL, file TEXT NOT NULL, receipt TEXT NOT NULL,
  PRIMARY KEY (run, directory, epoch, file)) STRICT;
CREATE TABLE IF NOT EXISTS division (
  run TEXT NOT NULL REFERENCES run, directory TEXT NOT NULL, epoch INTEGER NOT NULL, unit TEXT NOT NULL, parts TEXT NOT NULL,
  PRIMARY KEY (run, directory, epoch, unit)) STRICT;
CREATE TABLE IF NOT EXISTS void_intent (
  run TEXT NOT NULL REFERENCES run, directory TEXT NOT NULL, epoch INTEGER NOT NULL, intent TEXT NOT NULL, reason TEXT NOT NULL,
  voided_at TEXT NOT NULL, PRIMARY KEY (run, directory, epoch)) STRICT;
CREATE TABLE IF NOT EXISTS lasting_fault (
  run TEXT NOT NULL REFERENCES run, directory TEXT NOT NULL, reason TEXT NOT NULL, found_at TEXT NOT NULL,
  PRIMARY KEY (run, directory)) STRICT;
CREATE INDEX IF NOT EXISTS run_by_job ON run (job, started_at);
)sql";

/// A column of `run` that a journal of an earlier version lacks, and is empty there.
struct LaterColumn {
  int since;
  std::string_view name;
};
constexpr std::array<LaterColumn, 4> kLaterColumns = {
    {{kFirstVersionWithSource, "source"},
     {kFirstVersionWithSuccessor, "successor"},
     {kFirstVersionWithMatched, "matched"},
     {kFirstVersionWithParameters, "parameters"}}};

/// Condition on the runs of job ?1, of all jobs if that is empty.
constexpr std::string_view kOfJob = "(?1 = '' OR job = ?1)";

constexpr std::array<std::string_view, 6> kRunStateNames = {
    "running", "done", "failed", "verify_failed", "abandoned", "superseded"};

arrow::Result<RunState> RunStateOf(std::string_view name) {
  const auto found = std::ranges::find(kRunStateNames, name);
  if (found == kRunStateNames.end()) {
    return PermanentError("the journal names an unknown run state \"" + std::string(name) + "\"");
  }
  return static_cast<RunState>(found - kRunStateNames.begin());
}

arrow::Result<nlohmann::json> ParseStored(std::string_view text, std::string_view what) {
  return ParseJson(text, "the journal's " + std::string(what), ErrorClass::kPermanent);
}

std::string Text(const SqliteStatement& statement, int column) {
  return std::string(statement.ColumnText(column));
}

arrow::Result<std::vector<std::string>> ParseScope(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json json, ParseStored(text, "scope of a run"));
  std::vector<std::string> scope;
  for (const nlohmann::json& entry : json) {
    if (!entry.is_string()) return PermanentError("the journal holds a damaged scope of a run");
    scope.push_back(entry.get<std::string>());
  }
  return scope;
}

nlohmann::json MatchedJson(const std::vector<MatchedTable>& matched) {
  nlohmann::json json = nlohmann::json::array();
  for (const MatchedTable& table : matched) {
    json.push_back({{"schema", table.schema}, {"name", table.name}, {"pattern", table.pattern}});
  }
  return json;
}

void ReadEntry(JsonObject& object, MatchedTable& table) {
  object.Read("schema", table.schema);
  object.Read("name", table.name);
  object.Read("pattern", table.pattern);
}

nlohmann::json ParametersJson(const JobParameters& parameters) {
  nlohmann::json json = nlohmann::json::array();
  for (const JobParameter& parameter : parameters) {
    json.push_back({{"name", parameter.name},
                    {"digest", parameter.digest},
                    {"of_destination", parameter.of_destination}});
  }
  return json;
}

std::string ParametersText(const std::optional<JobParameters>& parameters) {
  return parameters ? DumpJson(ParametersJson(*parameters)) : "";
}

void ReadEntry(JsonObject& object, JobParameter& parameter) {
  object.Read("name", parameter.name);
  object.Read("digest", parameter.digest);
  object.Read("of_destination", parameter.of_destination);
}

/// A list of a run that an earlier version did not write, and left empty.
template <typename Entry>
arrow::Result<std::optional<std::vector<Entry>>> ParseList(std::string_view text,
                                                           std::string_view what) {
  if (text.empty()) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json json, ParseStored(text, what));
  std::vector<Entry> entries;
  for (const nlohmann::json& item : json) {
    Entry entry;
    JsonObject object(item, what, ErrorClass::kPermanent);
    ReadEntry(object, entry);
    ARROW_RETURN_NOT_OK(object.status());
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// Columns: run, job, text_digest, state, started_at, ended_at, report, scope, source, successor,
/// matched, parameters.
arrow::Result<JournalRun> ReadRun(const SqliteStatement& row) {
  JournalRun run{.run = Text(row, 0),
                 .job = Text(row, 1),
                 .text_digest = Text(row, 2),
                 .source = Text(row, 8),
                 .state = RunState::kRunning,
                 .started_at = Text(row, 4),
                 .ended_at = Text(row, 5),
                 .report = Text(row, 6),
                 .scope = {},
                 .matched = {},
                 .successor = Text(row, 9)};
  ARROW_ASSIGN_OR_RAISE(run.state, RunStateOf(row.ColumnText(3)));
  ARROW_ASSIGN_OR_RAISE(run.scope, ParseScope(row.ColumnText(7)));
  ARROW_ASSIGN_OR_RAISE(
      auto matched, ParseList<MatchedTable>(row.ColumnText(10), "list of a run's matched tables"));
  if (matched) run.matched = *std::move(matched);
  ARROW_ASSIGN_OR_RAISE(run.parameters,
                        ParseList<JobParameter>(row.ColumnText(11), "list of a run's parameters"));
  return run;
}

std::optional<int64_t> OptionalInteger(const SqliteStatement& row, int column) {
  return row.ColumnIsNull(column) ? std::nullopt : std::optional(row.ColumnInt64(column));
}

/// Columns: directory, nulled values, excluded rows.
arrow::Result<std::pair<std::string, EpochFigures>> ReadFigures(const SqliteStatement& row) {
  return std::pair(Text(row, 0), EpochFigures{.nulled_values = OptionalInteger(row, 1),
                                              .excluded_rows = OptionalInteger(row, 2)});
}

/// Columns: directory, label, epoch, units, intent, record, split column.
arrow::Result<JournalTable> ReadTable(const SqliteStatement& row) {
  JournalTable table{.directory = Text(row, 0),
                     .label = Text(row, 1),
                     .epoch = static_cast<int>(row.ColumnInt64(2)),
                     .units = row.ColumnInt64(3),
                     .split_column = Text(row, 6),
                     .intent = {},
                     .record = {}};
  if (!row.ColumnIsNull(4)) {
    ARROW_ASSIGN_OR_RAISE(const nlohmann::json json,
                          ParseStored(row.ColumnText(4), "commit intent"));
    ARROW_ASSIGN_OR_RAISE(table.intent, CommitIntentFromJson(json));
  }
  if (!row.ColumnIsNull(5)) {
    ARROW_ASSIGN_OR_RAISE(const nlohmann::json json,
                          ParseStored(row.ColumnText(5), "commit record"));
    ARROW_ASSIGN_OR_RAISE(table.record, CommitRecordFromJson(json));
  }
  return table;
}

/// Columns: intent, reason, voided_at.
arrow::Result<VoidIntent> ReadVoidIntent(const SqliteStatement& row) {
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json json,
                        ParseStored(row.ColumnText(0), "void commit intent"));
  ARROW_ASSIGN_OR_RAISE(CommitIntent intent, CommitIntentFromJson(json));
  return VoidIntent{std::move(intent), Text(row, 1), Text(row, 2)};
}

/// Columns: directory, reason, found_at.
arrow::Result<LastingFault> ReadLastingFault(const SqliteStatement& row) {
  return LastingFault{Text(row, 0), Text(row, 1), Text(row, 2)};
}

/// Columns: receipt.
arrow::Result<Receipt> ReadReceipt(const SqliteStatement& row) {
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json json, ParseStored(row.ColumnText(0), "receipt"));
  return ReceiptFromJson(json);
}

/// Columns: unit, the ids of its parts as a JSON list.
arrow::Result<UnitDivision> ReadDivision(const SqliteStatement& row) {
  constexpr std::string_view kWhat = "parts of a unit";
  UnitDivision division{.unit_id = Text(row, 0), .part_ids = {}};
  ARROW_ASSIGN_OR_RAISE(const nlohmann::json ids, ParseStored(row.ColumnText(1), kWhat));
  for (const nlohmann::json& id : ids) {
    if (!id.is_string()) return PermanentError("the journal holds damaged parts of a unit");
    division.part_ids.push_back(id.get<std::string>());
  }
  return division;
}

arrow::Status BindTexts(SqliteStatement& statement, const std::vector<std::string>& texts) {
  for (size_t i = 0; i < texts.size(); ++i) {
    ARROW_RETURN_NOT_OK(statement.BindText(static_cast<int>(i) + 1, texts[i]));
  }
  return arrow::Status::OK();
}

/// What `read` makes of each row of a query with text parameters.
template <typename Row>
arrow::Result<std::vector<Row>> ReadAll(SqliteDatabase& database, std::string_view sql,
                                        const std::vector<std::string>& parameters,
                                        arrow::Result<Row> (*read)(const SqliteStatement&)) {
  ARROW_ASSIGN_OR_RAISE(SqliteStatement statement, database.Prepare(sql));
  ARROW_RETURN_NOT_OK(BindTexts(statement, parameters));
  std::vector<Row> rows;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool has_row, statement.Step());
    if (!has_row) return rows;
    ARROW_ASSIGN_OR_RAISE(Row row, read(statement));
    rows.push_back(std::move(row));
  }
}

arrow::Result<int64_t> UserVersion(SqliteDatabase& database) {
  ARROW_ASSIGN_OR_RAISE(SqliteStatement statement, database.Prepare("PRAGMA user_version"));
  ARROW_RETURN_NOT_OK(statement.Step());
  return statement.ColumnInt64(0);
}

/// The version of a journal that this program understands.
arrow::Result<int64_t> KnownVersion(SqliteDatabase& database, const std::filesystem::path& file) {
  ARROW_ASSIGN_OR_RAISE(const int64_t version, UserVersion(database));
  if (version <= kJournalVersion) return version;
  return UserError("the journal " + file.string() +
                   " was written by a later version of headrace (format " +
                   std::to_string(version) + "); use that version, or another `state:` folder");
}

/// The caller holds the lock to write: another process may have done it just before.
arrow::Status BringUpToDate(SqliteDatabase& database) {
  ARROW_ASSIGN_OR_RAISE(const int64_t version, UserVersion(database));
  if (version >= kJournalVersion) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(database.Execute(kTables));
  for (const LaterColumn& column : kLaterColumns) {
    if (version == 0 || version >= column.since) continue;
    ARROW_RETURN_NOT_OK(database.Execute("ALTER TABLE run ADD COLUMN " + std::string(column.name) +
                                         " TEXT NOT NULL DEFAULT ''"));
  }
  return database.Execute("PRAGMA user_version=" + std::to_string(kJournalVersion));
}

arrow::Status CreateTables(SqliteDatabase& database, const std::filesystem::path& file) {
  ARROW_RETURN_NOT_OK(database.Execute(kPragmas));
  ARROW_ASSIGN_OR_RAISE(const int64_t version, KnownVersion(database, file));
  if (version == kJournalVersion) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(database.Execute("BEGIN IMMEDIATE"));
  ARROW_RETURN_NOT_OK(BringUpToDate(database));
  return database.Execute("COMMIT");
}

/// What a person can do about it.
std::string_view AdviceOn(std::string_view code) {
  if (code == "SQLITE_FULL") return "; free space on its filesystem";
  if (code != "SQLITE_NOTADB" && code != "SQLITE_CORRUPT") return {};
  return "; it is damaged: restore it, or move it away and run again with the same --run-id, for "
         "which the commit records at the destination tell what is published";
}

/// A file that is no journal is nothing that the job or the command line could be changed for.
arrow::Status NamingJournal(const arrow::Status& error, const std::filesystem::path& file) {
  const bool is_named = error.message().find(file.string()) != std::string::npos;
  const std::string text = (is_named ? "" : "cannot use the journal " + file.string() + ": ") +
                           error.message() + std::string(AdviceOn(CodeOf(error)));
  return CodeOf(error) == "SQLITE_NOTADB" ? PermanentError(text, std::string(CodeOf(error)))
                                          : error.WithMessage(text);
}

/// How often a journal is read again that somebody else wrote to meanwhile, and how long after.
constexpr int kImageAttempts = 100;
constexpr std::chrono::milliseconds kImagePause{10};

std::string WalOf(const std::filesystem::path& file) { return file.string() + "-wal"; }

/// Whether changes lie beside the file that are not in it yet.
bool HasWal(const std::filesystem::path& file) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(WalOf(file), error);
  return !error && bytes > 0;
}

arrow::Result<std::string> ReadWhole(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad() || !stream.is_open()) return UserError("cannot read " + file.string());
  return bytes;
}

/// The bytes of the file as they were at one moment, or nothing if somebody writes to it: who does
/// makes a -wal first, and moves it into the file before it is removed.
arrow::Result<std::optional<std::string>> ReadStill(const std::filesystem::path& file) {
  std::error_code error;
  const auto before = std::filesystem::last_write_time(file, error);
  ARROW_ASSIGN_OR_RAISE(std::string bytes, ReadWhole(file));
  const auto after = std::filesystem::last_write_time(file, error);
  if (error || before != after || HasWal(file)) return std::nullopt;
  return bytes;
}

/// A journal in WAL mode where nothing may be written. With a -wal and a -shm, as a run at work or
/// a killed one leaves them, SQLite reads both. Without a -wal everything is in the file itself.
arrow::Result<SqliteDatabase> OpenUnwritable(const std::filesystem::path& file) {
  for (int attempt = 0; attempt < kImageAttempts; ++attempt) {
    if (HasWal(file)) break;
    ARROW_ASSIGN_OR_RAISE(const auto image, ReadStill(file));
    if (image.has_value()) return SqliteDatabase::OpenImage(*image);
    std::this_thread::sleep_for(kImagePause);
  }
  if (std::filesystem::exists(file.string() + "-shm")) {
    return SqliteDatabase::Open(file.string(), SqliteOpenMode::kReadOnly, kBusyTimeout);
  }
  return UserError("the journal " + file.string() +
                   " cannot be read where nothing may be written: " + WalOf(file) +
                   " holds changes that SQLite must put in order first; copy the folder to "
                   "where you may write, and name the copy with `--state`");
}

}  // namespace

std::string_view RunStateName(RunState state) {
  return kRunStateNames.at(static_cast<size_t>(state));
}

arrow::Result<std::unique_ptr<SqliteJournal>> SqliteJournal::Open(
    const std::filesystem::path& file) {
  ARROW_ASSIGN_OR_RAISE(
      SqliteDatabase database,
      SqliteDatabase::Open(file.string(), SqliteOpenMode::kReadWriteCreate, kBusyTimeout));
  if (const arrow::Status made = CreateTables(database, file); !made.ok()) {
    return NamingJournal(made, file);
  }
  return std::unique_ptr<SqliteJournal>(new SqliteJournal(std::move(database), kJournalVersion));
}

arrow::Result<std::unique_ptr<SqliteJournal>> SqliteJournal::OpenToRead(
    const std::filesystem::path& file) {
  ARROW_ASSIGN_OR_RAISE(SqliteDatabase database, OpenUnwritable(file));
  const auto version = KnownVersion(database, file);
  if (!version.ok()) return NamingJournal(version.status(), file);
  return std::unique_ptr<SqliteJournal>(new SqliteJournal(std::move(database), *version));
}

arrow::Status SqliteJournal::Write(std::string_view sql,
                                   const std::vector<std::string>& parameters) {
  const std::scoped_lock lock(mutex_);
  const arrow::Status written = Execute(sql, parameters);
  return written.ok() ? written : NamingJournal(written, database_.path());
}

arrow::Status SqliteJournal::Execute(std::string_view sql,
                                     const std::vector<std::string>& parameters) {
  ARROW_ASSIGN_OR_RAISE(SqliteStatement statement, database_.Prepare(sql));
  ARROW_RETURN_NOT_OK(BindTexts(statement, parameters));
  return statement.Run();
}

arrow::Status SqliteJournal::InTransaction(const std::function<arrow::Status()>& change) {
  const std::scoped_lock lock(mutex_);
  if (const arrow::Status begun = database_.Execute("BEGIN IMMEDIATE"); !begun.ok()) {
    return NamingJournal(begun, database_.path());
  }
  arrow::Status status = change();
  if (status.ok()) status = database_.Execute("COMMIT");
  if (status.ok()) return status;
  (void)database_.Execute("ROLLBACK");  // The first error is what counts.
  return ClassOf(status) == ErrorClass::kBug ? status : NamingJournal(status, database_.path());
}

arrow::Status SqliteJournal::BeginRun(const JournalRun& run) {
  return InTransaction([&] { return InsertRun(run); });
}

arrow::Status SqliteJournal::InsertRun(const JournalRun& run) {
  return Execute(
      "INSERT INTO run (run, job, text_digest, state, started_at, scope, source, matched, "
      "parameters) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
      {run.run, run.job, run.text_digest, std::string(RunStateName(run.state)), run.started_at,
       DumpJson(nlohmann::json(run.scope)), run.source, DumpJson(MatchedJson(run.matched)),
       ParametersText(run.parameters)});
}

arrow::Status SqliteJournal::SupersedeRun(const std::string& run, const JournalRun& successor,
                                          const std::vector<std::string>& kept) {
  return InTransaction([&] { return MoveToSuccessor(run, successor, kept); });
}

arrow::Status SqliteJournal::CopyTable(const std::string& run, const std::string& successor,
                                       const std::string& directory) {
  const std::vector<std::string> parameters = {run, successor, directory};
  ARROW_RETURN_NOT_OK(
      Execute("INSERT INTO run_table (run, directory, label, epoch, units, plan, intent, record) "
              "SELECT ?2, directory, label, epoch, units, plan, intent, record FROM run_table "
              "WHERE run = ?1 AND directory = ?3 AND record IS NOT NULL",
              parameters));
  return Execute(
      "INSERT INTO receipt (run, directory, epoch, file, receipt) "
      "SELECT ?2, directory, epoch, file, receipt FROM receipt JOIN run_table USING (run, "
      "directory, epoch) WHERE run = ?1 AND directory = ?3 AND record IS NOT NULL",
      parameters);
}

arrow::Status SqliteJournal::MoveToSuccessor(const std::string& run, const JournalRun& successor,
                                             const std::vector<std::string>& kept) {
  ARROW_RETURN_NOT_OK(InsertRun(successor));
  for (const std::string& directory : kept) {
    ARROW_RETURN_NOT_OK(CopyTable(run, successor.run, directory));
  }
  ARROW_RETURN_NOT_OK(
      Execute("INSERT INTO lasting_fault (run, directory, reason, found_at) "
              "SELECT ?2, directory, reason, found_at FROM lasting_fault WHERE run = ?1",
              {run, successor.run}));
  ARROW_RETURN_NOT_OK(Execute(
      "UPDATE run SET state = ?2, successor = ?3, ended_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now') "
      "WHERE run = ?1 AND state IN ('running', 'failed')",
      {run, std::string(RunStateName(RunState::kSuperseded)), successor.run}));
  if (database_.changes() == 1) return arrow::Status::OK();
  return BugError("run " + run + " is not unfinished: run " + successor.run +
                  " cannot take it over");
}

arrow::Status SqliteJournal::BeginEpoch(const std::string& run, const std::string& directory,
                                        const std::string& label, int epoch, int64_t units,
                                        const nlohmann::json& plan) {
  const std::scoped_lock lock(mutex_);
  const arrow::Status written = Execute(
      "INSERT INTO run_table (run, directory, label, epoch, units, plan) VALUES (?1, ?2, ?3, "
      "CAST(?4 AS INTEGER), CAST(?5 AS INTEGER), ?6) ON CONFLICT (run, directory) DO UPDATE SET "
      "epoch = excluded.epoch, units = excluded.units, plan = excluded.plan "
      "WHERE excluded.epoch > run_table.epoch",
      {run, directory, label, std::to_string(epoch), std::to_string(units), DumpJson(plan)});
  if (!written.ok()) return NamingJournal(written, database_.path());
  if (database_.changes() == 1) return arrow::Status::OK();
  return BugError("table " + label + " of run " + run + " cannot begin epoch " +
                  std::to_string(epoch) + ": it has begun that or a later one");
}

arrow::Status SqliteJournal::AddDivision(const std::string& run, const std::string& directory,
                                         int epoch, const std::string& unit_id,
                                         const nlohmann::json& parts) {
  return InTransaction([&]() -> arrow::Status {
    ARROW_RETURN_NOT_OK(
        Execute("INSERT INTO division (run, directory, epoch, unit, parts) "
                "VALUES (?1, ?2, CAST(?3 AS INTEGER), ?4, ?5)",
                {run, directory, std::to_string(epoch), unit_id, DumpJson(parts)}));
    return Execute(
        "UPDATE run_table SET units = units - 1 + CAST(?4 AS INTEGER) "
        "WHERE run = ?1 AND directory = ?2 AND epoch = CAST(?3 AS INTEGER)",
        {run, directory, std::to_string(epoch), std::to_string(parts.size())});
  });
}

arrow::Status SqliteJournal::AddReceipt(const std::string& run, const std::string& directory,
                                        int epoch, const Receipt& receipt) {
  return Write(
      "INSERT INTO receipt (run, directory, epoch, file, receipt) "
      "VALUES (?1, ?2, CAST(?3 AS INTEGER), ?4, ?5)",
      {run, directory, std::to_string(epoch), receipt.files.front().name,
       DumpJson(ToJson(receipt))});
}

arrow::Status SqliteJournal::AddIntent(const CommitIntent& intent) {
  return Write(
      "INSERT INTO run_table (run, directory, label, epoch, units, plan, intent) "
      "VALUES (?1, ?2, ?3, CAST(?4 AS INTEGER), 0, '{}', ?5) "
      "ON CONFLICT (run, directory) DO UPDATE SET intent = excluded.intent",
      {intent.run, intent.table, intent.label, std::to_string(intent.epoch),
       DumpJson(ToJson(intent))});
}

arrow::Status SqliteJournal::AddRecord(const CommitRecord& record) {
  const CommitIntent& intent = record.intent;
  return Write(
      "INSERT INTO run_table (run, directory, label, epoch, units, plan, intent, record) "
      "VALUES (?1, ?2, ?3, CAST(?4 AS INTEGER), 0, '{}', ?5, ?6) "
      "ON CONFLICT (run, directory) DO UPDATE SET "
      "intent = coalesce(intent, excluded.intent), record = excluded.record",
      {intent.run, intent.table, intent.label, std::to_string(intent.epoch),
       DumpJson(ToJson(intent)), DumpJson(ToJson(record))});
}

arrow::Status SqliteJournal::MakeIntentVoid(const CommitIntent& intent, const std::string& reason) {
  return InTransaction([&] { return MoveIntent(intent, reason); });
}

arrow::Status SqliteJournal::MoveIntent(const CommitIntent& intent, const std::string& reason) {
  ARROW_RETURN_NOT_OK(Execute(
      "INSERT INTO void_intent (run, directory, epoch, intent, reason, voided_at) VALUES (?1, ?2, "
      "CAST(?3 AS INTEGER), ?4, ?5, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
      {intent.run, intent.table, std::to_string(intent.epoch), DumpJson(ToJson(intent)), reason}));
  ARROW_RETURN_NOT_OK(Execute(
      "UPDATE run_table SET intent = NULL WHERE run = ?1 AND directory = ?2 AND record IS NULL",
      {intent.run, intent.table}));
  if (database_.changes() == 1) return arrow::Status::OK();
  return BugError("table " + intent.label + " of run " + intent.run +
                  " has no open intent that could become void");
}

arrow::Status SqliteJournal::AddLastingFault(const std::string& run, const std::string& directory,
                                             const std::string& reason) {
  return Write(
      "INSERT INTO lasting_fault (run, directory, reason, found_at) VALUES (?1, ?2, ?3, "
      "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')) ON CONFLICT DO NOTHING",
      {run, directory, reason});
}

arrow::Status SqliteJournal::EndRun(const std::string& run, RunState state,
                                    const std::string& report) {
  return Write(
      "UPDATE run SET state = ?2, report = ?3, ended_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now') "
      "WHERE run = ?1",
      {run, std::string(RunStateName(state)), report});
}

arrow::Status SqliteJournal::ForgetRun(const std::string& run) {
  return InTransaction([&]() -> arrow::Status {
    ARROW_RETURN_NOT_OK(Execute("DELETE FROM lasting_fault WHERE run = ?1", {run}));
    ARROW_RETURN_NOT_OK(
        Execute("DELETE FROM run WHERE run = ?1 AND NOT EXISTS (SELECT 1 FROM run_table WHERE run "
                "= ?1) AND NOT EXISTS (SELECT 1 FROM run WHERE successor = ?1)",
                {run}));
    if (database_.changes() == 1) return arrow::Status::OK();
    return BugError("run " + run + " cannot be forgotten: something of it was begun");
  });
}

arrow::Status SqliteJournal::ResumeRun(const JournalRun& run) {
  return Write(
      "UPDATE run SET state = 'running', ended_at = '', text_digest = ?2, source = ?3, scope = "
      "?4, matched = ?5, parameters = ?6 WHERE run = ?1",
      {run.run, run.text_digest, run.source, DumpJson(nlohmann::json(run.scope)),
       DumpJson(MatchedJson(run.matched)), ParametersText(run.parameters)});
}

arrow::Result<std::vector<Receipt>> SqliteJournal::Receipts(const std::string& run,
                                                            const std::string& directory,
                                                            int epoch) {
  const std::scoped_lock lock(mutex_);
  return ReadAll(database_,
                 "SELECT receipt FROM receipt WHERE run = ?1 AND directory = ?2 AND "
                 "epoch = CAST(?3 AS INTEGER) ORDER BY file",
                 {run, directory, std::to_string(epoch)}, ReadReceipt);
}

arrow::Result<std::vector<UnitDivision>> SqliteJournal::Divisions(const std::string& run,
                                                                  const std::string& directory,
                                                                  int epoch) {
  if (version_ < kFirstVersionWithDivisions) return std::vector<UnitDivision>();
  const std::scoped_lock lock(mutex_);
  return ReadAll(database_,
                 "SELECT unit, (SELECT json_group_array(json_extract(value, '$.unit_id')) "
                 "FROM json_each(parts)) FROM division WHERE run = ?1 AND directory = ?2 AND "
                 "epoch = CAST(?3 AS INTEGER) ORDER BY rowid",
                 {run, directory, std::to_string(epoch)}, ReadDivision);
}

arrow::Result<std::vector<JournalTable>> SqliteJournal::Tables(const std::string& run) {
  const std::scoped_lock lock(mutex_);
  return ReadAll(database_,
                 "SELECT directory, label, epoch, units, intent, record, "
                 "CASE WHEN json_valid(plan) THEN coalesce(json_extract(plan, '$.split_column'), "
                 "'') ELSE '' END FROM run_table "
                 "WHERE run = ?1 ORDER BY directory",
                 {run}, ReadTable);
}

arrow::Result<std::map<std::string, EpochFigures>> SqliteJournal::Figures(const std::string& run) {
  const std::scoped_lock lock(mutex_);
  ARROW_ASSIGN_OR_RAISE(
      auto figures,
      ReadAll(database_,
              "SELECT directory, "
              // One of several with the same units counts (CoverUnits).
              "(SELECT sum(nulled) FROM (SELECT max(json_extract(receipt, '$.nulled_values')) "
              "AS nulled FROM receipt AS r WHERE r.run = t.run AND r.directory = t.directory "
              "AND r.epoch = t.epoch GROUP BY json_extract(receipt, '$.units[0].unit_id'))), "
              "json_extract(plan, '$.excluded_rows') FROM run_table AS t WHERE run = ?1",
              {run}, ReadFigures));
  return std::map<std::string, EpochFigures>(figures.begin(), figures.end());
}

arrow::Result<std::vector<VoidIntent>> SqliteJournal::VoidIntents(const std::string& run) {
  if (version_ < kFirstVersionWithVoidIntents) return std::vector<VoidIntent>();
  const std::scoped_lock lock(mutex_);
  return ReadAll(database_,
                 "SELECT intent, reason, voided_at FROM void_intent WHERE run = ?1 "
                 "ORDER BY directory, epoch",
                 {run}, ReadVoidIntent);
}

arrow::Result<std::vector<LastingFault>> SqliteJournal::LastingFaults(const std::string& run) {
  if (version_ < kFirstVersionWithLastingFaults) return std::vector<LastingFault>();
  const std::scoped_lock lock(mutex_);
  return ReadAll(database_,
                 "SELECT directory, reason, found_at FROM lasting_fault WHERE run = ?1 "
                 "ORDER BY directory",
                 {run}, ReadLastingFault);
}

arrow::Result<std::vector<JournalRun>> SqliteJournal::ReadRuns(std::string_view condition,
                                                               std::string_view parameter,
                                                               std::string_view report) {
  std::string later;
  for (const LaterColumn& column : kLaterColumns) {
    later += ", " + (version_ < column.since ? "''" : std::string(column.name));
  }
  const std::scoped_lock lock(mutex_);
  return ReadAll(database_,
                 "SELECT run, job, text_digest, state, started_at, ended_at, " +
                     std::string(report) + ", scope" + later + " FROM run WHERE " +
                     std::string(condition) + " ORDER BY rowid DESC",
                 {std::string(parameter)}, ReadRun);
}

arrow::Result<std::vector<JournalRun>> SqliteJournal::Runs(std::string_view job) {
  return ReadRuns(kOfJob, job);
}

/// Reads the state of every run, but no further: SQLite finds a report and what stands behind it in
/// a row only by reading through it.
arrow::Result<std::vector<JournalRun>> SqliteJournal::UnfinishedRuns(std::string_view job) {
  return ReadRuns("state IN ('running', 'failed') AND " + std::string(kOfJob), job, "''");
}

arrow::Result<std::optional<JournalRun>> SqliteJournal::FindRun(const std::string& run) {
  ARROW_ASSIGN_OR_RAISE(std::vector<JournalRun> runs, ReadRuns("run = ?1", run));
  if (runs.empty()) return std::nullopt;
  return std::move(runs.front());
}

}  // namespace headrace
