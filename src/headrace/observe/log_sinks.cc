#include "headrace/observe/log_sinks.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "headrace/observe/human.h"

namespace headrace {
namespace {

using std::chrono::floor;

constexpr std::string_view kColorReset = "\x1b[0m";
constexpr std::string_view kColorDim = "\x1b[2m";

struct LevelStyle {
  std::string_view label;
  std::string_view color;
};

/// By Level; SGR colours of ECMA-48: dim, none, yellow, red.
constexpr std::array<LevelStyle, 4> kLevelStyles = {
    {{"DEBUG", "\x1b[2m"}, {"INFO ", ""}, {"WARN ", "\x1b[33m"}, {"ERROR", "\x1b[31m"}}};

bool IsPlainWord(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) {
    return c == ' ' || c == '"' || c == '=' || c == '\\' || c == '\'';
  });
}

bool IsJsonText(std::string_view text) {
  return text.size() >= 2 &&
         ((text.front() == '{' && text.back() == '}') ||
          (text.front() == '[' && text.back() == ']')) &&
         nlohmann::json::accept(text);
}

std::string QuoteUnlessPlain(std::string_view text) {
  std::string escaped = EscapeControls(text);
  if (IsPlainWord(escaped) || IsJsonText(escaped)) return escaped;
  std::string quoted = "\"";
  for (const char c : escaped) {
    if (c == '"') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

/// One text for each alternative of FieldValue.
struct FieldText {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(double value) const { return fmt::format("{:.6g}", value); }
  std::string operator()(const std::string& value) const { return QuoteUnlessPlain(value); }
};

/// One JSON value for each alternative of FieldValue.
struct FieldJson {
  nlohmann::ordered_json operator()(bool value) const { return value; }
  nlohmann::ordered_json operator()(int64_t value) const { return value; }
  nlohmann::ordered_json operator()(double value) const { return value; }
  nlohmann::ordered_json operator()(const std::string& value) const {
    if (IsJsonText(value)) return nlohmann::ordered_json::parse(value);
    return value;
  }
};

std::string TimeText(std::chrono::system_clock::time_point time, bool terminal) {
  if (!terminal) return FormatUtc(time);
  return fmt::format("{:%H:%M:%S}", fmt::localtime(std::chrono::system_clock::to_time_t(time)));
}

std::string Painted(std::string_view text, std::string_view color, bool wanted) {
  if (!wanted || color.empty()) return std::string(text);
  return fmt::format("{}{}{}", color, text, kColorReset);
}

}  // namespace

std::string FormatUtc(std::chrono::system_clock::time_point time) {
  const auto seconds = floor<std::chrono::seconds>(time);
  const auto millis = floor<std::chrono::milliseconds>(time - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), millis);
}

std::string FormatTextLine(const Event& event, const ConsoleTraits& traits) {
  const LevelStyle& style = kLevelStyles.at(static_cast<size_t>(event.level));
  std::string line = Painted(TimeText(event.time, traits.terminal), kColorDim, traits.color);
  line += ' ';
  line += Painted(style.label, style.color, traits.color);
  line += ' ';
  line += EscapeControls(event.message);
  std::string fields;
  for (const auto& [key, value] : event.fields)
    fields += fmt::format(" {}={}", key, std::visit(FieldText{}, value));
  return line + Painted(fields, fields.empty() ? "" : kColorDim, traits.color);
}

std::string FormatJsonLine(const Event& event) {
  nlohmann::ordered_json json = {{"time", FormatUtc(event.time)},
                                 {"level", LevelName(event.level)},
                                 {"event", event.name},
                                 {"message", event.message}};
  for (const auto& [key, value] : event.fields) json[key] = std::visit(FieldJson{}, value);
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void TextLog::Handle(const Event& event) {
  if (event.level >= minimum_) console_.WriteLine(FormatTextLine(event, console_.traits()));
}

void JsonLog::Handle(const Event& event) {
  if (event.level >= minimum_) console_.WriteLine(FormatJsonLine(event));
}

}  // namespace headrace
