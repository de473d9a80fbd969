#include "headrace/client/google_auth/text_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace headrace {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

arrow::Status CannotRead(const std::string& path, int error) {
  return UserError("'" + path + "' cannot be read: " + std::generic_category().message(error));
}

}  // namespace

arrow::Result<std::string> ReadTextFile(const std::string& path) {
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return CannotRead(path, errno);
  std::string text;
  std::array<char, 1 << 14> buffer{};
  size_t bytes = 0;
  while ((bytes = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0) {
    text.append(buffer.data(), bytes);
  }
  if (std::ferror(file.get()) != 0) return CannotRead(path, errno);
  return text;
}

}  // namespace headrace
