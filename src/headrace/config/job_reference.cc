#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "headrace/config/option_type.h"
#include "headrace/config/schema.h"
#include "headrace/config/section.h"

namespace headrace {
namespace {

/// A text in a cell of a table.
std::string Cell(std::string_view text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c;
  }
  return cell;
}

std::string Code(std::string_view text) {
  return text.empty() ? std::string() : "`" + Cell(text) + "`";
}

std::string TypeCell(const OptionSpec& option) {
  const bool is_number = option.type == OptionType::kInteger || option.type == OptionType::kBytes ||
                         option.type == OptionType::kDuration;
  if (is_number) return ExpectedOf(option);  // with its bounds
  if (option.type != OptionType::kEnum) return std::string(InfoOf(option.type).name);
  std::string cell;
  for (const std::string_view choice : option.choices) {
    cell += (cell.empty() ? "" : " ") + Code(choice);
  }
  return cell;
}

std::string DefaultCell(const OptionSpec& option, bool inherits) {
  if (option.required) return "(required)";
  if (inherits && !option.default_text.empty()) return "the job's";
  return Code(option.default_text);
}

bool IsRefused(const OptionSpec& option) { return !option.refused.empty(); }

std::string Rows(std::span<const OptionSpec> options, bool inherits) {
  std::string rows;
  for (const OptionSpec& option : options) {
    if (IsRefused(option)) continue;
    rows += "| `" + std::string(option.key) + "` | " + TypeCell(option) + " | " +
            DefaultCell(option, inherits) + " | " + Cell(option.doc);
    if (!option.example.empty()) rows += " E.g. " + Code(option.example) + ".";
    rows += " |\n";
  }
  return rows;
}

/// Keys and values that are known and refused, those with the same sentence together.
std::string Refusals(const Section& section) {
  std::vector<std::pair<std::string_view, std::string>> lines;  // sentence, what it refuses
  const auto add = [&](std::string_view sentence, const std::string& what) {
    const auto same =
        std::ranges::find_if(lines, [&](const auto& line) { return line.first == sentence; });
    if (same == lines.end()) {
      lines.emplace_back(sentence, what);
    } else {
      same->second += ", " + what;
    }
  };
  for (const OptionSpec& option : section.options) {
    const std::string key(option.key);
    if (IsRefused(option)) add(option.refused, "`" + key + "`");
    for (const RefusedChoice& choice : option.refused_choices) {
      add(choice.sentence, "`" + key + ": " + std::string(choice.value) + "`");
    }
  }
  std::string list;
  for (const auto& [sentence, what] : lines) {
    list += "* " + what + ": " + std::string(sentence) + "\n";
  }
  return list.empty() ? list : "\nRefused:\n\n" + list;
}

/// The keys of a table's `load`, `partition` and `destination` are those of the job's.
bool RepeatsTheJobs(const Section& section) { return section.inherits && !section.is_list; }

constexpr std::string_view kTableHead = "| key | value | default | |\n|---|---|---|---|\n";

void AppendSection(const Section& section, const std::string& path, std::string& out) {
  out += "### " + (path.empty() ? std::string("The job") : "`" + path + "`") + "\n\n" +
         std::string(section.doc) + "\n\n";
  out += std::string(kTableHead) + Rows(section.options, section.inherits);
  for (const Section& child : section.sections) {
    const std::string_view kind = child.is_list ? "list" : "mapping";
    out += "| `" + std::string(child.key) + "` | " + std::string(kind) + " | " +
           (child.required ? "(required)" : "") + " | " + Cell(child.doc) + " |\n";
  }
  out += Refusals(section) + "\n";
  for (const Section& child : section.sections) {
    if (RepeatsTheJobs(child)) continue;
    const std::string child_path =
        (path.empty() ? "" : path + ".") + std::string(child.key) + (child.is_list ? "[]" : "");
    AppendSection(child, child_path, out);
  }
}

}  // namespace

std::string JobFileReference() {
  std::string text;
  AppendSection(JobSection({}, {}), "", text);
  return text;
}

std::string OptionTable(std::span<const OptionSpec> options) {
  return std::string(kTableHead) + Rows(options, false);
}

}  // namespace headrace
