#pragma once

#include <yaml-cpp/eventhandler.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/config/yaml_places.h"
#include "headrace/config/yaml_tree.h"

namespace headrace {

/// Builds a YamlNode from yaml-cpp's events: resolves aliases and merge keys, finds keys given
/// twice, and keeps within kMostYamlNodes and kMostYamlDepth. References must outlive it.
class YamlTreeBuilder : public YAML::EventHandler {
 public:
  YamlTreeBuilder(const YamlPlaces& places, std::string_view path, Problems& problems)
      : places_(places), path_(path), problems_(problems) {}

  /// What was built: nothing where the document is empty.
  std::optional<YamlNode> TakeRoot() { return std::move(root_); }

  /// A quote is open to the end of the text: what was built is not what was meant.
  bool broken() const { return broken_; }

  void OnDocumentStart(const YAML::Mark& mark) override;
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override;
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override;
  void OnMapEnd() override { Close(); }

 private:
  /// A mapping or sequence that is not closed yet.
  struct OpenNode {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    size_t depth = 1;                                   // levels in it so far, itself included
    size_t nodes_before = 0;                            // nodes_ when it was opened
    std::optional<YamlNode> key;                        // of a mapping: its value comes next
    std::map<std::string, Location, std::less<>> keys;  // of a mapping: all so far
    std::vector<YamlNode> merges;                       // values of `<<`
  };
  struct AnchoredNode {
    YamlNode node;
    size_t nodes = 1;
    size_t depth = 0;
  };

  void Open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor, bool flow = false);
  void Close();
  void Complete(YamlNode node);
  void AddPair(YamlNode value);
  void Merge(const YamlNode& from, OpenNode& into);
  void CheckTag(const std::string& tag, const Location& location);
  void Report(const Location& location, std::string_view message);

  const YamlPlaces& places_;
  std::string_view path_;
  Problems& problems_;
  std::vector<OpenNode> stack_;
  std::map<YAML::anchor_t, AnchoredNode> anchors_;
  std::optional<YamlNode> root_;
  int documents_ = 0;
  bool broken_ = false;
  size_t nodes_ = 0;
};

}  // namespace headrace
