#include "headrace/cli/run_history.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace headrace {

nlohmann::json StoredReport(const JournalRun& run) {
  nlohmann::json report = nlohmann::json::parse(run.report, nullptr, false);
  if (!report.is_object()) return nlohmann::json::object();
  return report;
}

nlohmann::ordered_json RunJson(const JournalRun& run) {
  const nlohmann::json report = StoredReport(run);
  nlohmann::ordered_json json = {{"run", run.run},
                                 {"job", run.job},
                                 {"state", RunStateName(run.state)},
                                 {"started_at", run.started_at},
                                 {"ended_at", nullptr},
                                 {"scope", run.scope},
                                 {"report", nullptr}};
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

}  // namespace headrace
