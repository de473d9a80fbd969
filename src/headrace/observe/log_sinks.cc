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
constexpr size_t kJsonIndent = 2;

bool IsJsonText(std::string_view text) {
  return text.size() >= 2 &&
         ((text.front() == '{' && text.back() == '}') ||
          (text.front() == '[' && text.back() == ']')) &&
         nlohmann::json::accept(text);
}

bool IsJsonArray(std::string_view text) { return text.starts_with('[') && IsJsonText(text); }

/// A text without its quotes; other JSON with a space behind each comma, where lines may break.
std::string ElementText(const nlohmann::ordered_json& json) {
  if (json.is_string()) return EscapeControls(json.get_ref<const std::string&>());
  std::string text = DumpJson(json);
  for (size_t at = text.find(",\""); at != std::string::npos; at = text.find(",\"", at + 2)) {
    text.insert(at + 1, 1, ' ');
  }
  return text;
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

std::string Painted(std::string_view text, std::string_view color, bool wanted) {
  if (!wanted || color.empty()) return std::string(text);
  return fmt::format("{}{}{}", color, text, kColorReset);
}

/// `key=value` for each field; those that hold a JSON array are left to ArrayLines where
/// `without_arrays`.
std::string FieldsText(const Fields& fields, bool without_arrays) {
  std::string text;
  for (const auto& [key, value] : fields) {
    const auto* const string = std::get_if<std::string>(&value);
    if (without_arrays && string != nullptr && IsJsonArray(*string)) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", key, std::visit(FieldText{}, value));
  }
  return text;
}

/// Each element of each JSON array in `fields`, wrapped; only its first line begins with the key.
std::vector<std::string> ArrayLines(const Fields& fields, size_t width) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : fields) {
    const auto* const string = std::get_if<std::string>(&value);
    if (string == nullptr || !IsJsonArray(*string)) continue;
    lines.push_back(key + ":");
    for (const auto& element : nlohmann::ordered_json::parse(*string)) {
      for (std::string& line : WrapText(ElementText(element), width - kJsonIndent)) {
        lines.push_back(std::string(kJsonIndent, ' ') + std::move(line));
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
  for (const std::string& line : ArrayLines(event.fields, text_width)) {
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
