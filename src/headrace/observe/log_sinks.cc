#include "headrace/observe/log_sinks.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "headrace/model/json_object.h"
#include "headrace/observe/human.h"
#include "headrace/observe/text_wrap.h"

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

/// Columns of `08:15:00 INFO  `.
constexpr size_t kTextIndent = 15;
/// A terminal narrower than that wraps by itself.
constexpr size_t kMinTextWidth = 40;
constexpr size_t kListIndent = 2;

std::string QuoteUnlessPlain(std::string_view text) {
  std::string escaped = EscapeControls(text);
  if (IsPlainWord(escaped)) return escaped;
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
  std::string operator()(const Texts& value) const { return DumpJson(nlohmann::json(value)); }
};

/// One JSON value for each alternative of FieldValue.
struct FieldJson {
  nlohmann::ordered_json operator()(bool value) const { return value; }
  nlohmann::ordered_json operator()(int64_t value) const { return value; }
  nlohmann::ordered_json operator()(double value) const { return value; }
  nlohmann::ordered_json operator()(const std::string& value) const { return value; }
  nlohmann::ordered_json operator()(const Texts& value) const { return value; }
};

std::string Painted(std::string_view text, std::string_view color, bool wanted) {
  if (!wanted || color.empty()) return std::string(text);
  return fmt::format("{}{}{}", color, text, kColorReset);
}

/// `key=value` for each field; those of several texts are left to ListLines where `without_lists`.
std::string FieldsText(const Fields& fields, bool without_lists) {
  std::string text;
  for (const auto& [key, value] : fields) {
    if (without_lists && std::holds_alternative<Texts>(value)) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, std::visit(FieldText{}, value));
  }
  return text;
}

/// Each text of each list in `fields`, wrapped; only its first line begins with the key.
std::vector<std::string> ListLines(const Fields& fields, size_t width) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : fields) {
    const auto* const texts = std::get_if<Texts>(&value);
    if (texts == nullptr) continue;
    lines.push_back(key + ":");
    for (const std::string& text : *texts) {
      for (std::string& line : WrapText(EscapeControls(text), width - kListIndent)) {
        lines.push_back(std::string(kListIndent, ' ') + std::move(line));
      }
    }
  }
  return lines;
}

}  // namespace

std::string FormatUtc(std::chrono::system_clock::time_point time) {
  const auto seconds = floor<std::chrono::seconds>(time);
  const auto millis = floor<std::chrono::milliseconds>(time - seconds).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)), millis);
}

std::string FormatTextLine(const Event& event) {
  const LevelStyle& style = kLevelStyles.at(static_cast<size_t>(event.level));
  std::string line =
      fmt::format("{} {} {}", FormatUtc(event.time), style.label, EscapeControls(event.message));
  if (!event.fields.empty()) line += " " + FieldsText(event.fields, false);
  return line;
}

std::string FormatTerminalLines(const Event& event, bool color, size_t width) {
  const LevelStyle& style = kLevelStyles.at(static_cast<size_t>(event.level));
  const auto time = fmt::localtime(std::chrono::system_clock::to_time_t(event.time));
  const size_t text_width =
      width > kTextIndent + kMinTextWidth ? width - kTextIndent : kMinTextWidth;
  const std::string indent = "\n" + std::string(kTextIndent, ' ');

  std::string text = Painted(fmt::format("{:%H:%M:%S}", time), kColorDim, color) + " " +
                     Painted(style.label, style.color, color) + " ";
  const std::string message = PlainLines(event.message);
  const std::string fields = FieldsText(event.fields, true);
  const bool fits = message.find('\n') == std::string::npos &&
                    DisplayWidth(message) + 1 + DisplayWidth(fields) <= text_width;
  text += fmt::format("{}", fmt::join(WrapText(message, text_width), indent));
  if (!fields.empty()) {
    text += (fits ? " " : indent) +
            Painted(fmt::format("{}", fmt::join(WrapText(fields, text_width), indent)), kColorDim,
                    color);
  }
  for (const std::string& line : ListLines(event.fields, text_width)) {
    text += indent + Painted(line, kColorDim, color);
  }
  return text;
}

std::string FormatJsonLine(const Event& event) {
  nlohmann::ordered_json json = {{"time", FormatUtc(event.time)},
                                 {"level", LevelName(event.level)},
                                 {"event", event.name},
                                 {"message", event.message}};
  for (const auto& [key, value] : event.fields) json[key] = std::visit(FieldJson{}, value);
  return DumpJson(json);
}

void TextLog::Handle(const Event& event) {
  if (event.level < minimum_) return;
  const ConsoleTraits& traits = console_.traits();
  console_.WriteLine(traits.terminal ? FormatTerminalLines(event, traits.color, console_.width())
                                     : FormatTextLine(event));
}

void JsonLog::Handle(const Event& event) {
  if (event.level >= minimum_) console_.WriteLine(FormatJsonLine(event));
}

}  // namespace headrace
