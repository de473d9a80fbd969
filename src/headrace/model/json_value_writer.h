#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "headrace/model/error.h"
#include "headrace/model/nested_layout.h"

namespace headrace {

/// Writes the values of one type as JSON, by the rules of model/json_row.h. Constant after
/// construction: threads may share it.
class JsonValueWriter {
 public:
  virtual ~JsonValueWriter() = default;

  /// Appends the value at `position` of the buffers of `data` (its offset counted), which is of the
  /// type that the writer was made for.
  void Append(const arrow::ArrayData& data, int64_t position, std::string& json) const {
    if (IsNullAt(data, position)) {
      json += "null";
    } else {
      AppendValid(data, position, json);
    }
  }

 private:
  virtual void AppendValid(const arrow::ArrayData& data, int64_t position,
                           std::string& json) const = 0;
};

using JsonWriterResult = arrow::Result<std::unique_ptr<JsonValueWriter>>;

/// The writer of values of `type`; keeps nothing of it. `path` names the column in errors:
/// `orders.lines[].price`. Errors of class bug where the type has no rule, of class user where a
/// struct has two fields of one name.
JsonWriterResult MakeJsonWriter(const arrow::DataType& type, const std::string& path);

/// The same for types that hold other types: lists, maps, structs, dictionaries, extensions. Null
/// if `type` is none of them.
JsonWriterResult MakeNestedJsonWriter(const arrow::DataType& type, const std::string& path);

}  // namespace headrace
