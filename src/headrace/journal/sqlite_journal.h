#pragma once

#include <functional>
#include <mutex>

#include "headrace/client/sqlite/database.h"
#include "headrace/journal/journal.h"

namespace headrace {

/// The journal in a SQLite database; the tables are those of docs/format/journal.md.
class SqliteJournal : public Journal {
 public:
  /// Makes the tables where they are missing. Errors of class user where the file is of a later
  /// version.
  static arrow::Result<std::unique_ptr<SqliteJournal>> Open(const std::filesystem::path& file);

  /// The file and its folder are only read; without a `-wal` all at once, so that what others write
  /// later changes nothing.
  static arrow::Result<std::unique_ptr<SqliteJournal>> OpenToRead(
      const std::filesystem::path& file);

  arrow::Status BeginRun(const JournalRun& run) override;
  arrow::Status SupersedeRun(const std::string& run, const JournalRun& successor,
                             const std::vector<std::string>& kept) override;
  arrow::Status BeginEpoch(const std::string& run, const std::string& directory,
                           const std::string& label, int epoch, int64_t units,
                           const nlohmann::json& plan) override;
  arrow::Status AddDivision(const std::string& run, const std::string& directory, int epoch,
                            const std::string& unit_id, const nlohmann::json& parts) override;
  arrow::Status AddReceipt(const std::string& run, const std::string& directory, int epoch,
                           const Receipt& receipt) override;
  arrow::Status AddIntent(const CommitIntent& intent) override;
  arrow::Status AddRecord(const CommitRecord& record) override;
  arrow::Status MakeIntentVoid(const CommitIntent& intent, const std::string& reason) override;
  arrow::Status AddLastingFault(const std::string& run, const std::string& directory,
                                const std::string& reason) override;
  arrow::Status EndRun(const std::string& run, RunState state, const std::string& report) override;
  arrow::Status ForgetRun(const std::string& run) override;
  arrow::Status ResumeRun(const JournalRun& run) override;

  arrow::Result<std::vector<Receipt>> Receipts(const std::string& run, const std::string& directory,
                                               int epoch) override;
  arrow::Result<std::vector<UnitDivision>> Divisions(const std::string& run,
                                                     const std::string& directory,
                                                     int epoch) override;
  arrow::Result<std::map<std::string, EpochFigures>> Figures(const std::string& run) override;
  arrow::Result<std::vector<JournalTable>> Tables(const std::string& run) override;
  arrow::Result<std::vector<VoidIntent>> VoidIntents(const std::string& run) override;
  arrow::Result<std::vector<LastingFault>> LastingFaults(const std::string& run) override;
  arrow::Result<std::vector<JournalRun>> Runs(std::string_view job) override;
  arrow::Result<std::vector<JournalRun>> UnfinishedRuns(std::string_view job) override;
  arrow::Result<std::optional<JournalRun>> FindRun(const std::string& run) override;

 private:
  SqliteJournal(SqliteDatabase database, int64_t version)
      : version_(version), database_(std::move(database)) {}

  /// Runs one statement with text parameters in a transaction of its own.
  arrow::Status Write(std::string_view sql, const std::vector<std::string>& parameters);
  /// The same; the caller holds mutex_.
  arrow::Status Execute(std::string_view sql, const std::vector<std::string>& parameters);
  /// What `change` does, all of it or nothing. Takes mutex_.
  arrow::Status InTransaction(const std::function<arrow::Status()>& change);
  arrow::Status InsertRun(const JournalRun& run);
  arrow::Status CopyTable(const std::string& run, const std::string& successor,
                          const std::string& directory);
  arrow::Status MoveToSuccessor(const std::string& run, const JournalRun& successor,
                                const std::vector<std::string>& kept);
  arrow::Status MoveIntent(const CommitIntent& intent, const std::string& reason);
  /// `report` is the SQL expression that a run's report is read from.
  arrow::Result<std::vector<JournalRun>> ReadRuns(std::string_view condition,
                                                  std::string_view parameter,
                                                  std::string_view report = "report");

  const int64_t version_;  ///< Below kJournalVersion only where it was opened to read.
  std::mutex mutex_;
  SqliteDatabase database_;  // protected by mutex_
};

}  // namespace headrace
