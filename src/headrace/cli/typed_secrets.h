#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/cli/uri_secret.h"
#include "headrace/model/error.h"

namespace headrace {

/// The secrets among the words of a command line, wherever they stand: a message that quotes what
/// was typed, or a library's that quotes a piece of it, goes through Hide before it is printed.
class TypedSecrets {
 public:
  /// `words`: the arguments without the program's name.
  explicit TypedSecrets(std::span<const char* const> words);

  /// `text` with the passwords of URIs as `***`, and as `…` the words that follow the `--set` of a
  /// secret key: of `--set source.password= VALUE`, where the blank is one too many, the value.
  std::string Hide(std::string_view text) const;

  /// The same error with a message that hides them.
  arrow::Status Hide(const arrow::Status& status) const;

 private:
  std::vector<UriSecret> uris_;
  std::vector<std::string> stray_values_;
};

}  // namespace headrace
