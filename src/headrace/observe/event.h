#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace headrace {

enum class Level { kDebug, kInfo, kWarning, kError };

std::string_view LevelName(Level level);

/// The level of that name, as `logging.level` and `--log-level` write it.
std::optional<Level> ParseLevel(std::string_view name);

using Texts = std::vector<std::string>;
using FieldValue = std::variant<bool, int64_t, double, std::string, Texts>;
using Fields = std::vector<std::pair<std::string, FieldValue>>;

/// Something that happened, for people and for machines. Usual fields: run, table, unit, worker,
/// attempt.
struct Event {
  std::chrono::system_clock::time_point time;
  Level level = Level::kInfo;
  std::string name;     ///< Stable, for machines: `unit_done`, `retry`, `committed`.
  std::string message;  ///< A sentence for people, without the fields. Carries no secret.
  Fields fields;
};

/// Receives events. Called from any thread, one call at a time (Observer holds a lock): must be
/// quick, must not throw.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void Handle(const Event& event) = 0;
};

/// Where every part of headrace says what happens. Thread-safe; sinks are added before the first
/// event.
class Observer {
 public:
  void AddSink(std::shared_ptr<EventSink> sink);

  /// Sends an event to every sink, with the time of the call.
  void Emit(Level level, std::string_view name, std::string message, Fields fields = {});

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<EventSink>> sinks_;  // protected by mutex_
};

}  // namespace headrace
