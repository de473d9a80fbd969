#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "headrace/model/error.h"
#include "headrace/model/json_value_writer.h"

namespace headrace {

/// Writes JSON objects of named columns: a row, or a struct. Constant after construction: threads
/// may share it.
class JsonRecordWriter {
 public:
  /// Keeps nothing of `fields`. `path` names what they are the fields of in errors, as in
  /// MakeJsonWriter, whose errors these are; empty: they are the columns themselves.
  static arrow::Result<JsonRecordWriter> Make(const arrow::FieldVector& fields,
                                              const std::string& path);

  /// Appends the object of the values at `position` of `columns`, whose offsets are not counted.
  void Append(const arrow::ArrayDataVector& columns, int64_t position, std::string& json) const;

 private:
  struct Member {
    std::string key;  ///< `"name":`
    std::unique_ptr<JsonValueWriter> value;
  };

  explicit JsonRecordWriter(std::vector<Member> members) : members_(std::move(members)) {}

  std::vector<Member> members_;
};

}  // namespace headrace
