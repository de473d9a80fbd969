#pragma once

#include <string>
#include <string_view>

#include "headrace/model/error.h"

namespace headrace {

/// The SQL expression of a comment's bytes in hexadecimal: UTF-8, or as they are in a database
/// whose encoding is SQL_ASCII, whose server would refuse to send a comment that is no UTF-8.
/// `comment` is an SQL expression of type text; NULL becomes empty.
std::string CommentBytes(std::string_view comment);

/// What a person can read of it: bytes that are no UTF-8 become U+FFFD. Errors of class bug where
/// `hex` is not hexadecimal.
arrow::Result<std::string> CommentText(std::string_view hex);

}  // namespace headrace
