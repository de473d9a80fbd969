#include "headrace/cli/rights_text.h"

#include <string_view>
#include <vector>

#include "headrace/observe/human.h"
#include "headrace/observe/text_wrap.h"

namespace headrace {
namespace {

std::string Block(std::string_view introduction, const std::vector<std::string>& statements,
                  size_t width) {
  if (statements.empty()) return {};
  std::string text = "\n" + IndentedText(introduction, 2, width) + "\n";
  for (const std::string& statement : statements) {
    text += "    " + EscapeControls(statement) + ";\n";
  }
  return text;
}

}  // namespace

std::string RightsText(const MissingRights& rights, bool helpful, size_t width) {
  std::string text = Block(
      "rights that the job needs and the role lacks, for the owner of the tables or a superuser to "
      "run:",
      rights.needed, width);
  if (helpful) {
    text += Block("rights that spare it waiting and warnings:", rights.helpful, width);
  }
  return text;
}

}  // namespace headrace
