#include "headrace/run/report.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <numeric>

#include "headrace/model/error_json.h"
#include "headrace/run/exit_code.h"

namespace headrace {
namespace {

constexpr std::array<std::string_view, 4> kTableStateNames = {"committed", "already_committed",
                                                              "failed", "interrupted"};

nlohmann::json TableReportJson(const TableReport& table) {
  nlohmann::json json = {{"table", table.table},
                         {"state", TableStateName(table.state)},
                         {"rows", table.rows},
                         {"bytes", table.bytes},
                         {"files", table.files},
                         {"units", table.units},
                         {"epoch", table.epoch},
                         {"sequence", table.sequence},
                         {"checksum", table.checksum.ToHex()},
                         {"target", table.target}};
  if (!table.details.text.empty()) json["about"] = table.details.text;
  if (!table.details.figures.is_null()) json["published"] = table.details.figures;
  if (table.nulled_values) json["nulled_values"] = *table.nulled_values;
  if (table.excluded_rows) json["excluded_rows"] = *table.excluded_rows;
  if (table.cursor_column) {
    json["cursor_column"] = *table.cursor_column;
    json["watermark"] = table.watermark ? nlohmann::json(*table.watermark) : nlohmann::json();
  }
  if (table.window) json["window"] = ToJson(*table.window);
  if (table.source_rows) json["source_rows"] = *table.source_rows;
  if (!table.error.ok()) json["error"] = ErrorJson(table.error);
  if (!table.verify_error.ok()) json["verify_error"] = ErrorJson(table.verify_error);
  if (table.verified.has_value()) json["verified"] = *table.verified;
  if (!table.replaced_by.empty()) json["replaced_by"] = table.replaced_by;
  if (!table.problems.empty()) json["problems"] = table.problems;
  return json;
}

int64_t LoadedNow(const std::vector<TableReport>& tables, int64_t TableReport::* figure) {
  int64_t sum = 0;
  for (const TableReport& table : tables) {
    if (table.state == TableState::kCommitted) sum += table.*figure;
  }
  return sum;
}

/// Of the tables that failed; kExitDone if there is none.
int FailureCode(const std::vector<TableReport>& tables) {
  std::vector<arrow::Status> errors;
  bool published = false;
  for (const TableReport& table : tables) {
    if (table.state == TableState::kFailed) errors.push_back(table.error);
    published |=
        table.state == TableState::kCommitted || table.state == TableState::kAlreadyCommitted;
  }
  return ExitCodeOfTables(errors, published);
}

}  // namespace

std::string_view TableStateName(TableState state) {
  return kTableStateNames.at(static_cast<size_t>(state));
}

int64_t RunReport::rows() const { return LoadedNow(tables, &TableReport::rows); }

int64_t RunReport::bytes() const { return LoadedNow(tables, &TableReport::bytes); }

double RunReport::rows_per_second() const {
  return seconds > 0 ? static_cast<double>(rows()) / seconds : 0;
}

int64_t RunReport::published_rows() const {
  return std::accumulate(tables.begin(), tables.end(), int64_t{0},
                         [](int64_t sum, const TableReport& table) { return sum + table.rows; });
}

int RunReport::exit_code() const {
  if (interrupted) return kExitInterrupted;
  // A failure is met again by the next run, damage perhaps by none: an earlier run is verified
  // once.
  const bool differs =
      std::ranges::any_of(tables, [](const TableReport& table) { return table.verified == false; });
  if (differs || earlier_verification_failed) return kExitVerificationFailed;
  if (const int failed = FailureCode(tables); failed != kExitDone) return failed;
  // The tables that `--only` names are there by an earlier process of a run that others keep
  // unfinished: a scheduler that calls for them every day would take them for loaded today.
  const bool waits_for_others = nothing_to_do && !left.empty();
  return left_unverified() || waits_for_others ? kExitFailed : kExitDone;
}

bool RunReport::left_unverified() const {
  return std::ranges::any_of(tables,
                             [](const TableReport& table) { return !table.verify_error.ok(); });
}

nlohmann::json ToJson(const RunReport& report) {
  nlohmann::json json = {{"version", 1},
                         {"job", report.job},
                         {"run", report.run},
                         {"exit_code", report.exit_code()},
                         {"nothing_to_do", report.nothing_to_do},
                         {"interrupted", report.interrupted},
                         {"rows", report.rows()},
                         {"bytes", report.bytes()},
                         {"seconds", report.seconds},
                         {"rows_per_second", report.rows_per_second()},
                         {"published_rows", report.published_rows()},
                         {"workers", report.workers},
                         {"worker_utilisation", report.utilisation},
                         {"retries", report.retries},
                         {"phases",
                          {{"init", report.phases.init},
                           {"validate", report.phases.validate},
                           {"extract", report.phases.extract},
                           {"load", report.phases.load},
                           {"verify", report.phases.verify}}},
                         {"values_compared", report.values_compared},
                         {"left", report.left},
                         {"undecided", report.undecided},
                         {"notes", report.notes},
                         {"tables", nlohmann::json::array()}};
  for (const TableReport& table : report.tables) json["tables"].push_back(TableReportJson(table));
  return json;
}

}  // namespace headrace
