#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "headrace/model/error.h"

struct pg_result;

namespace headrace {

/// The rows of one finished query, in text format. A value owner; views live as long as it.
class PgResult {
 public:
  PgResult() = default;
  explicit PgResult(pg_result* result) : result_(result) {}

  int rows() const;
  int columns() const;
  bool IsNull(int row, int column) const;
  std::string_view Text(int row, int column) const;  ///< Empty for NULL.
  int64_t Int64(int row, int column) const;          ///< 0 for what is no integer.
  double Double(int row, int column) const;          ///< 0 for what is no number.
  bool Boolean(int row, int column) const { return Text(row, column) == "t"; }

  /// Of column `column`: its name, type and type modifier (-1: none), as the server described it.
  std::string_view ColumnName(int column) const;
  uint32_t ColumnType(int column) const;
  int32_t ColumnTypmod(int column) const;

  /// OK, or the server's error with its detail and hint.
  arrow::Status status() const;

  /// Of an error: the character of the statement, from 1, that it is about; 0 where that is
  /// unknown.
  int error_position() const;

  pg_result* handle() const { return result_.get(); }

 private:
  struct Clearer {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clearer> result_;
};

}  // namespace headrace
