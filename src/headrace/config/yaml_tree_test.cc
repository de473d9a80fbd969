#include "headrace/config/yaml_tree.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace headrace {
namespace {

/// A tree as JSON-like text; texts in quotes carry a mark.
std::string TreeText(const YamlNode& node) {
  std::string text;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return node.text.empty() ? "-" : "null";
    case YamlNode::Kind::kScalar:
      return node.quoted ? "'" + node.text + "'" : node.text;
    case YamlNode::Kind::kSequence:
      for (const YamlNode& item : node.items) text += (text.empty() ? "" : ",") + TreeText(item);
      return "[" + text + "]";
    case YamlNode::Kind::kMapping:
      for (const YamlPair& pair : node.pairs) {
        text += (text.empty() ? "" : ",") + pair.key + ":" + TreeText(pair.value);
      }
      return "{" + text + "}";
  }
  return text;
}

/// The tree, or what is wrong, of a file called f.
std::string Parsed(std::string_view text) {
  Problems problems("f");
  const auto root = ParseYaml(text, problems);
  if (!problems.empty()) return problems.ToStatus().message();
  return root.has_value() ? TreeText(*root) : "nothing";
}

TEST(YamlTreeTest, ValuesKeepTheirTextAndWhetherTheyWereQuoted) {
  EXPECT_EQ(Parsed("a: 0x10\nb: \"x\"\nc: 'y'\nd: |\n  block\ne: yes\n"),
            "{a:0x10,b:'x',c:'y',d:'block\n',e:yes}");
  EXPECT_EQ(Parsed("{a: [1, {b: 2}], c: []}"), "{a:[1,{b:2}],c:[]}");
  EXPECT_EQ(Parsed("a: !!str 5\nb: !!int 5"), "{a:'5',b:5}");
}

TEST(YamlTreeTest, NullsTellTheWordFromNothing) {
  EXPECT_EQ(Parsed("a: null\nb:\nc: ~\nd: NULL\ne: \"null\"\nf: ''"),
            "{a:null,b:-,c:-,d:null,e:'null',f:''}");
}

TEST(YamlTreeTest, AnEmptyTextIsNothingAtItsFirstLine) {
  EXPECT_EQ(Parsed(""), "-");
  EXPECT_EQ(Parsed("# only a comment\n"), "-");
  EXPECT_EQ(Parsed("---\n"), "-");
}

TEST(YamlTreeTest, PlacesCountCharactersFromOne) {
  Problems problems("f");
  const auto root = ParseYaml(
      "\xEF\xBB\xBF"
      "a: {ää: 'ö', b: [1, x]}\r\nc:   \r\nd: 1\n",
      problems);
  ASSERT_TRUE(root.has_value());
  const YamlNode& a = *root->Find("a");
  EXPECT_EQ(a.location, (Location{1, 4}));
  EXPECT_EQ(a.pairs[0].location, (Location{1, 5}));
  EXPECT_EQ(a.pairs[0].value.location, (Location{1, 9}));
  EXPECT_EQ(a.Find("b")->items[1].location, (Location{1, 21}));
  EXPECT_EQ(root->Find("c")->location, (Location{2, 2})) << "nothing is where its ':' is";
  EXPECT_EQ(root->pairs[2].location, (Location{3, 1}));
}

TEST(YamlTreeTest, AliasesAndMergeKeys) {
  EXPECT_EQ(Parsed("a: &x {p: 1}\nb: *x\nc: [*x, *x]"), "{a:{p:1},b:{p:1},c:[{p:1},{p:1}]}");
  EXPECT_EQ(Parsed("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}"), "{a:{p:1,q:2},b:{q:3,p:1}}");
  EXPECT_EQ(Parsed("a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}"),
            "{a:{p:1},b:{p:2,q:2},c:{p:1,q:2}}");
  EXPECT_EQ(Parsed("\"<<\": {p: 1}"), "{<<:{p:1}}") << "in quotes it is a key like others";
  EXPECT_EQ(Parsed("a: &x 1\nb: &x 2\nc: *x"), "{a:1,b:2,c:2}");
}

TEST(YamlTreeTest, EachKeyOnce) {
  EXPECT_EQ(Parsed("a: 1\nb: 2\na: 3\n"), "f:3:1: the key 'a' is given twice, first in line 1");
  EXPECT_EQ(Parsed("[{x: 1}, {x: 1}]"), "[{x:1},{x:1}]");
  EXPECT_EQ(Parsed("? [a]\n: 1\n"), "f:1:3: expected a key, found a list");
}

/// Ten levels of ten aliases each: 10^10 values in 500 bytes.
TEST(YamlTreeTest, AliasesDoNotBlowUp) {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i <= 10; ++i) {
    std::ostringstream line;
    line << "a" << i << ": &a" << i << " [*a" << i - 1;
    for (int copy = 1; copy < 10; ++copy) line << ",*a" << i - 1;
    text += line.str() + "]\n";
  }
  EXPECT_NE(Parsed(text).find("blow this file up"), std::string::npos);
}

TEST(YamlTreeTest, AliasesDoNotNestBeyondTheBound) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i <= 100; ++i) {
    std::ostringstream line;
    line << "a" << i << ": &a" << i << " [*a" << i - 1 << "]\n";
    text += line.str();
  }
  EXPECT_NE(Parsed(text).find("nested 32 deep"), std::string::npos);
}

TEST(YamlTreeTest, NestingIsBounded) {
  EXPECT_EQ(Parsed(std::string(32, '[') + std::string(32, ']')),
            std::string(32, '[') + std::string(32, ']'));
  EXPECT_EQ(Parsed(std::string(33, '[') + std::string(33, ']')),
            "f:1:33: nested too deeply: at most 32");
  EXPECT_NE(Parsed(std::string(100'000, '[')).find("nested too deeply"), std::string::npos);
}

TEST(YamlTreeTest, LargeTextsAreRefused) {
  EXPECT_EQ(Parsed(std::string(kMostYamlBytes + 1, ' ')),
            "f:1:1: larger than 1 MiB: this is no job file");
}

TEST(YamlTreeTest, ManyKeysAreQuick) {
  std::string text;
  for (int i = 0; i < 80'000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  Problems problems("f");
  const auto root = ParseYaml(text, problems);
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(root->pairs.size(), 80'000U);
}

TEST(YamlTreeTest, SyntaxErrorsDoNotQuoteTheText) {
  for (const char* text : {"password: *hunter2", R"(password: "hunter2\q")", "password: {hunter2",
                           "password: @hunter2", "password: !hunter2 x", "password: %hunter2\n\tx",
                           "password: 'hunter2"}) {
    const std::string message = Parsed(text);
    EXPECT_TRUE(message.starts_with("f:1:")) << message;
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
  }
}

TEST(YamlTreeTest, ValuesOfTheCommandLineHaveNoPlace) {
  Problems problems("f");
  const auto value = ParseYamlValue("[1, {a: b}]", "load", problems);
  ASSERT_TRUE(value.has_value());
  EXPECT_FALSE(value->location.in_file());
  EXPECT_FALSE(value->items[1].pairs[0].location.in_file());
  EXPECT_FALSE(ParseYamlValue("{a", "load", problems).has_value());
  EXPECT_TRUE(problems.ToStatus().message().starts_with("--set load: not YAML: "))
      << problems.ToStatus().message();
}

}  // namespace
}  // namespace headrace
