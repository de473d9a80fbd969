#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "headrace/config/nearest.h"
#include "headrace/config/reference.h"
#include "headrace/config/schema.h"
#include "headrace/config/section.h"

namespace headrace {
namespace {

constexpr size_t kCommentWidth = 100;
constexpr std::string_view kOpening =
    "A headrace job. A # right in front of a key switches it off: it shows its default or an "
    "example.\n"
    "headrace check FILE: can everything be reached, read and written?\n"
    "headrace plan FILE: what would be done?   headrace run FILE: do it.\n"
    "In any value, ${NAME} is an environment variable and ${file:/path} the content of a file.";

/// What a key that must be written shows where its table has no example; by OptionType.
constexpr std::array<std::string_view, 11> kPlaceholders = {
    "…", "${SECRET}", "1", "true", "1MiB", "1s", "…", "[]", "./path", "name", "string"};

/// Writes sections as YAML with comments. A line that is off has a `#` in front; without it the
/// text is still YAML.
class StarterWriter {
 public:
  StarterWriter(const PluginOptions& source, const PluginOptions& destination)
      : source_(source), destination_(destination) {}

  std::string Write(const Section& job) {
    Comment(kOpening, Place{});
    Body(job, Place{});
    return std::move(text_);
  }

 private:
  /// Where a line goes: how far in, and the column of the `#` that switches it off.
  struct Place {
    size_t indent = 0;
    std::optional<size_t> off = std::nullopt;

    Place Off() const { return {indent, off.has_value() ? off : std::optional<size_t>(indent)}; }
    Place Inside(size_t by) const { return {indent + by, off}; }
  };

  void Body(const Section& section, const Place& place) {
    for (const bool live : {true, false}) {
      Options(section, section.options, live, place);
      if (section.type_from.empty() && !section.plugins.empty()) {
        Options(section, section.key == "source" ? source_.options : destination_.options, live,
                place);
      }
      for (const Section& child : section.sections) {
        const bool is_override = child.inherits && !child.is_list;  // the guide shows those
        if (child.required == live && !is_override) Child(child, live, place);
      }
    }
  }

  void Options(const Section& section, std::span<const OptionSpec> options, bool live,
               const Place& place) {
    for (const OptionSpec& option : options) {
      if (!option.refused.empty() || IsLive(section, option) != live) continue;
      if (place.indent == 0) text_ += '\n';
      Comment(DocOf(option), place);
      Line(std::string(option.key) + ": " + ValueOf(section, option), live ? place : place.Off());
    }
  }

  void Child(const Section& child, bool live, const Place& place) {
    if (place.indent == 0) text_ += '\n';
    Comment(child.doc, place);
    const Place here = live ? place : place.Off();
    Line(std::string(child.key) + ":", here);
    entry_begins_ = child.is_list;
    Body(child, here.Inside(child.is_list ? 4 : 2));
  }

  /// Must it be written, or does it say where the plug-in is?
  static bool IsLive(const Section& section, const OptionSpec& option) {
    const bool is_place = !section.plugins.empty() && option.default_text.empty() &&
                          !option.example.empty() && !HasReference(option.example) &&
                          option.type != OptionType::kInteger;
    return option.required || option.key == section.short_key || is_place;
  }

  /// With the choices, where there is one.
  static std::string DocOf(const OptionSpec& option) {
    std::string doc(option.doc);
    if (option.key == "type" || option.choices.size() < 2) return doc;
    for (const std::string_view choice : option.choices) {
      doc += (choice == option.choices.front() ? " One of " : ", ") + std::string(choice);
    }
    return doc + ".";
  }

  std::string ValueOf(const Section& section, const OptionSpec& option) const {
    if (option.key == "type" && section.key == "source") return std::string(source_.type);
    if (option.key == "type" && section.key == "destination") return std::string(destination_.type);
    if (option.key == "name" && section.key == "tables") return std::string(source_.example_table);
    if (!option.default_text.empty()) return std::string(option.default_text);
    if (!option.example.empty()) return std::string(option.example);
    if (!option.choices.empty()) return std::string(option.choices.back());
    return std::string(kPlaceholders.at(static_cast<size_t>(option.type)));
  }

  std::string Margin(const Place& place) const {
    const size_t hash = place.off.value_or(place.indent);
    return std::string(hash, ' ') + (place.off.has_value() ? "#" : "") +
           std::string(place.indent - hash, ' ');
  }

  void Line(const std::string& line, Place place) {
    if (entry_begins_) place.indent -= 2;
    text_ += Margin(place) + (std::exchange(entry_begins_, false) ? "- " : "") + line + "\n";
  }

  void Comment(std::string_view comment, Place place) {
    if (entry_begins_) place.indent -= 2;
    const std::string margin = Margin(place) + "# ";
    while (!comment.empty()) {
      const size_t room = kCommentWidth - margin.size();
      size_t end = std::min(comment.find('\n'), comment.size());
      if (end > room) end = comment.rfind(' ', room);
      text_ += margin + std::string(comment.substr(0, end)) + "\n";
      comment.remove_prefix(std::min(end + 1, comment.size()));
    }
  }

  const PluginOptions& source_;
  const PluginOptions& destination_;
  std::string text_;
  bool entry_begins_ = false;  // the next line opens an entry of a list
};

}  // namespace

arrow::Result<std::string> StarterJob(std::string_view source_type,
                                      std::span<const PluginOptions> sources,
                                      std::span<const PluginOptions> destinations) {
  const Section job = JobSection(sources, destinations);
  if (destinations.empty()) return BugError("no destination is built in");
  const Section* section = FindSection(job, "source");
  if (const PluginOptions* source = FindPlugin(*section, source_type)) {
    return StarterWriter(*source, destinations.front()).Write(job);
  }
  std::vector<std::string_view> types;
  std::string message = "unknown source '" + std::string(source_type) + "': expected one of";
  for (const PluginOptions& source : sources) {
    message += (types.empty() ? " " : ", ") + std::string(source.type);
    types.push_back(source.type);
  }
  const std::string_view nearest = Nearest(source_type, types);
  if (!nearest.empty()) message += "; did you mean '" + std::string(nearest) + "'?";
  return UserError(message);
}

}  // namespace headrace
