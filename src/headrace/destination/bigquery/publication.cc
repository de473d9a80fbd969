#include "headrace/destination/bigquery/publication.h"

#include <utility>

#include "headrace/model/json_object.h"

namespace headrace {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;

Json ToJson(const Publication::Loaded& loaded) {
  return {{"job_id", loaded.job_id},
          {"rows", loaded.rows},
          {"bytes", loaded.bytes},
          {"slot_ms", loaded.slot_ms}};
}

void ReadLoaded(const Json& found, JsonObject& object, std::optional<Publication::Loaded>& loaded) {
  if (!found.contains("loaded")) return;
  JsonObject inner(object.ReadObject("loaded"), "load job of a commit", ErrorClass::kPermanent);
  loaded = Publication::Loaded{};
  inner.Read("job_id", loaded->job_id);
  inner.Read("rows", loaded->rows);
  inner.Read("bytes", loaded->bytes);
  inner.Read("slot_ms", loaded->slot_ms);
  if (!inner.status().ok()) object.Fail(inner.status());
}

}  // namespace

std::string TextOf(const Publication& publication) {
  Json text = {{"version", kVersion},
               {"project", publication.project},
               {"dataset", publication.dataset},
               {"table", publication.table},
               {"location", publication.location},
               {"attempt", publication.attempt},
               {"makes_dataset", publication.makes_dataset},
               {"makes_table", publication.makes_table}};
  if (!publication.configuration.is_null()) text["configuration"] = publication.configuration;
  if (!publication.patch.is_null()) text["patch"] = publication.patch;
  if (publication.table_created) text["table_created"] = *publication.table_created;
  if (publication.loaded) text["loaded"] = ToJson(*publication.loaded);
  return DumpJson(text);
}

arrow::Result<Publication> PublicationOf(const CommitIntent& intent) {
  const std::string what = "commit of table " + intent.label + " to BigQuery";
  ARROW_ASSIGN_OR_RAISE(const Json found,
                        ParseJson(intent.publication, what, ErrorClass::kPermanent));
  JsonObject object(found, what, ErrorClass::kPermanent);
  object.ReadVersion(kVersion);
  Publication publication;
  object.Read("project", publication.project);
  object.Read("dataset", publication.dataset);
  object.Read("table", publication.table);
  object.Read("location", publication.location);
  object.Read("attempt", publication.attempt);
  object.Read("makes_dataset", publication.makes_dataset);
  object.Read("makes_table", publication.makes_table);
  object.Read("table_created", publication.table_created);
  ReadLoaded(found, object, publication.loaded);
  if (found.contains("configuration")) {
    publication.configuration = object.ReadObject("configuration");
  }
  if (found.contains("patch")) publication.patch = object.ReadObject("patch");
  ARROW_RETURN_NOT_OK(object.status());
  return publication;
}

}  // namespace headrace
