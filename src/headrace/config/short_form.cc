#include "headrace/config/short_form.h"

#include <string>
#include <utility>

namespace headrace {
namespace {

void ExpandOne(const Section& section, YamlNode& node) {
  if (node.is_scalar() && !section.short_key.empty()) {
    YamlNode mapping = {.kind = YamlNode::Kind::kMapping, .location = node.location};
    mapping.pairs.push_back({std::string(section.short_key), node.location, std::move(node)});
    node = std::move(mapping);
  }
  ExpandShortForms(section, node);
}

}  // namespace

void ExpandShortForms(const Section& section, YamlNode& node) {
  for (const Section& child : section.sections) {
    YamlNode* value = node.Find(child.key);
    if (value == nullptr) continue;
    if (child.is_list) {
      for (YamlNode& item : value->items) ExpandOne(child, item);
    } else {
      ExpandOne(child, *value);
    }
  }
}

}  // namespace headrace
