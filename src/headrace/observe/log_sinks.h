#pragma once

#include <cstddef>
#include <string>

#include "headrace/observe/console.h"
#include "headrace/observe/event.h"

namespace headrace {

/// `2025-01-31T08:15:00.250Z`.
std::string FormatUtc(std::chrono::system_clock::time_point time);

/// One event as `time LEVEL message key=value …`, one line without its line feed, whatever the
/// message holds. The time is UTC. Texts that are not plain words are quoted, also those that look
/// like JSON; lists of texts (Texts) are JSON arrays.
std::string FormatTextLine(const Event& event);

/// The same for a terminal of `width` columns: the local time of day, long texts wrapped under
/// themselves, fields dimmed, the texts of a list (Texts) one below the other and without quotes.
std::string FormatTerminalLines(const Event& event, bool color, size_t width);

/// One event as one JSON object: `time`, `level`, `event`, `message`, then its fields, with
/// the type of each: lists of texts (Texts) are arrays; a text stays a string, also one that looks
/// like JSON.
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
