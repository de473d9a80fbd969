#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "headrace/model/error.h"

namespace headrace {

/// The password of a URI that was typed, and how to keep it out of what is printed: sources hide it
/// themselves, but a library that complains about a malformed URI may quote any piece of it.
class UriSecret {
 public:
  explicit UriSecret(std::string_view uri);

  /// `text` with the password, as written or decoded, and the pieces that a misplaced delimiter
  /// makes of it, as `***`.
  std::string Hide(std::string_view text) const;

  /// The same error with a message that hides it.
  arrow::Status Hide(const arrow::Status& status) const;

 private:
  std::vector<std::string> secrets_;  ///< The longest first.
};

}  // namespace headrace
