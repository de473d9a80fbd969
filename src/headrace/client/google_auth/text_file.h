#pragma once

#include <string>

#include "headrace/model/error.h"

namespace headrace {

/// The whole of a small file, which may be a pipe. Error of class user, naming it, where it cannot
/// be read, as of a folder.
arrow::Result<std::string> ReadTextFile(const std::string& path);

}  // namespace headrace
