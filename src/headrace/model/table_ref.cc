#include "headrace/model/table_ref.h"

#include "headrace/model/percent_coding.h"
#include "headrace/model/written_name.h"

namespace headrace {
namespace {

/// The inverse: what SplitName, or a pattern, would take for more than plain text is quoted.
std::string QuotedIfOdd(const std::string& part) {
  if (part.find_first_of(".*?\"") == std::string::npos) return part;
  std::string quoted = "\"";
  for (const char c : part) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

}  // namespace

std::string TableRef::label() const {
  if (!alias.empty() && is_query()) return alias;
  return schema.empty() ? QuotedIfOdd(name) : QuotedIfOdd(schema) + "." + QuotedIfOdd(name);
}

std::string TableRef::directory() const {
  if (!alias.empty()) return PercentEncode(alias);
  return schema.empty() ? PercentEncode(name) : PercentEncode(schema) + "." + PercentEncode(name);
}

TableRef ParseTableName(std::string_view text) {
  const WrittenName written = SplitName(text);
  return {.schema = written.schema ? PlainName(*written.schema) : std::string(),
          .name = PlainName(written.name),
          .query = {},
          .alias = {}};
}

}  // namespace headrace
