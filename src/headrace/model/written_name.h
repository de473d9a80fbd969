#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headrace {

/// A byte of a name in a job, and whether SQL's double quotes protect it.
struct NameByte {
  char byte = 0;
  bool is_quoted = false;
};
using NameBytes = std::vector<NameByte>;

/// A table's name as a job writes it, taken apart.
struct WrittenName {
  std::optional<NameBytes> schema;
  NameBytes name;
};

/// Splits at the first dot outside of double quotes; a doubled quote inside of quotes is one quote.
/// Never fails: a quote that is not closed goes to the end.
WrittenName SplitName(std::string_view text);

/// Without the quotes.
std::string PlainName(const NameBytes& bytes);

}  // namespace headrace
