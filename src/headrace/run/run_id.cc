#include "headrace/run/run_id.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <random>

#include "headrace/model/percent_coding.h"
#include "headrace/model/table_ref.h"
#include "headrace/model/utf8.h"

namespace headrace {

std::string MakeRunId() {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  constexpr uint32_t kRandomMask = 0xFFFFFF;
  std::random_device random;
  std::array<char, 32> text{};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  const size_t length = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%S-", &utc);
  std::array<char, 8> suffix{};
  std::snprintf(suffix.data(), suffix.size(), "%06x", random() & kRandomMask);
  return std::string(text.data(), length) + suffix.data();
}

namespace {

/// Whether commands can show `text` as it is, and JSON can hold it.
bool IsShownAsItIs(std::string_view text) {
  while (!text.empty()) {
    const size_t size = Utf8CharacterSize(text);
    if (size == 0 || IsInvisible(text.substr(0, size))) return false;
    text.remove_prefix(size);
  }
  return true;
}

}  // namespace

arrow::Status CheckRunId(std::string_view run) {
  if (!IsShownAsItIs(run)) {
    return UserError(
        "--run-id holds bytes that are not UTF-8, or a character that is not visible: letters, "
        "digits, punctuation and blanks make an id");
  }
  if (run.starts_with('-')) {
    return UserError("--run-id begins with -, and other commands would take it for an option");
  }
  if (run.empty()) return UserError("--run-id is empty; leave it out to have one made");
  if (run.ends_with(".yaml") || run.ends_with(".yml")) {
    return UserError("--run-id '" + std::string(run) +
                     "' has the name of a job file, as where the id itself is empty (--run-id=$ID "
                     "JOB); choose another id");
  }
  if (run == kLatestRun) {
    return UserError(
        "--run-id latest: `latest` stands for the last run in `headrace show` and `headrace "
        "verify`; choose another id");
  }
  const size_t bytes = PercentEncode(run).size();
  if (bytes <= kMostRunIdBytes) return arrow::Status::OK();
  return UserError("--run-id is too long: as part of file names it takes " + std::to_string(bytes) +
                   " bytes (letters, digits, - and _ take one, other bytes three), " +
                   std::to_string(kMostRunIdBytes) + " at most");
}

}  // namespace headrace
