#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/model/error.h"

namespace headrace {

/// A place in the job file (line and column count from 1, columns in characters) or, without a
/// line, in a `--set`.
struct Location {
  int line = 0;
  int column = 0;

  bool operator==(const Location&) const = default;
  bool in_file() const { return line > 0; }
};

/// Collects everything that is wrong with one job file, so that a person sees all of it at once.
/// Messages must not hold the value of a secret.
class Problems {
 public:
  /// `file`: the job file as people know it.
  explicit Problems(std::string file) : file_(std::move(file)) {}

  /// `path` names the key, e.g. `tables[0].columns[2].type`; empty: the file as a whole.
  void Add(const Location& location, std::string_view path, std::string_view message);

  bool empty() const { return problems_.empty(); }

  /// OK, or one error of class user with one line per problem in the order of the file, those of
  /// `--set` last: `FILE:LINE:COLUMN: PATH: MESSAGE`, `--set PATH: MESSAGE`.
  arrow::Status ToStatus() const;

 private:
  struct Problem {
    Location location;
    std::string text;
  };

  std::string file_;
  std::vector<Problem> problems_;
  size_t not_kept_ = 0;  // beyond the first hundred
};

/// User text as a message shows it: shortened, on one line, without passwords.
std::string Shown(std::string_view text);

}  // namespace headrace
