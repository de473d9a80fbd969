#include "headrace/model/json_record_writer.h"

#include <arrow/type.h>

#include <set>
#include <utility>

#include "headrace/model/json_string.h"
#include "headrace/model/utf8.h"

namespace headrace {

arrow::Result<JsonRecordWriter> JsonRecordWriter::Make(const arrow::FieldVector& fields,
                                                       const std::string& path) {
  std::vector<Member> members;
  std::set<std::string> keys;  // As written: names that are not UTF-8 may become one.
  for (const auto& field : fields) {
    const std::string field_path = path.empty() ? field->name() : path + "." + field->name();
    std::string key;
    AppendJsonString(field->name(), key);
    key += ':';
    if (!keys.insert(key).second) {
      return UserError("column " + QuotedText(field_path) +
                       ": a JSON object cannot have a second field of this name");
    }
    ARROW_ASSIGN_OR_RAISE(auto value, MakeJsonWriter(*field->type(), field_path));
    members.push_back({std::move(key), std::move(value)});
  }
  return JsonRecordWriter(std::move(members));
}

void JsonRecordWriter::Append(const arrow::ArrayDataVector& columns, int64_t position,
                              std::string& json) const {
  json += '{';
  for (size_t i = 0; i < members_.size(); ++i) {
    if (i > 0) json += ',';
    json += members_[i].key;
    members_[i].value->Append(*columns[i], columns[i]->offset + position, json);
  }
  json += '}';
}

}  // namespace headrace
