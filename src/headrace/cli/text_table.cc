#include "headrace/cli/text_table.h"

#include <algorithm>
#include <utility>

#include "headrace/observe/human.h"
#include "headrace/observe/text_wrap.h"

namespace headrace {
namespace {

constexpr size_t kColumnGap = 2;
/// A wrapped column is never narrower than this, whatever the terminal's width.
constexpr size_t kMinWrapWidth = 20;

std::string Padded(const std::string& text, size_t width, bool right) {
  const size_t used = DisplayWidth(text);
  const std::string padding(width > used ? width - used : 0, ' ');
  return right ? padding + text : text + padding;
}

void EndLine(std::string& text) {
  text.erase(text.find_last_not_of(' ') + 1);
  text += '\n';
}

}  // namespace

TextTable::TextTable(std::vector<TableColumn> columns, size_t indent)
    : columns_(std::move(columns)), indent_(indent) {}

void TextTable::AddRow(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = EscapeControls(cell);
  rows_.push_back({std::move(cells), {}});
}

void TextTable::AddDetail(const std::string& text) {
  rows_.back().details.push_back(EscapeControls(text));
}

/// A cell of another column than a wrapped last one.
std::vector<std::string> TextTable::CellLines(size_t column, const std::string& cell) const {
  const size_t most = columns_[column].most;
  return most == 0 ? std::vector{cell} : WrapText(cell, most);
}

std::vector<size_t> TextTable::Widths() const {
  std::vector<size_t> widths;
  for (size_t column = 0; column < columns_.size(); ++column) {
    size_t width = DisplayWidth(columns_[column].header);
    for (const Row& row : rows_) {
      for (const std::string& line : CellLines(column, row.cells[column])) {
        width = std::max(width, DisplayWidth(line));
      }
    }
    widths.push_back(width);
  }
  return widths;
}

std::string TextTable::RenderLine(const std::vector<std::string>& cells,
                                  const std::vector<size_t>& widths, size_t width) const {
  std::vector<std::vector<std::string>> parts;
  size_t used = indent_;
  size_t lines = 1;
  for (size_t column = 0; column < cells.size(); ++column) {
    const bool wrapped = columns_[column].wrap && column + 1 == cells.size();
    parts.push_back(
        wrapped ? WrapText(cells[column], std::max(kMinWrapWidth, width > used ? width - used : 0))
                : CellLines(column, cells[column]));
    used += widths[column] + kColumnGap;
    lines = std::max(lines, parts.back().size());
  }
  std::string text;
  for (size_t line = 0; line < lines; ++line) {
    text += std::string(indent_, ' ');
    for (size_t column = 0; column < cells.size(); ++column) {
      const std::string part = line < parts[column].size() ? parts[column][line] : std::string();
      text += Padded(part, widths[column], columns_[column].right) + std::string(kColumnGap, ' ');
    }
    EndLine(text);
  }
  return text;
}

std::string TextTable::Render(size_t width) const {
  const std::vector<size_t> widths = Widths();
  std::vector<std::string> headers;
  for (const TableColumn& column : columns_) headers.push_back(column.header);
  std::string text = RenderLine(headers, widths, width);
  for (const Row& row : rows_) {
    text += RenderLine(row.cells, widths, width);
    for (const std::string& detail : row.details) {
      text += std::string(indent_ + widths.front() + kColumnGap, ' ') + detail + "\n";
    }
  }
  return text;
}

}  // namespace headrace
