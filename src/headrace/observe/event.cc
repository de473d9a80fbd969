#include "headrace/observe/event.h"

#include <algorithm>
#include <array>

namespace headrace {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

}  // namespace

std::string_view LevelName(Level level) { return kLevelNames.at(static_cast<size_t>(level)); }

std::optional<Level> ParseLevel(std::string_view name) {
  const auto found = std::ranges::find(kLevelNames, name);
  if (found == kLevelNames.end()) return std::nullopt;
  return static_cast<Level>(found - kLevelNames.begin());
}

void Observer::AddSink(std::shared_ptr<EventSink> sink) {
  const std::scoped_lock lock(mutex_);
  sinks_.push_back(std::move(sink));
}

void Observer::Emit(Level level, std::string_view name, std::string message, Fields fields) {
  const Event event{.time = std::chrono::system_clock::now(),
                    .level = level,
                    .name = std::string(name),
                    .message = std::move(message),
                    .fields = std::move(fields)};
  const std::scoped_lock lock(mutex_);
  for (const auto& sink : sinks_) sink->Handle(event);
}

}  // namespace headrace
