#pragma once

#include <arrow/type_fwd.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <variant>
#include <vector>

#include "headrace/model/error.h"

namespace headrace {

/// A column of a published table, or a field inside of one.
struct CommittedField {
  std::string name;
  std::string type;  ///< Arrow's name of it, e.g. `decimal128(12, 2)`; `list` or `struct` where
                     ///< `children` say the rest.
  bool nullable = true;
  std::vector<CommittedField> children;  ///< Of a list or struct, in their order.

  bool operator==(const CommittedField&) const = default;
};

/// The columns of a published table. A record of version 1 has Arrow's display text of them, in
/// which nothing tells where a name ends.
using CommittedSchema = std::variant<std::vector<CommittedField>, std::string>;

std::vector<CommittedField> CommittedFields(const arrow::Schema& schema);

/// docs/format/commit.md.
nlohmann::json ToJson(const CommittedField& field);
arrow::Result<CommittedField> CommittedFieldFromJson(const nlohmann::json& json);

}  // namespace headrace
