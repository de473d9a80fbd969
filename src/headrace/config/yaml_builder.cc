#include "headrace/config/yaml_builder.h"

#include <yaml-cpp/mark.h>

#include <algorithm>
#include <utility>

namespace headrace {
namespace {

constexpr std::string_view kMergeKey = "<<";
constexpr std::string_view kPlainTag = "?";   // yaml-cpp's tag of plain scalars
constexpr std::string_view kQuotedTag = "!";  // and of those in quotes and of blocks
constexpr std::string_view kCoreTags = "tag:yaml.org,2002:";
constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";

}  // namespace

void YamlTreeBuilder::Report(const Location& location, std::string_view message) {
  problems_.Add(location, path_, message);
}

void YamlTreeBuilder::OnDocumentStart(const YAML::Mark& mark) {
  if (++documents_ == 2) Report(places_.Of(mark), "a second document (---): one job per file");
}

void YamlTreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  YamlNode node{.location = places_.Of(mark), .text = std::string(places_.NullWordAt(mark))};
  if (node.text.empty()) node.location = places_.OfEmpty(mark);
  if (anchor != 0) anchors_[anchor] = {node};
  Complete(std::move(node));
}

void YamlTreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const YamlNode null{.location = places_.Of(mark)};
  const auto target = anchors_.find(anchor);
  if (target == anchors_.end()) {
    Report(null.location, "an alias (*) inside of the very value that it names");
    return Complete(null);
  }
  nodes_ += target->second.nodes;
  if (nodes_ > kMostYamlNodes || stack_.size() + target->second.depth > kMostYamlDepth) {
    Report(null.location, "aliases (*) blow this file up: at most 100000 values, nested 32 deep");
    return Complete(null);
  }
  if (!stack_.empty()) {
    stack_.back().depth = std::max(stack_.back().depth, target->second.depth + 1);
  }
  Complete(target->second.node);
}

void YamlTreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag,
                               YAML::anchor_t anchor, const std::string& value) {
  YamlNode node{.kind = YamlNode::Kind::kScalar, .location = places_.Of(mark), .text = value};
  node.quoted = tag == kQuotedTag || tag == kStringTag;
  node.folded = places_.IsFolded(mark, value);
  CheckTag(tag, node.location);
  if (node.quoted && !places_.IsQuoteClosed(mark)) {
    broken_ = true;
    Report(node.location, "not YAML: this quote is opened and not closed");
  }
  if (!node.quoted && IsNullWord(value)) {
    node.kind = YamlNode::Kind::kNull;
    node.text = value == "~" || value.empty() ? "" : "null";
  }
  if (anchor != 0) anchors_[anchor] = {node};
  Complete(std::move(node));
}

void YamlTreeBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                                      YAML::anchor_t anchor, YAML::EmitterStyle::value /*style*/) {
  Open(YamlNode::Kind::kSequence, mark, tag, anchor);
}

void YamlTreeBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag,
                                 YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
  Open(YamlNode::Kind::kMapping, mark, tag, anchor, style == YAML::EmitterStyle::Flow);
}

void YamlTreeBuilder::CheckTag(const std::string& tag, const Location& location) {
  if (tag.empty() || tag == kPlainTag || tag == kQuotedTag || tag.starts_with(kCoreTags)) return;
  Report(location, "a tag (!) has no meaning here: put text that starts with '!' in quotes");
}

void YamlTreeBuilder::Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
                           YAML::anchor_t anchor, bool flow) {
  OpenNode open;
  open.node.kind = kind;
  open.node.flow = flow;
  open.node.location = places_.Of(mark);
  open.anchor = anchor;
  open.nodes_before = nodes_;
  CheckTag(tag, open.node.location);
  if (stack_.size() == kMostYamlDepth) Report(open.node.location, "nested too deeply: at most 32");
  stack_.push_back(std::move(open));
}

void YamlTreeBuilder::Close() {
  OpenNode open = std::move(stack_.back());
  stack_.pop_back();
  for (const YamlNode& merge : open.merges) Merge(merge, open);
  if (stack_.size() >= kMostYamlDepth) {  // said when it was opened
    open.node = YamlNode{.location = open.node.location};
    open.depth = 0;
  }
  if (!stack_.empty()) stack_.back().depth = std::max(stack_.back().depth, open.depth + 1);
  if (open.anchor != 0) {
    anchors_[open.anchor] = {open.node, nodes_ - open.nodes_before + 1, open.depth};
  }
  Complete(std::move(open.node));
}

void YamlTreeBuilder::Complete(YamlNode node) {
  ++nodes_;
  if (stack_.empty()) {
    if (documents_ <= 1) root_ = std::move(node);
    return;
  }
  OpenNode& parent = stack_.back();
  if (parent.node.is_sequence()) {
    parent.node.items.push_back(std::move(node));
  } else if (!parent.key.has_value()) {
    parent.key = std::move(node);
  } else {
    AddPair(std::move(node));
  }
}

void YamlTreeBuilder::AddPair(YamlNode value) {
  OpenNode& open = stack_.back();
  const YamlNode key = *std::exchange(open.key, std::nullopt);
  if (!key.is_scalar()) return Report(key.location, "expected a key, found " + FoundText(key));
  if (key.text == kMergeKey && !key.quoted) {
    open.merges.push_back(std::move(value));
    return;
  }
  const auto [first, is_new] = open.keys.emplace(key.text, key.location);
  if (!is_new && open.node.flow && value.is_null()) {
    return Report(key.location,
                  "a word without a value is given twice; " + std::string(kCommaEndsValue));
  }
  if (!is_new) {
    const std::string place =
        first->second.in_file() ? ", first in line " + std::to_string(first->second.line) : "";
    return Report(key.location, "the key '" + Shown(key.text) + "' is given twice" + place);
  }
  open.node.pairs.push_back({key.text, key.location, std::move(value)});
}

/// `<<: *base` or `<<: [*a, *b]`: keys that are there stay, and the first of a list wins.
void YamlTreeBuilder::Merge(const YamlNode& from, OpenNode& into) {
  if (from.is_sequence()) {
    for (const YamlNode& item : from.items) Merge(item, into);
    return;
  }
  if (!from.is_mapping()) {
    return Report(from.location,
                  "'<<' merges a mapping (usually an alias), found " + FoundText(from));
  }
  for (const YamlPair& pair : from.pairs) {
    if (into.keys.emplace(pair.key, pair.location).second) into.node.pairs.push_back(pair);
  }
}

}  // namespace headrace
