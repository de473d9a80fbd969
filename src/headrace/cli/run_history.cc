#include "headrace/cli/run_history.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace headrace {

nlohmann::json StoredReport(const JournalRun& run) {
  nlohmann::json report = nlohmann::json::parse(run.report, nullptr, false);
  if (!report.is_object()) return nlohmann::json::object();
  return report;
}

std::string RunStanding::StateText() const {
  if (run.state != RunState::kRunning || !lock_seen) return std::string(RunStateName(run.state));
  if (!at_work.has_value()) return "stopped before its end";
  return "at work (" + at_work->substr(0, at_work->find(" since ")) + ")";
}

arrow::Result<RunStanding> StandingOf(const std::filesystem::path& state, Journal& journal,
                                      const JournalRun& run) {
  RunStanding standing = {.run = run};
  if (run.state != RunState::kRunning) return standing;
  const auto holder = JobLock::Holder(state, run.job);
  if (holder.ok() && holder->has_value()) {
    standing.at_work = **holder;
    return standing;
  }
  standing.lock_seen = holder.ok();
  // It held the lock when the journal said `running`; it may have ended since.
  ARROW_ASSIGN_OR_RAISE(auto now, journal.FindRun(run.run));
  if (now.has_value()) standing.run = *std::move(now);
  return standing;
}

nlohmann::ordered_json RunJson(const RunStanding& standing) {
  const JournalRun& run = standing.run;
  const nlohmann::json report = StoredReport(run);
  nlohmann::ordered_json json = {
      {"run", run.run},       {"job", run.job},     {"state", RunStateName(run.state)},
      {"successor", nullptr}, {"at_work", nullptr}, {"started_at", run.started_at},
      {"ended_at", nullptr},  {"scope", run.scope}, {"report", nullptr}};
  if (!run.successor.empty()) json["successor"] = run.successor;
  if (standing.at_work.has_value()) json["at_work"] = *standing.at_work;
  if (!run.ended_at.empty()) json["ended_at"] = run.ended_at;
  if (!report.empty()) json["report"] = report;
  return json;
}

std::string HumanTime(std::string_view iso) {
  if (iso.empty()) return "-";
  std::string text(iso.substr(0, iso.find('.')));  // Microseconds are for machines.
  std::ranges::replace(text, 'T', ' ');
  if (text.ends_with('Z')) text.pop_back();
  return text;
}

std::string HumanMinute(std::string_view iso) {
  const std::string time = HumanTime(iso);
  return time.substr(0, time.rfind(':'));
}

}  // namespace headrace
