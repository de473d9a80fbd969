#include "headrace/destination/bigquery/process_mark.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "headrace/model/json_object.h"

namespace headrace {
namespace {

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string PidNamespace() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/ns/pid", error).string();
}

std::string BootId() { return FirstLine("/proc/sys/kernel/random/boot_id"); }

}  // namespace

/// The name of the process, in parentheses, may hold anything.
std::string ProcessMark::StartOf(int pid) {
  constexpr int kFieldsBehindName = 19;  // The third to the 21st.
  const std::string stat = FirstLine("/proc/" + std::to_string(pid) + "/stat");
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int i = 0; i <= kFieldsBehindName; ++i) fields >> field;
  return field;
}

ProcessMark ProcessMark::OfThisProcess() {
  const int pid = ::getpid();
  return {.host = HostName(),
          .boot = BootId(),
          .pids = PidNamespace(),
          .pid = pid,
          .started = StartOf(pid)};
}

std::string ProcessMark::ToJson() const {
  return DumpJson(nlohmann::json{
      {"host", host}, {"boot", boot}, {"pids", pids}, {"pid", pid}, {"started", started}});
}

arrow::Result<ProcessMark> ProcessMark::FromJson(std::string_view text) {
  constexpr std::string_view kWhat = "the mark of a process";
  ARROW_ASSIGN_OR_RAISE(const auto json, ParseJson(text, kWhat, ErrorClass::kPermanent));
  JsonObject object(json, kWhat, ErrorClass::kPermanent);
  ProcessMark mark;
  object.Read("host", mark.host);
  object.Read("boot", mark.boot);
  object.Read("pids", mark.pids);
  object.Read("pid", mark.pid);
  object.Read("started", mark.started);
  ARROW_RETURN_NOT_OK(object.status());
  return mark;
}

std::optional<bool> ProcessMark::IsAlive() const {
  // Another boot may be that of another machine, which has the same name.
  if (host != HostName() || boot != BootId()) return std::nullopt;
  if (pids != PidNamespace() || started.empty()) return std::nullopt;
  return StartOf(pid) == started;
}

}  // namespace headrace
