#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// Names a process among all those of all machines: what machine it is on, since which boot, among
/// which pids, its own one and when it was started. A value.
struct ProcessMark {
  std::string host;
  std::string boot;  ///< /proc/sys/kernel/random/boot_id.
  std::string pids;  ///< /proc/self/ns/pid: containers of one machine may share its name, and do
                     ///< not see each other's processes.
  int pid = 0;
  std::string started;  ///< Field 22 of /proc/<pid>/stat (proc(5)), in clock ticks since boot.

  bool operator==(const ProcessMark&) const = default;

  static ProcessMark OfThisProcess();

  /// `started` of a process of this machine; empty where there is none of this pid.
  static std::string StartOf(int pid);

  std::string ToJson() const;
  static arrow::Result<ProcessMark> FromJson(std::string_view text);

  /// Whether it lives; nothing where that cannot be known from this machine.
  std::optional<bool> IsAlive() const;
};

}  // namespace headrace
