#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace headrace {

/// Types of composites and lists of them are broken into lines of so many columns.
inline constexpr size_t kTypeWidth = 40;

/// A column of a TextTable.
struct TableColumn {
  std::string header;
  bool right = false;  ///< Numbers.
  bool wrap = false;   ///< Of the last column: long text goes on in the next line, under itself.
  size_t most = 0;     ///< Of another column: what is wider does, at spaces; 0: any width.
};

/// Aligned columns for people: a header in capitals, two spaces between columns, no lines. Columns
/// are as wide as their widest cell; a wrapped last column takes what is left of the width.
class TextTable {
 public:
  explicit TextTable(std::vector<TableColumn> columns, size_t indent = 2);

  /// `cells` has one text for each column.
  void AddRow(std::vector<std::string> cells);

  /// A line below the last row, under its second column: what is too long for a column.
  void AddDetail(const std::string& text);

  bool empty() const { return rows_.empty(); }

  /// Lines, each with its line feed and without spaces at its end.
  std::string Render(size_t width) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    std::vector<std::string> details;
  };

  std::vector<size_t> Widths() const;
  std::vector<std::string> CellLines(size_t column, const std::string& cell) const;
  std::string RenderLine(const std::vector<std::string>& cells, const std::vector<size_t>& widths,
                         size_t width) const;

  std::vector<TableColumn> columns_;
  size_t indent_;
  std::vector<Row> rows_;
};

}  // namespace headrace
