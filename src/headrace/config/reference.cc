#include "headrace/config/reference.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "headrace/config/problems.h"

namespace headrace {
namespace {

constexpr size_t kMostFileBytes = size_t{1} << 20;
constexpr size_t kReadBytes = size_t{16} << 10;
/// How often a wait for a pipe looks at its stop token.
constexpr std::chrono::milliseconds kStopPoll{100};
constexpr std::string_view kReferenceBegin = "${";
constexpr std::string_view kLiteralBegin = "$${";
constexpr std::string_view kFilePrefix = "file:";
constexpr std::string_view kUnnamedReference =
    "a reference ${…} in it cannot be resolved (which one is not shown, it may be part of a "
    "password): write $${ for a literal ${";

bool IsVariableName(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_digit(c); });
}

std::string WithoutLastLineEnd(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

/// A file that is open to be read, without waiting: opened to wait, a pipe that nobody writes to
/// would not even let itself be opened.
class SmallFile {
 public:
  explicit SmallFile(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {}
  SmallFile(const SmallFile&) = delete;
  SmallFile& operator=(const SmallFile&) = delete;
  ~SmallFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  const int fd_;
};

arrow::Status CannotRead(const std::filesystem::path& path, int error) {
  return UserError("cannot read " + path.string() + ": " +
                   std::strerror(error));  // NOLINT(concurrency-mt-unsafe)
}

arrow::Status InterruptedWaitFor(const std::filesystem::path& path) {
  return InterruptedError().WithMessage("interrupted while " + path.string() +
                                        " was waited for: it is a pipe, or the like, whose "
                                        "other end has written nothing or not closed it");
}

/// Whether a read of no bytes was the end. A pipe gives none either as long as nobody has opened
/// its other end; of one that was open and is closed, poll(2) says so, and whether bytes came
/// between the read and the question.
bool HasEnded(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0 || !S_ISFIFO(status.st_mode)) return true;
  pollfd entry{.fd = file, .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, 0) == 1 && (entry.revents & (POLLIN | POLLHUP)) == POLLHUP;
}

/// False: `stop` was stopped first.
bool WaitForBytes(int file, const std::stop_token& stop) {
  pollfd entry{.fd = file, .events = POLLIN, .revents = 0};
  while (::poll(&entry, 1, static_cast<int>(kStopPoll.count())) <= 0) {
    if (stop.stop_requested()) return false;
  }
  return true;
}

/// The value of what stands between `${` and `}`.
arrow::Result<std::string> Resolve(std::string_view inner, const Environment& environment,
                                   const std::filesystem::path& folder) {
  const std::string shown = "'${" + Shown(inner) + "}'";
  if (inner.starts_with(kFilePrefix)) {
    const std::filesystem::path path(inner.substr(kFilePrefix.size()));
    if (path.empty()) return UserError(shown + " names no file: write ${file:/path}");
    ARROW_ASSIGN_OR_RAISE(std::string content, environment.file(folder / path));
    return WithoutLastLineEnd(std::move(content));
  }
  if (!IsVariableName(inner)) {
    return UserError(shown +
                     " is no reference: write ${NAME} for an environment variable, ${file:/path} " +
                     "for a file, $${ for a literal ${");
  }
  auto value = environment.variable(std::string(inner));
  if (!value.has_value()) {
    return UserError("the environment variable " + std::string(inner) + " is not set");
  }
  return *std::move(value);
}

}  // namespace

arrow::Result<std::string> ReadSmallFile(const std::filesystem::path& path,
                                         const std::stop_token& stop) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return UserError("cannot read " + path.string() + ": it is a directory");
  }
  const SmallFile file(path);
  if (file.get() < 0) return CannotRead(path, errno);
  std::string content;
  while (content.size() <= kMostFileBytes) {
    std::array<char, kReadBytes> piece{};
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got > 0) {
      content.append(piece.data(), static_cast<size_t>(got));
      continue;
    }
    if (got < 0 && errno != EAGAIN && errno != EINTR) return CannotRead(path, errno);
    if (got == 0 && HasEnded(file.get())) return content;
    if (!WaitForBytes(file.get(), stop)) return InterruptedWaitFor(path);
  }
  return UserError("cannot read " + path.string() + ": it is larger than 1 MiB");
}

Environment Environment::OfProcess(std::stop_token stop) {
  const auto variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value =
        std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing of ours sets variables
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  const auto file = [stop = std::move(stop)](const std::filesystem::path& path) {
    return ReadSmallFile(path, stop);
  };
  return {.variable = variable, .file = file};
}

Environment Remembered(const Environment& environment) {
  const auto variables = std::make_shared<std::map<std::string, std::optional<std::string>>>();
  const auto files =
      std::make_shared<std::map<std::filesystem::path, arrow::Result<std::string>>>();
  return {.variable =
              [environment, variables](const std::string& name) {
                auto known = variables->find(name);
                if (known == variables->end()) {
                  known = variables->emplace(name, environment.variable(name)).first;
                }
                return known->second;
              },
          .file =
              [environment, files](const std::filesystem::path& path) {
                auto known = files->find(path);
                if (known == files->end()) {
                  known = files->emplace(path, environment.file(path)).first;
                }
                return known->second;
              }};
}

bool HasReference(std::string_view text) {
  return text.find(kReferenceBegin) != std::string_view::npos;
}

std::vector<TextRange> ReferencesIn(std::string_view text) {
  std::vector<TextRange> references;
  for (size_t at = text.find(kReferenceBegin); at != std::string_view::npos;
       at = text.find(kReferenceBegin, at + 1)) {
    const bool is_literal = at > 0 && text[at - 1] == '$';
    if (is_literal) continue;
    const size_t end = text.find('}', at);
    if (end == std::string_view::npos) break;
    references.push_back({at, end + 1 - at});
    at = end;
  }
  return references;
}

bool HasFileReference(std::string_view text) {
  for (size_t at = text.find(kReferenceBegin); at != std::string_view::npos;
       at = text.find(kReferenceBegin, at + 1)) {
    const bool is_literal = at > 0 && text[at - 1] == '$';
    if (!is_literal && text.substr(at + kReferenceBegin.size()).starts_with(kFilePrefix)) {
      return true;
    }
  }
  return false;
}

arrow::Result<std::string> ExpandReferences(
    std::string_view text, const Environment& environment, const std::filesystem::path& folder,
    const std::function<bool(TextRange reference)>& may_name) {
  std::string expanded;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with(kLiteralBegin)) {
      expanded += kReferenceBegin;
      at += kLiteralBegin.size();
    } else if (rest.starts_with(kReferenceBegin)) {
      const size_t end = rest.find('}');
      if (end == std::string_view::npos) {
        return UserError("'${' without its '}': write $${ for a literal ${");
      }
      auto value = Resolve(rest.substr(kReferenceBegin.size(), end - kReferenceBegin.size()),
                           environment, folder);
      if (!value.ok() && may_name && !may_name({at, end + 1})) {
        return value.status().WithMessage(kUnnamedReference);
      }
      ARROW_RETURN_NOT_OK(value);
      expanded += *value;
      at += end + 1;
    } else {
      const size_t next = std::min(rest.find('$', 1), rest.size());
      expanded += rest.substr(0, next);
      at += next;
    }
  }
  return expanded;
}

}  // namespace headrace
