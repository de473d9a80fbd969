#pragma once

#include <cstddef>
#include <string>

#include "headrace/observe/console.h"
#include "headrace/observe/event.h"

namespace headrace {

/// `2025-01-31T08:15:00.250Z`.
std::string FormatUtc(std::chrono::system_clock::time_point time);

/// One event as `time LEVEL message key=value …`, one line without its line feed, whatever the
/// message holds. The time is UTC. Values that are not plain words are quoted, JSON texts are left
/// as they are.
std::string FormatTextLine(const Event& event);

/// The same for a terminal of `width` columns: the local time of day, long texts wrapped under
/// themselves, fields dimmed, the elements of a JSON array one below the other.
std::string FormatTerminalLines(const Event& event, bool color, size_t width);

/// One event as one JSON object: `time`, `level`, `event`, `message`, then its fields. Fields that
/// hold a JSON object or array are written as such.
std::string FormatJsonLine(const Event& event);

/// Log lines for people. The console outlives the sink.
class TextLog : public EventSink {
 public:
  TextLog(Console& console, Level minimum) : console_(console), minimum_(minimum) {}
  void Handle(const Event& event) override;

 private:
  Console& console_;
  const Level minimum_;
};

/// Log lines for machines (JSON Lines). The console outlives the sink.
class JsonLog : public EventSink {
 public:
  JsonLog(Console& console, Level minimum) : console_(console), minimum_(minimum) {}
  void Handle(const Event& event) override;

 private:
  Console& console_;
  const Level minimum_;
};

}  // namespace headrace
