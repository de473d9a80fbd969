#include "headrace/observe/progress_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "headrace/observe/human.h"

namespace headrace {
namespace {

constexpr size_t kMinBarWidth = 8;
constexpr size_t kMaxBarWidth = 30;
constexpr std::string_view kGap = "  ";

struct PhaseName {
  std::string_view phase;
  std::string_view label;
};

constexpr std::array<PhaseName, 5> kPhaseNames = {{{"plan", "planning"},
                                                   {"inspect", "describing"},
                                                   {"extract", "reading"},
                                                   {"commit", "publishing"},
                                                   {"verify", "verifying"}}};

std::string_view PhaseLabel(std::string_view phase) {
  const auto found = std::ranges::find(kPhaseNames, phase, &PhaseName::phase);
  return found == kPhaseNames.end() ? phase : found->label;
}

/// One part of the status line. Parts are shown in their order; those with the greatest rank are
/// left out first.
struct Segment {
  std::string text;
  int rank = 0;
};

/// Of a phase that goes table by table.
void AddTables(const ProgressReading& reading, std::vector<Segment>& segments) {
  if (reading.phase_rows_total > 0) {
    segments.push_back({HumanNumberOf(reading.phase_rows, "row"), 1});
  }
  segments.push_back({fmt::format("{}/{} tables", HumanCount(reading.tables_begun),
                                  HumanCount(reading.tables_total)),
                      2});
}

std::vector<Segment> SegmentsOf(const ProgressReading& reading, const ProgressFigures& figures) {
  std::vector<Segment> segments;
  segments.push_back({std::string(PhaseLabel(reading.phase)), 7});
  if (!reading.table.empty()) {
    segments.push_back({TruncateToWidth(EscapeControls(reading.table), 24), 8});
  }
  if (figures.share.has_value()) {
    segments.push_back({fmt::format("{:>4}", HumanPercent(*figures.share)), 0});
  }
  if (reading.tables_total > 0) {
    AddTables(reading, segments);
    return segments;
  }
  segments.push_back({HumanNumberOf(reading.rows, "row"), 1});
  segments.push_back({HumanCount(std::llround(figures.rows_per_second)) + " rows/s", 6});
  segments.push_back({HumanBytes(figures.bytes_per_second) + "/s", 2});
  segments.push_back(
      {fmt::format("{}/{} units", HumanCount(reading.units_done), HumanCount(reading.units_total)),
       4});
  segments.push_back({fmt::format("{}/{} busy", reading.workers_busy, reading.workers), 5});
  if (figures.seconds_left.has_value()) {
    segments.push_back({"ETA " + HumanWholeSeconds(*figures.seconds_left), 3});
  }
  return segments;
}

size_t WidthOfSegments(const std::vector<Segment>& segments) {
  size_t width = segments.empty() ? 0 : kGap.size() * (segments.size() - 1);
  for (const Segment& segment : segments) width += DisplayWidth(segment.text);
  return width;
}

/// Leaves out segments until `width` is enough for the rest.
void FitSegments(std::vector<Segment>& segments, size_t width) {
  while (!segments.empty() && WidthOfSegments(segments) > width) {
    segments.erase(std::ranges::max_element(segments, {}, &Segment::rank));
  }
}

std::string Bar(double share, size_t width, const ConsoleTraits& traits) {
  const auto filled = static_cast<size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(width));
  std::string bar = traits.color ? "\x1b[36m" : "";
  for (size_t i = 0; i < width; ++i) {
    if (i == filled && traits.color) bar += "\x1b[2m";
    if (traits.unicode) {
      bar += i < filled || traits.color ? "━" : "╌";
    } else {
      bar += i < filled ? '#' : '-';
    }
  }
  return traits.color ? bar + "\x1b[0m" : bar;
}

}  // namespace

std::string ProgressBarLine(const ProgressReading& reading, const ProgressFigures& figures,
                            const ConsoleTraits& traits, size_t width) {
  if (reading.units_total == 0 && reading.tables_total == 0) {
    return TruncateToWidth(PhaseLabel(reading.phase), width);
  }
  std::vector<Segment> segments = SegmentsOf(reading, figures);
  const size_t bar_space = kMinBarWidth + kGap.size();
  FitSegments(segments, width > 2 * bar_space ? width - bar_space : width);

  const size_t used = WidthOfSegments(segments);
  const bool has_bar = figures.share.has_value() || reading.tables_total == 0;
  const size_t bar_width =
      has_bar && used + bar_space <= width ? std::min(width - used - kGap.size(), kMaxBarWidth) : 0;
  std::string line;
  if (bar_width > 0) line = Bar(figures.share.value_or(0), bar_width, traits);
  for (const Segment& segment : segments) {
    if (!line.empty()) line += kGap;
    line += segment.text;
  }
  return line;
}

/// Of a phase that goes table by table.
std::string TablesSentence(const ProgressReading& reading, const ProgressFigures& figures) {
  std::string text = fmt::format("{}: ", PhaseLabel(reading.phase));
  if (figures.share.has_value()) {
    text += fmt::format("{} ({}), ", HumanNumberOf(reading.phase_rows, "row"),
                        HumanPercent(*figures.share));
  }
  return text + fmt::format("table {} of {}", HumanCount(reading.tables_begun),
                            HumanCount(reading.tables_total));
}

std::string ProgressSentence(const ProgressReading& reading, const ProgressFigures& figures) {
  if (reading.tables_total > 0) return TablesSentence(reading, figures);
  std::string text =
      fmt::format("{}: {}", PhaseLabel(reading.phase), HumanNumberOf(reading.rows, "row"));
  if (figures.share.has_value()) text += fmt::format(" ({})", HumanPercent(*figures.share));
  text += fmt::format(", {} rows/s, {}/s, {} of {} units, {} of {} workers busy",
                      HumanCount(std::llround(figures.rows_per_second)),
                      HumanBytes(figures.bytes_per_second), HumanCount(reading.units_done),
                      HumanCount(reading.units_total), reading.workers_busy, reading.workers);
  if (figures.seconds_left.has_value()) {
    text += fmt::format(", {} left", HumanWholeSeconds(*figures.seconds_left));
  }
  return text;
}

Fields ProgressFields(const ProgressReading& reading, const ProgressFigures& figures) {
  Fields fields = {{"run", reading.run},
                   {"phase", reading.phase},
                   {"table", reading.table},
                   {"rows", reading.rows},
                   {"estimated_rows", reading.estimated_rows},
                   {"bytes", reading.bytes},
                   {"rows_per_second", figures.rows_per_second},
                   {"bytes_per_second", figures.bytes_per_second},
                   {"units_done", reading.units_done},
                   {"units_total", reading.units_total},
                   {"workers_busy", reading.workers_busy},
                   {"workers", reading.workers},
                   {"retries", reading.retries},
                   {"seconds", reading.seconds}};
  if (figures.seconds_left.has_value()) fields.emplace_back("seconds_left", *figures.seconds_left);
  if (reading.tables_total > 0) {
    fields.emplace_back("tables_begun", reading.tables_begun);
    fields.emplace_back("tables_total", reading.tables_total);
    fields.emplace_back("phase_rows", reading.phase_rows);
    fields.emplace_back("phase_rows_total", reading.phase_rows_total);
  }
  return fields;
}

}  // namespace headrace
