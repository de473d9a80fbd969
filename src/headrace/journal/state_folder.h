#pragma once

#include <filesystem>

#include "headrace/model/error.h"

namespace headrace {

/// Makes the state folder and its missing parents, durably: SQLite syncs the names in the folder of
/// a database, but not that folder's own. Errors name it and the next step.
arrow::Status MakeStateFolder(const std::filesystem::path& state);

}  // namespace headrace
