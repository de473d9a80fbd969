#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>

namespace headrace {

/// For tests of waits that a stop must end: asks for the stop once the thread that made it sleeps
/// in the kernel, so that the wait has begun.
class StopWhenAsleep {
 public:
  explicit StopWhenAsleep(std::stop_source& stop)
      : watcher_([&stop, thread = gettid()](const std::stop_token& made_to_end) {
          while (!made_to_end.stop_requested() && !Sleeps(thread)) std::this_thread::yield();
          stop.request_stop();
        }) {}

 private:
  /// proc(5): the state is the first field behind the name in parentheses.
  static bool Sleeps(pid_t thread) {
    std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
    std::ostringstream text;
    text << stat.rdbuf();
    const std::string fields = text.str();
    const size_t name_end = fields.rfind(") ");
    return name_end != std::string::npos && fields[name_end + 2] == 'S';
  }

  std::jthread watcher_;
};

}  // namespace headrace
