#include "headrace/journal/state_folder.h"

#include "headrace/client/store/durable_fs.h"

namespace headrace {

arrow::Status MakeStateFolder(const std::filesystem::path& state) {
  const arrow::Status made = MakeLocalFs()->CreateDirectories(state);
  if (made.ok()) return arrow::Status::OK();
  return made.WithMessage("cannot make the state folder " + state.string() + ": " + made.message() +
                          "; another one is named with `state:`");
}

}  // namespace headrace
