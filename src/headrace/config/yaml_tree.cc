#include "headrace/config/yaml_tree.h"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <sstream>

#include "headrace/config/yaml_builder.h"
#include "headrace/config/yaml_places.h"
#include "headrace/model/utf8.h"

namespace headrace {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// The place of byte `offset`.
Location PlaceOfByte(std::string_view text, size_t offset, bool in_file) {
  const std::string_view before = text.substr(0, offset);
  const size_t line_begin = before.rfind('\n') + 1;  // 0 where there is none
  YAML::Mark mark;
  mark.line = static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  mark.column = static_cast<int>(offset - line_begin);
  return YamlPlaces(text, in_file).Of(mark);
}

/// YAML allows tab, line feed and carriage return; yaml-cpp takes U+0004 for the end of the file.
bool IsForbiddenControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20U && c != '\t' && c != '\n' && c != '\r') || byte == 0x7FU;
}

/// Offset of the first line that is not UTF-8.
std::optional<size_t> FirstLineNotUtf8(std::string_view text) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    if (!IsUtf8(text.substr(begin, end - begin))) return begin;
    begin = end + 1;
  }
  return std::nullopt;
}

/// Is `text` something to give to a YAML parser at all?
bool CheckText(std::string_view text, std::string_view path, bool in_file, Problems& problems) {
  if (text.size() > kMostYamlBytes) {
    problems.Add(PlaceOfByte(text, 0, in_file), path, "larger than 1 MiB: this is no job file");
    return false;
  }
  const auto control = std::ranges::find_if(text, IsForbiddenControl);
  if (control != text.end()) {
    const auto offset = static_cast<size_t>(control - text.begin());
    problems.Add(PlaceOfByte(text, offset, in_file), path, "a control character: this is no text");
    return false;
  }
  const std::optional<size_t> broken = FirstLineNotUtf8(text);
  if (!broken.has_value()) return true;
  problems.Add(PlaceOfByte(text, *broken, in_file), path, "not UTF-8: save the file as UTF-8");
  return false;
}

std::optional<YamlNode> ParseText(std::string_view text, std::string_view path, bool in_file,
                                  Problems& problems) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (!CheckText(text, path, in_file, problems)) return std::nullopt;
  const YamlPlaces places(text, in_file);
  YamlTreeBuilder builder(places, path, problems);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const YAML::Exception& error) {
    const std::string advice = places.IsIndentedByTab(error.mark)
                                   ? std::string("a tab cannot indent YAML: use spaces")
                                   : SyntaxAdvice(error.msg);
    problems.Add(places.Of(error.mark), path, "not YAML: " + advice);
    return std::nullopt;
  } catch (const std::exception& error) {
    problems.Add(PlaceOfByte(text, 0, in_file), path, std::string("not YAML: ") + error.what());
    return std::nullopt;
  }
  if (builder.broken()) return std::nullopt;
  auto root = builder.TakeRoot();
  return root.has_value() ? std::move(root) : YamlNode{.location = PlaceOfByte(text, 0, in_file)};
}

template <typename Node>
Node* FindIn(Node& mapping, std::string_view key) {
  for (auto& pair : mapping.pairs) {
    if (pair.key == key) return &pair.value;
  }
  return nullptr;
}

}  // namespace

const YamlNode* YamlNode::Find(std::string_view key) const { return FindIn(*this, key); }
YamlNode* YamlNode::Find(std::string_view key) { return FindIn(*this, key); }

std::optional<YamlNode> ParseYaml(std::string_view text, Problems& problems) {
  return ParseText(text, {}, true, problems);
}

std::optional<YamlNode> ParseYamlValue(std::string_view text, std::string_view path,
                                       Problems& problems) {
  return ParseText(text, path, false, problems);
}

std::string FoundText(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMapping:
      return "a mapping";
    case YamlNode::Kind::kScalar:
      return (node.quoted ? "the text '" : "'") + Shown(node.text) + "'";
  }
  return "nothing";
}

bool IsNullWord(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

}  // namespace headrace
